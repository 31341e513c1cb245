/** A tool is called: an exposed workflow begins a thread, a tool of threads does what it says. What goes wrong is a result that a model can act on. */
import { type CallToolResult, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Json } from "../../../contract/event.ts";
import { findNearestName } from "../../../contract/nearest-name.ts";
import { createProblem, type Problem } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import { describeFailure } from "../../describe-failure.ts";
import { listExposed, readExposed } from "../../exposed-workflows.ts";
import { ProblemError } from "../../problem-error.ts";
import { mcpLimits } from "./limits.ts";
import { type ToolCall, threadTools } from "./thread-tools.ts";
import { beginThread, type GatewayPorts } from "./threads.ts";

/** What came of a call: the result of a tool, or a thread that has begun. */
export type Called = { result: CallToolResult } | { begun: ThreadView };

/** @throws ProtocolError where there is no such tool */
export async function callTool(name: string, args: { [name: string]: unknown } | undefined, call: ToolCall): Promise<Called> {
  const own = threadTools.find(({ tool }) => tool.name === name);
  if (!own && !(await readExposed(call.ports.db, name))) throw await noTool(call.ports, name);
  try {
    if (own) return { result: await own.run(args, call) };
    return { begun: await beginThread(call.ports, call.caller, name, (args ?? {}) as Json, call.key) };
  } catch (error) {
    return { result: tellProblem(toProblem(error, call.ports)) };
  }
}

async function noTool({ db }: GatewayPorts, name: string): Promise<ProtocolError> {
  const { workflows } = await listExposed(db, { limit: mcpLimits.tools });
  const known = [...threadTools.map(({ tool }) => tool.name), ...workflows.map((each) => each.name)];
  const nearest = findNearestName(name.slice(0, mcpLimits.idLength), known);
  const hint = nearest === undefined ? "List the tools." : `Did you mean ${nearest}?`;
  const detail = `There is no tool ${name.slice(0, mcpLimits.idLength)}: no workflow of this name is published and exposed. ${hint}`;
  return refuse(createProblem("not_found", detail));
}

/** A problem as an error of the protocol, for what is no tool's to say. */
export function refuse(problem: Problem): ProtocolError {
  const isCallers = problem.status < 500 && problem.status !== 429;
  return new ProtocolError(isCallers ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, problem.detail, { problem });
}

/** What an error is to the caller. What nobody expected is logged, and told by its number alone. */
export function toProblem(error: unknown, { log }: Pick<GatewayPorts, "log">): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof z.ZodError) {
    const errors = error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join("."), message }));
    return createProblem("malformed", "The arguments do not fit the tool's schema.", { errors });
  }
  const correlation = crypto.randomUUID();
  log({ level: "error", at: "mcp", correlation, message: String(error), stack: error instanceof Error ? error.stack : undefined });
  return describeFailure(error, correlation);
}

/** A problem as a tool's result: what happened, what to change, and the code. */
export function tellProblem(problem: Problem): CallToolResult {
  const { code, nrv, detail, errors, retryable, retryAfter } = problem;
  const lines = [detail];
  if (Array.isArray(errors))
    for (const each of errors as { path?: string; message?: string }[])
      lines.push(`- ${each.path ? `${each.path}: ` : ""}${each.message ?? ""}`);
  lines.push(
    retryable
      ? `Call again${retryAfter === undefined ? "" : ` in ${retryAfter} s`} with the same arguments. (${code}, ${nrv})`
      : `(${code}, ${nrv})`,
  );
  return {
    content: [{ type: "text", text: lines.join("\n") }],
    structuredContent: { problem: problem as unknown as Json } as { [key: string]: Json },
    isError: true,
  };
}
