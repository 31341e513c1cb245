/** Reads what a thread did from a server: its steps and decisions, and of one that was archived what the log still has. */
import type { Json } from "../../../contract/event.ts";
import type { Answer } from "../../../contract/http/answers.ts";
import { isEngineStatus } from "../../../contract/language.ts";
import type { Replay, ReplayExpectation, ReplayStep } from "../../../replay/replay.ts";
import type { Api } from "../api.ts";
import { CliError } from "../command.ts";

type Thread = Answer<"thread">;
type Message = Answer<"messages">["messages"][number];
type Output = ReplayStep["output"];

/** Bounds of one export, each beside its reason. */
const exportLimits = {
  /** Steps of a thread: a test of more is no test that somebody reads. */
  steps: 1_000,
  /** Children that were waited for: each is asked for by itself. */
  children: 100,
  page: 200,
} as const;

/** @throws {CliError} where the thread is not there, or a part of it is not kept any more */
export async function readThread(api: Api, id: string): Promise<{ replay: Replay; thread: Thread }> {
  const path = `v1/threads/${encodeURIComponent(id)}`;
  const thread = (await api.call("GET", path)) as Thread;
  const counted = (await readMessages(api, path)).filter(({ until }) => until === undefined);
  const [first] = counted;
  if (!first)
    throw new CliError(`${id} has no step yet: there is nothing to decide again.`, { hint: "Export it once a turn was answered." });
  const isWhole = first.round === 1 && !counted.some(isShortened);
  const log = isWhole ? new Map<number, Logged>() : await readLog(api, id);
  const messages = isWhole ? counted : fillUp(thread, counted, log);
  if (isTruncated(thread.event.data)) throw gone(thread, "the event that began it was too large to be kept");
  const start = await readFirstTurn(api, id, log);
  const children = await readChildren(api, thread);
  const { event, workflow, revision } = thread;
  const agent = event.source.replace(/^\/agents\//, "");
  return {
    thread,
    replay: {
      replay: 1,
      workflow,
      thread: id,
      revision,
      event: { ...(event as unknown as { [key: string]: Json }), agent },
      ...(start && { start }),
      steps: messages.map((message, index) => toStep(message, messages[index - 1], childrenBefore(messages, index, children))),
    },
  };
}

function toStep({ role, agent, output, body, decision }: Message, before: Message | undefined, children: Json[]): ReplayStep {
  const to = before?.decision?.to;
  const expect: ReplayExpectation | undefined = decision && {
    to: decision.to,
    ...(decision.prompt !== null && { prompt: decision.prompt }),
    ...(decision.because !== "" && { because: readBecause(decision.because) }),
  };
  return {
    role,
    agent,
    output: output as Output,
    ...(body !== undefined && { body }),
    ...(children.length > 0 && { children }),
    ...(to === "$END" && { resumed: true }),
    ...(expect && { expect }),
  };
}

function readBecause(because: string): Json {
  try {
    return JSON.parse(because) as Json;
  } catch {
    return because;
  }
}

async function readMessages(api: Api, path: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = (await api.call("GET", `${path}/messages?limit=${exportLimits.page}&after=${after}`)) as Answer<"messages">;
    messages.push(...page.messages);
    after = page.next;
    if (messages.length > exportLimits.steps)
      throw new CliError(`The thread has more than ${exportLimits.steps} steps.`, {
        hint: "Fork it up to an earlier step, and export that.",
      });
  }
  return messages;
}

function isTruncated(value: Json | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && value["$truncated"] === true;
}

/** A text of which an archive keeps its size only. */
function isLeftOut(text: string | null | undefined): boolean {
  return typeof text === "string" && /^\(\d+ bytes, not kept\)$/.test(text);
}

/** Whether an archive has left out a part of the step. */
function isShortened({ output, body, decision }: Message): boolean {
  return isTruncated(output) || isLeftOut(body) || isLeftOut(decision?.prompt);
}

/** A turn as the log has it. */
interface Logged {
  role: string;
  agent: string | null;
  prompt: string;
  output?: Output;
  body?: string;
  at: string;
}

interface LogPage {
  events: { event: { type: string; time: string; source: string; data?: { [key: string]: Json } } }[];
  next: number | null;
}

/** The turns of a thread by round, with the last answer of each. */
async function readLog(api: Api, thread: string): Promise<Map<number, Logged>> {
  const turns = new Map<number, Logged>();
  const rounds = new Map<string, number>();
  for (let after: number | null = 0; after !== null; ) {
    const query = new URLSearchParams({
      correlationid: thread,
      limit: String(exportLimits.page),
      ...(after > 0 && { after: String(after) }),
    });
    const page = (await api.call("GET", `v1/events?${query}`)) as LogPage;
    for (const { event } of page.events) {
      const { data = {}, type, time, source } = event;
      const turn = String(data["turn"] ?? "");
      if (type === "nerve.turn.assigned") {
        rounds.set(turn, Number(data["round"]));
        const agent = typeof data["agent"] === "string" ? data["agent"] : null;
        turns.set(Number(data["round"]), { role: String(data["role"]), agent, prompt: String(data["prompt"] ?? ""), at: time });
      }
      const known = type === "nerve.turn.respond" ? turns.get(rounds.get(turn) ?? -1) : undefined;
      if (known) {
        known.agent = source.replace(/^\/agents\//, "");
        known.output = data["output"] as Output;
        if (typeof data["body"] === "string") known.body = data["body"];
        known.at = time;
      }
    }
    after = page.next;
  }
  return turns;
}

/** The steps that are kept, and in the place of those that are not what the log has. */
function fillUp(thread: Thread, kept: Message[], log: ReadonlyMap<number, Logged>): Message[] {
  const last = kept.at(-1)?.round ?? 0;
  return Array.from({ length: last }, (_, index) => {
    const round = index + 1;
    const message = kept.find((each) => each.round === round);
    if (message && !isShortened(message)) return message;
    const logged = log.get(round);
    const next = log.get(round + 1);
    if (!logged?.output) throw gone(thread, `the answer of step ${round} is neither with the thread nor in the log any more`);
    const { role, agent, output, body, at } = logged;
    const decided = message?.decision ?? (next && { to: next.role, prompt: next.prompt, because: "" });
    // A last prompt is nobody's turn: where it was too long, it is not compared.
    const decision = decided && isLeftOut(decided.prompt) ? { ...decided, prompt: next?.prompt ?? null } : decided;
    return { round, role, agent, output, ...(body !== undefined && { body }), at, ...(decision && { decision }) } as Message;
  });
}

function gone({ id, archivedAt }: Thread, what: string): CliError {
  return new CliError(`data_gone: ${id} was archived${archivedAt === undefined ? "" : ` ${archivedAt}`}, and ${what}.`, {
    hint: "Export threads before they are archived; `nerveflare start --retention` and its like say how long what is kept.",
  });
}

/** Whose turn was first, and with which prompt; the log may have forgotten. */
async function readFirstTurn(api: Api, thread: string, log: ReadonlyMap<number, Logged>): Promise<ReplayExpectation | undefined> {
  const known = log.get(1);
  if (known) return { to: known.role, prompt: known.prompt };
  const query = new URLSearchParams({ correlationid: thread, type: "nerve.turn.assigned", limit: "1" });
  const { events } = (await api.call("GET", `v1/events?${query}`)) as LogPage;
  const data = events[0]?.event.data;
  return Number(data?.["round"]) === 1 ? { to: String(data?.["role"]), prompt: String(data?.["prompt"]) } : undefined;
}

interface Child {
  at: string;
  seen: Json;
}

async function readChildren(api: Api, { children }: Thread): Promise<Child[]> {
  const found: Child[] = [];
  for (const id of children.slice(0, exportLimits.children)) {
    const { workflow, status, outcome, createdAt } = (await api.call("GET", `v1/threads/${encodeURIComponent(id)}`)) as Thread;
    found.push({ at: createdAt, seen: { thread: id, workflow, status, output: outcome?.output ?? null } });
  }
  return found;
}

/** The children that began after the step before, and before this one was answered. */
function childrenBefore(messages: readonly Message[], index: number, children: readonly Child[]): Json[] {
  const [before, here] = [messages[index - 1], messages[index]];
  if (!before || !here || children.length === 0 || isEngineStatus((here.output as Output)["$status"] as string)) return [];
  return children.filter(({ at }) => at >= before.at && at <= here.at).map(({ seen }) => seen);
}
