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
  const kept = await readMessages(api, path);
  // Of a thread that was begun anew, what it took back does not count.
  const counted = kept.filter(({ until }) => until === undefined);
  const oldest = kept[0]?.round ?? 1;
  if (counted.length === 0)
    throw new CliError(`${id} has no step yet: there is nothing to decide again.`, { hint: "Export it once a turn was answered." });
  const isWhole = oldest === 1 && !counted.some(isShortened);
  const log = await readLog(api, id, isWhole ? "nerve.turn.assigned" : undefined);
  const messages = isWhole ? counted : fillUp(thread, counted, oldest, log);
  if (isTruncated(thread.event.data)) throw gone(thread, "the event that began it was too large to be kept");
  // The log may have forgotten whose turn was first, and what resumes added.
  const turns = messages.map(({ round }) => log.get(round));
  const [began] = turns;
  const added = began?.opened.resumed === false ? began.opened.added : undefined;
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
      ...(began && { start: { to: began.role, prompt: began.prompt } }),
      ...(added !== undefined && { supplement: added }),
      steps: addSupplements(
        messages.map((message, index) => toStep(message, messages[index - 1], childrenBefore(messages, index, children))),
        turns,
        added ?? null,
      ),
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
  /** Which beginning of the thread it is of. */
  beginning: string;
  /** When it was given first: whether the thread had stood still, or had ended, and what resumes had added by then. */
  opened: { resumed: boolean; added?: Json };
  /** What they had added when it was given last. */
  added?: Json;
}

interface LogPage {
  events: { event: { type: string; time: string; source: string; data?: { [key: string]: Json } } }[];
  next: number | null;
}

/** The turns of a thread by round, with the last answer of each. @param type only these events; by default all */
async function readLog(api: Api, thread: string, type?: string): Promise<Map<number, Logged>> {
  const turns = new Map<number, Logged>();
  const rounds = new Map<string, number>();
  for (let after: number | null = 0; after !== null; ) {
    const query = new URLSearchParams({
      correlationid: thread,
      limit: String(exportLimits.page),
      ...(type !== undefined && { type }),
      ...(after > 0 && { after: String(after) }),
    });
    const page = (await api.call("GET", `v1/events?${query}`)) as LogPage;
    for (const { event } of page.events) {
      const { data = {}, type: kind, time, source } = event;
      const turn = String(data["turn"] ?? "");
      if (kind === "nerve.turn.assigned") {
        rounds.set(turn, Number(data["round"]));
        const agent = typeof data["agent"] === "string" ? data["agent"] : null;
        const { resumed, supplement } = data as { resumed?: { supplement: Json }; supplement?: Json };
        const now = resumed ? resumed.supplement : supplement;
        const added = now === undefined ? {} : { added: now };
        const round = Number(data["round"]);
        const opened = turns.get(round)?.opened ?? { resumed: resumed !== undefined, ...added };
        const [beginning = ""] = turn.split(".");
        turns.set(round, {
          role: String(data["role"]),
          agent,
          prompt: String(data["prompt"] ?? ""),
          at: time,
          beginning,
          opened,
          ...added,
        });
      }
      const known = kind === "nerve.turn.respond" ? turns.get(rounds.get(turn) ?? -1) : undefined;
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
function fillUp(thread: Thread, kept: Message[], oldest: number, log: ReadonlyMap<number, Logged>): Message[] {
  const missing = Array.from({ length: oldest - 1 }, (_, index) => index + 1);
  return [...missing, ...kept.map(({ round }) => round)].map((round) => {
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

/** Says at each step what resumes had added when it was decided on, where that is not as before. */
function addSupplements(steps: readonly ReplayStep[], turns: readonly (Logged | undefined)[], before: Json): ReplayStep[] {
  let last = before;
  return steps.map((step, place) => {
    const [turn, next] = [turns[place], turns[place + 1]];
    // The log may have forgotten.
    if (!turn) return step;
    // The next turn is opened by this decision, unless the thread stood still or was begun anew in between.
    const isNext = next && !next.opened.resumed && next.beginning === turn.beginning;
    const added = (isNext ? next.opened : turn).added ?? null;
    if (JSON.stringify(added) === JSON.stringify(last)) return step;
    last = added;
    return { ...step, supplement: added };
  });
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
