/** What a thread's time is made of: steps of its machines, and events that were said. Knows no page. */
import type { HistoryView, LogEntry } from "../../../contract/views/log.ts";
import type { MessageView } from "../../../contract/views/thread.ts";

export type Machine = "recruitment" | "task";

/** A step of one of the two machines. */
export interface MachineStep {
  machine: Machine;
  step: HistoryView;
  /** Of which beginning of the thread it is: each counts its steps anew. */
  epoch: number;
}

/** One moment: a machine's step with the event that it took, or an event alone. */
export interface Moment {
  /** Unique in the thread, and the same however often the story is put together. */
  key: string;
  /** Milliseconds since 1970, by the server's clock. */
  at: number;
  step?: MachineStep;
  entry?: LogEntry;
  /** Of an event of the orchestrator: the step that said it, which is a moment of its own. */
  made?: MachineStep;
}

/** All that is known of a thread, however it came. */
export interface Sources {
  steps: readonly MachineStep[];
  entries: readonly LogEntry[];
  messages: readonly MessageView[];
}

type Data = { readonly [name: string]: unknown };

/** The data of an event, if they are an object. */
export function readData({ event }: LogEntry): Data {
  return typeof event.data === "object" && event.data !== null ? (event.data as Data) : {};
}

/** The agent that said it; undefined: the orchestrator, or an operator. */
export function readSpeaker({ event }: LogEntry): string | undefined {
  return /^\/agents\/(.+)$/.exec(event.source ?? "")?.[1];
}

/** The number of a turn: its id ends in it. */
export function readTurnNumber(turn: unknown): number | undefined {
  const number = typeof turn === "string" ? Number(turn.slice(turn.lastIndexOf(":") + 1)) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}

/** Which event of an agent a step has taken, by what both say of it. */
const takenKinds: { readonly [type: string]: string } = {
  "role.claim": "nerve.offer.claim",
  "role.release": "nerve.role.release",
  "turn.answered": "nerve.turn.respond",
  "turn.progress": "nerve.turn.progress",
  "turn.failed": "nerve.turn.fail",
};

/** What an event and the step that takes it have in common. */
function nameTaken(kind: string, agent: unknown, turn: number | undefined): string {
  return `${kind} ${String(agent)} ${turn ?? ""}`;
}

/**
 * Puts a thread's moments in order, by the server's clock. What agents say has their own clock, which may be an hour off: it stands
 * where it was taken, or else as far from there as that agent's clock says.
 * @param known moments of before: one that is the same stays the same object
 */
export function orderMoments(sources: Sources, known: ReadonlyMap<string, Moment>): Moment[] {
  const taken = matchSteps(sources);
  const makers = findMakers(sources);
  const times = placeEvents(sources, taken, makers);
  const matched = new Set(taken.values());
  const moments: Moment[] = sources.steps.map((step) => {
    const entry = taken.get(step);
    return { key: `${step.epoch} ${step.machine} ${step.step.revision}`, at: step.step.at, step, ...(entry && { entry }) };
  });
  for (const entry of sources.entries)
    if (!matched.has(entry)) {
      const made = makers.get(entry);
      moments.push({ key: `event ${entry.position}`, at: times.get(entry) ?? 0, entry, ...(made && { made }) });
    }
  return moments.sort(compareMoments).map((moment) => keepSame(moment, known.get(moment.key)));
}

function keepSame(moment: Moment, before: Moment | undefined): Moment {
  const isSame = before && before.at === moment.at && before.entry?.position === moment.entry?.position && before.made === moment.made;
  return isSame ? before : moment;
}

/** The events that machines took, each with its step: the first of its kind that no earlier step has. */
function matchSteps({ steps, entries }: Sources): Map<MachineStep, LogEntry> {
  const said = new Map<string, LogEntry[]>();
  for (const entry of entries) {
    const agent = readSpeaker(entry);
    if (agent === undefined) continue;
    const { turn } = readData(entry);
    const name = nameTaken(entry.event.type, agent, readTurnNumber(turn));
    const list = said.get(name);
    if (list) list.push(entry);
    else said.set(name, [entry]);
  }
  const taken = new Map<MachineStep, LogEntry>();
  for (const each of steps) {
    const { event } = each.step;
    const kind = takenKinds[event.type];
    if (kind === undefined) continue;
    const { agent, turn } = event as Data;
    const found = said.get(nameTaken(kind, agent, typeof turn === "number" ? turn : undefined))?.shift();
    if (found) taken.set(each, found);
  }
  return taken;
}

/** The steps that said what the orchestrator said, by the events' ids: `<actor>.<revision>.<name>`, and a task's actor has two numbers more. */
function findMakers({ steps, entries }: Sources): Map<LogEntry, MachineStep> {
  const known = new Map(steps.map((each) => [`${each.epoch} ${each.machine} ${each.step.revision}`, each]));
  const makers = new Map<LogEntry, MachineStep>();
  for (const entry of entries) {
    if (readSpeaker(entry) !== undefined) continue;
    const named = /^[^.:-]+(?:-(\d+))?(\.\d+\.\d+)?\.(\d+)\.[^\d]/.exec(entry.event.id);
    if (!named) continue;
    const [, epoch = "1", task, revision] = named;
    const maker = known.get(`${epoch} ${task === undefined ? "recruitment" : "task"} ${revision}`);
    if (maker) makers.set(entry, maker);
  }
  return makers;
}

/** When each event was, by the server's clock. */
function placeEvents(
  { entries, messages }: Sources,
  taken: ReadonlyMap<MachineStep, LogEntry>,
  makers: ReadonlyMap<LogEntry, MachineStep>,
): Map<LogEntry, number> {
  const times = new Map<LogEntry, number>();
  for (const [{ step }, entry] of taken) times.set(entry, step.at);
  const caused = new Map<string, number>();
  for (const entry of entries) {
    if (readSpeaker(entry) !== undefined) continue;
    // A step is committed a moment after what it says has its time.
    const at = makers.get(entry)?.step.at ?? Date.parse(entry.event.time ?? "");
    if (Number.isNaN(at)) continue;
    times.set(entry, at);
    const { causationid } = entry.event;
    if (causationid !== undefined) caused.set(causationid, Math.min(at, caused.get(causationid) ?? at));
  }
  const answered = new Map(messages.map(({ round, agent, at }) => [`${agent} ${round}`, Date.parse(at)]));
  const skews = new Map<string, number>();
  const unknown: { entry: LogEntry; agent: string }[] = [];
  for (const entry of entries) {
    const agent = readSpeaker(entry);
    if (agent === undefined) continue;
    const { type, id } = entry.event;
    const step = type === "nerve.turn.respond" ? answered.get(`${agent} ${readTurnNumber(readData(entry)["turn"])}`) : undefined;
    const at = times.get(entry) ?? step ?? (type === "nerve.turn.progress" ? undefined : caused.get(id));
    if (at === undefined) unknown.push({ entry, agent });
    else {
      times.set(entry, at);
      const skew = at - Date.parse(entry.event.time ?? "");
      // What lies on the way makes it later than it was, so the least is nearest.
      if (!Number.isNaN(skew)) skews.set(agent, Math.min(skew, skews.get(agent) ?? skew));
    }
  }
  placeUnknown(entries, unknown, skews, times);
  return times;
}

/** What nothing followed from: by its agent's clock as far as that is known, else behind what the log had before it. */
function placeUnknown(
  entries: readonly LogEntry[],
  unknown: readonly { entry: LogEntry; agent: string }[],
  skews: ReadonlyMap<string, number>,
  times: Map<LogEntry, number>,
): void {
  if (unknown.length === 0) return;
  const agents = new Map(unknown.map(({ entry, agent }) => [entry, agent]));
  let latest = 0;
  for (const entry of entries) {
    const agent = agents.get(entry);
    if (agent === undefined) {
      latest = Math.max(latest, times.get(entry) ?? 0);
      continue;
    }
    const claimed = Date.parse(entry.event.time ?? "");
    const skew = skews.get(agent);
    times.set(entry, skew === undefined || Number.isNaN(claimed) ? latest || (Number.isNaN(claimed) ? 0 : claimed) : claimed + skew);
  }
}

/** At the same millisecond: what was said first, then what the machines made of it, then what they told others. */
function rank({ step, entry }: Moment): number {
  if (!step) return entry && readSpeaker(entry) === undefined ? 5 : 0;
  if (step.machine === "task") return step.step.revision === 1 ? 2 : 3;
  return step.step.effects.some((effect) => (effect as { type?: unknown } | null)?.type === "spawn") ? 1 : 4;
}

function compareMoments(a: Moment, b: Moment): number {
  if (a.at !== b.at) return a.at - b.at;
  const byRank = rank(a) - rank(b);
  if (byRank !== 0) return byRank;
  return (a.step?.step.revision ?? a.entry?.position ?? 0) - (b.step?.step.revision ?? b.entry?.position ?? 0);
}
