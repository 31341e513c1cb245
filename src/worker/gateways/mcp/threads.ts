/** What a caller does with threads: begin one, look at it, and say how it goes on. Each only as far as the caller may anywhere else. */
import type { Json } from "../../../contract/event.ts";
import { pathParameters } from "../../../contract/http/parameters.ts";
import type { Signal } from "../../../contract/language.ts";
import { createProblem, type Problem } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import { hashToken } from "../../../durable/agent/token-hash.ts";
import type { Principal } from "../../../durable/protocol/agent.ts";
import type { AppPorts } from "../../app-ports.ts";
import { beginDecision, finishDecision } from "../../audit-store.ts";
import { nameObject } from "../../authenticate.ts";
import { ProblemError, problemError, unwrap } from "../../problem-error.ts";
import { pageMessages, readArchive } from "../../thread-archive.ts";
import type { Explained } from "./describe-thread.ts";
import { mcpLimits } from "./limits.ts";
import { isOver } from "./task-states.ts";
import type { Steps } from "./tell-outcome.ts";

export type GatewayPorts = Pick<AppPorts, "db" | "agent" | "thread" | "projector" | "keepArchives" | "now" | "log">;

/** Whose request it is. Its token was proven. */
export interface Caller {
  principal: Principal;
  /** Null: an operator, who sees everything. */
  viewer: string | null;
  /** An operator's whose token may only read. */
  isReadOnly: boolean;
}

/** As logs and reasons name it. */
function nameCaller({ principal }: Caller): string {
  return "operator" in principal ? principal.operator : `agents/${principal.agent}`;
}

/**
 * Begins a thread of an exposed workflow. The same key again begins nothing.
 * @param key the caller's own for this call
 * @throws ProblemError as the event's sender is answered
 */
export async function beginThread(ports: GatewayPorts, caller: Caller, workflow: string, data: Json, key: string): Promise<ThreadView> {
  requireChange(caller);
  const event = { id: `mcp.${(await hashToken(key)).slice(0, 40)}`, type: "mcp.call", to: `workflows/${workflow}`, data };
  const [answer] = unwrap(await ports.agent(nameObject(caller.principal)).accept(caller.principal, [event]));
  if (answer === undefined) throw new Error("A call was neither accepted nor rejected.");
  if (answer.status === "rejected") throw new ProblemError(explainRejection(answer.error));
  const [thread] = answer.threads;
  if (thread === undefined) throw new Error(`The call ${event.id} began no thread.`);
  return readBegun(ports, caller, thread);
}

function explainRejection(problem: Problem): Problem {
  if (problem.code !== "id_conflict") return problem;
  return createProblem("id_conflict", "A call with this idempotency key had other arguments. Give each call a key of its own.");
}

/** The thread once its queue has told it that it begins: before that nobody could ask about it. */
async function readBegun(ports: GatewayPorts, caller: Caller, thread: string): Promise<ThreadView> {
  const begun = await watch(ports, mcpLimits.begins, async () => {
    const found = await ports.thread(thread).show(caller.viewer);
    return found.ok ? found.value : undefined;
  });
  if (begun) return begun;
  throw problemError(
    "unavailable",
    `The thread ${thread} was accepted, and is not there to be asked about yet. Call again with the same key, or ask about it later.`,
    { thread, retryAfter: 5 },
  );
}

/** Looks until there is something, whenever the log moves on, for so many milliseconds. */
async function watch<T>(ports: GatewayPorts, milliseconds: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const until = ports.now() + milliseconds;
  let mark: string | undefined;
  for (;;) {
    // Taken before the look, so that nothing is missed in between.
    mark = await ports.projector().changed(mark, mark === undefined ? 0 : Math.min(Math.max(0, until - ports.now()), mcpLimits.look));
    const found = await look();
    if (found !== undefined || ports.now() >= until) return found;
  }
}

/**
 * A thread, or what is kept of it once its objects are emptied.
 * @throws ProblemError `not_found`, also for what the caller may not see
 */
export async function readThread(ports: GatewayPorts, { viewer }: Caller, id: string): Promise<ThreadView> {
  // Whatever cannot be an id wakes no object.
  if (!pathParameters.thread.schema.safeParse(id).success) throw noThread(id);
  const shown = await ports.thread(id).show(viewer);
  if (shown.ok) return shown.value;
  const archived = shown.problem.code === "not_found" ? await readArchive(ports, id, viewer) : undefined;
  if (archived) return archived.view;
  throw shown.problem.code === "not_found" ? noThread(id) : new ProblemError(shown.problem);
}

function noThread(id: string): ProblemError {
  return problemError(
    "not_found",
    `There is no thread ${id.slice(0, mcpLimits.idLength)} that you may see. It is known by the id that its call was answered with, until the server's retention takes it.`,
  );
}

/** The same once it is over or waits for input, or when so many seconds have gone. */
export async function awaitThread(ports: GatewayPorts, caller: Caller, id: string, seconds: number): Promise<ThreadView> {
  const first = await readThread(ports, caller, id);
  if (seconds === 0 || isSettled(first)) return first;
  const settled = await watch(ports, seconds * 1_000, async () => {
    const view = await readThread(ports, caller, id);
    return isSettled(view) ? view : undefined;
  });
  return settled ?? readThread(ports, caller, id);
}

function isSettled(view: ThreadView): boolean {
  return isOver(view) || view.status === "suspended";
}

/** Why it waits: for operators as `explain` says it, for agents as far as the thread itself shows it. */
export async function explainThread(ports: GatewayPorts, { viewer }: Caller, view: ThreadView): Promise<Explained> {
  const shown = { waits: view.waiting ? [view.waiting] : [] };
  if (viewer !== null || view.status !== "suspended") return shown;
  const explained = await ports.thread(view.id).explain();
  return explained.ok ? explained.value : shown;
}

/** A page of its steps. */
export async function readSteps(ports: GatewayPorts, { viewer }: Caller, id: string, after: number): Promise<Steps> {
  const page = { after, limit: mcpLimits.steps };
  const found = await ports.thread(id).messages(viewer, page);
  const archived = !found.ok && found.problem.code === "not_found" ? await readArchive(ports, id, viewer) : undefined;
  const { messages, next } = archived ? pageMessages(archived, page) : unwrap(found);
  let left: number = mcpLimits.stepBytes;
  const fit = messages.filter((message, index) => {
    left -= JSON.stringify(message).length;
    return left >= 0 || index === 0;
  });
  return { messages: fit, next: fit.length < messages.length ? (fit.at(-1)?.round ?? null) : next };
}

/**
 * Cancels or resumes a thread. Operators do so with any, whoever began one with theirs. What operators decide is audited.
 * @param key the same order again under it is one
 * @throws ProblemError
 */
export async function orderThread(
  ports: GatewayPorts,
  caller: Caller,
  view: ThreadView,
  order: Extract<Signal, "cancel" | "resume">,
  { supplement, reason, key }: { supplement?: { [key: string]: Json } | undefined; reason?: string | undefined; key: string },
): Promise<ThreadView> {
  requireChange(caller);
  const name = nameCaller(caller);
  if (caller.viewer !== null && view.event.source !== `/agents/${caller.viewer}`)
    throw problemError("forbidden", `The thread ${view.id} was begun by somebody else: they, and operators, ${order} it.`);
  const body = { reason: reason ?? `${order} over MCP by ${name}`, ...(supplement && { supplement }) };
  const hash = await hashToken(JSON.stringify([order, view.id, supplement ?? null]));
  const run = async () => {
    const ordered = await ports.thread(view.id).control(order, name, body, { key: `mcp ${name} ${key}`, hash });
    // It was read before: what is kept of it is in the archive.
    if (!ordered.ok && ordered.problem.code === "not_found")
      throw problemError("not_allowed_now", `The thread ${view.id} was archived: it can be shown, and not be changed any more.`);
    return unwrap(ordered);
  };
  return "operator" in caller.principal ? audit(ports, { operator: caller.principal.operator, order, thread: view.id }, run) : run();
}

/** Writes an operator's order down before and after, as the API does with each that changes something. */
async function audit(
  { db, now, log }: GatewayPorts,
  { operator, order, thread }: { operator: string; order: string; thread: string },
  run: () => Promise<ThreadView>,
): Promise<ThreadView> {
  const position = await beginDecision(db, { operator, action: `threads.${order}`, target: thread, path: "/mcp" }, now());
  const end = async (status: number, code: string | null): Promise<void> => {
    try {
      await finishDecision(db, position, { status, code, target: null, detail: undefined });
    } catch (error) {
      // The order was carried out: its row stays `unknown`.
      log({ level: "error", at: "audit", position, message: String(error) });
    }
  };
  try {
    const view = await run();
    await end(202, null);
    return view;
  } catch (error) {
    const problem = error instanceof ProblemError ? error.problem : undefined;
    await end(problem?.status ?? 500, problem?.code ?? "bug");
    throw error;
  }
}

function requireChange({ isReadOnly }: Caller): void {
  if (isReadOnly) throw problemError("forbidden", "This operator's token may only read. Ask for one with `access: admin`.");
}
