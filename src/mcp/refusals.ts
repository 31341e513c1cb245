/** Why a tool did not do what it was asked for: our own problems, worded so that a model knows the one thing to do next. */
import { ClientError } from "../client/client-error.ts";
import type { InvalidAnswer } from "../client/handlers.ts";
import type { Json } from "../contract/event.ts";
import type { Misfit } from "../contract/json-schema/check-schema.ts";
import { createProblem, type Problem, type ProblemCode } from "../contract/problem.ts";
import { problemMeanings } from "../contract/problem-meanings.ts";

/** Thrown by a tool: the call's result says so. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "Refusal";
    this.problem = problem;
  }
}

/** @param detail what happened, and what to do */
export function refuse(code: ProblemCode, detail: string, extra?: Record<string, Json>): Refusal {
  return new Refusal(createProblem(code, detail, extra));
}

/** What a model reads: number and code first, then what happened and what to do. */
export function describeProblem({ nrv, code, detail }: Problem): string {
  return `${nrv} ${code}: ${detail}`;
}

/** What was thrown, as a problem. @param url of the server that was asked */
export function readRefusal(error: unknown, url: string | undefined): Problem {
  if (error instanceof Refusal) return error.problem;
  if (!(error instanceof ClientError))
    return createProblem(
      "bug",
      `${error instanceof Error ? error.message : String(error)}. This is a fault of nerveflare: tell who runs it.`,
    );
  if (error.problem) return withAdvice(error.problem);
  if (error.code === "outbox_full")
    return createProblem("unavailable", "Too much waits to be sent to the server. Wait a minute, then call again.");
  if (error.code === "closed") return createProblem("unavailable", "The MCP server is ending: nothing is sent any more.");
  return describeAway(url, error.message);
}

/** The server can't be reached. */
export function describeAway(url: string | undefined, why: string): Problem {
  const [line = ""] = why.split("\n");
  const detail = `The nerveflare server${url === undefined ? "" : ` at ${url}`} can't be reached (${line}). It is connected to again by itself: call again in a minute, and tell the person if it stays away.`;
  return createProblem("unavailable", detail, { retryAfter: 30 });
}

/** What the server says is for programs: what to do stands in the catalogue. */
function withAdvice(problem: Problem): Problem {
  const advice = Object.hasOwn(problemMeanings, problem.code) ? problemMeanings[problem.code].do : "";
  const detail = problem.detail.replace(/\s*$/, "");
  return { ...problem, detail: `${/[.!?]$/.test(detail) ? detail : `${detail}.`} ${advice}`.trim() };
}

/** The one thing to change about an output, of all that does not fit: the first; how many there are besides. */
export function describeMisfit(misfits: readonly Misfit[]): string {
  const [first] = misfits;
  if (!first) return "`output` does not fit the role's schema.";
  const place = first.path === "" ? "`output`" : `\`output${first.path}\``;
  const more = misfits.length > 1 ? ` (${misfits.length - 1} more of the kind may follow once it is mended.)` : "";
  return `${place}: ${first.message.replace(/\.$/, "")}.${more}`;
}

/** An answer that was not sent, for the server would not take it: it costs no try. */
export function refuseOutput(what: string, errors: readonly Misfit[] = []): Refusal {
  return refuse("output_invalid", `${what} Change that and call \`respond\` again for the same turn; no try was spent.`, {
    errors: errors.map((each) => ({ ...each })),
  });
}

/** An answer that the server refused. */
export function refuseAnswer({ errors, left }: Pick<InvalidAnswer, "errors" | "left">): Refusal {
  const again = `Change that and call \`respond\` again for the same turn: ${left === 1 ? "one try is" : `${left} tries are`} left.`;
  return refuse("output_invalid", `${describeMisfit(errors)} ${again}`, { errors, left });
}
