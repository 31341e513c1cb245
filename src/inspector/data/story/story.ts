/**
 * A thread as it was at any moment. What is known of it comes in any order and in parts; the moments are put in order, and every so
 * many of them the scene is kept, so that any other is a few steps away.
 */
import type { HistoryView, LogEntry } from "../../../contract/views/log.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import { type Machine, type MachineStep, type Moment, orderMoments, readData, readTurnNumber } from "./moment.ts";
import { advanceScene, emptyScene, type Scene } from "./scene.ts";

/** Moments between two scenes that are kept: as many are stepped through for any other. */
const betweenKept = 200;

/** A way that the graph went. */
export interface Way {
  from: string;
  to: string;
  /** The edge's id; null: it is not known which of those between the two. */
  edge: string | null;
  /** The step that was decided on; 0: the start. */
  round: number;
  /** Of the moment that it went. */
  place: number;
}

/** What is added to a story; what is known already is passed over. */
export interface Addition {
  /** Of the machines' steps; absent: the first. */
  epoch?: number;
  recruitment?: readonly HistoryView[];
  task?: readonly HistoryView[];
  entries?: readonly LogEntry[];
  messages?: readonly MessageView[];
}

export interface Story {
  /** @returns whether anything was new */
  add(addition: Addition): boolean;
  /** In order. The same array until something is added. */
  moments(): readonly Moment[];
  /** How many steps and events are known, at least as many as moments. */
  size(): number;
  /** The scene after a moment, by its place; before the first, where the place is negative. */
  at(place: number): Scene;
  /** The place of a moment by now, or of the step that was read since and took its event. */
  placeMoment(moment: Moment): number;
  /** Oldest first. */
  messages(): readonly MessageView[];
  /** The place of the moment at which a message was said; -1: before the first. */
  placeMessage(round: number): number;
  /** How many messages had been said after a moment, by its place. */
  countMessages(place: number): number;
  /** The ways that the graph went, oldest first. */
  ways(): readonly Way[];
  /** How many ways had been gone after a moment, by its place. */
  countWays(place: number): number;
  /** The last revision of each machine that is known, in one epoch. */
  revisions(epoch: number): Record<Machine, number>;
}

export function createStory(): Story {
  const steps = new Map<string, MachineStep>();
  const entries = new Map<number, LogEntry>();
  const messages = new Map<number, MessageView>();
  let stale = true;
  let moments: readonly Moment[] = [];
  let said: readonly MessageView[] = [];
  /** Of each of `said`. */
  let saidPlaces: readonly number[] = [];
  let taken: readonly Way[] = [];
  /** The scene before each {@link betweenKept}th moment. */
  let kept: Scene[] = [emptyScene];

  function addSteps(epoch: number, machine: Machine, added: readonly HistoryView[]): boolean {
    let isNew = false;
    for (const step of added) {
      const key = `${epoch} ${machine} ${step.revision}`;
      if (steps.has(key)) continue;
      steps.set(key, { machine, step, epoch });
      isNew = true;
    }
    return isNew;
  }

  function addMessages(added: readonly MessageView[]): boolean {
    let isNew = false;
    for (const message of added) {
      const before = messages.get(message.round);
      if (before && before.decision?.to === message.decision?.to && before.until === message.until) continue;
      messages.set(message.round, message);
      isNew = true;
    }
    return isNew;
  }

  function refresh(): void {
    if (!stale) return;
    stale = false;
    const before = moments;
    said = [...messages.values()].sort((a, b) => a.round - b.round);
    const ordered = [...entries.values()].sort((a, b) => a.position - b.position);
    const known = new Map(before.map((moment) => [moment.key, moment]));
    moments = orderMoments({ steps: [...steps.values()], entries: ordered, messages: said }, known);
    let same = 0;
    while (same < moments.length && moments[same] === before[same]) same += 1;
    kept = kept.slice(0, Math.floor(same / betweenKept) + 1);
    saidPlaces = placeMessages(moments, said);
    taken = listWays(moments, said, saidPlaces);
  }

  function at(place: number): Scene {
    refresh();
    const end = Math.min(place, moments.length - 1);
    if (end < 0) return emptyScene;
    let from = Math.min(Math.floor(end / betweenKept), kept.length - 1);
    let scene = kept[from] ?? emptyScene;
    for (let next = from * betweenKept; next <= end; next++) {
      scene = advanceScene(scene, moments[next] as Moment);
      if ((next + 1) % betweenKept !== 0) continue;
      from += 1;
      kept[from] = scene;
    }
    return scene;
  }

  const afterRefresh = <Value>(read: () => Value): Value => {
    refresh();
    return read();
  };

  return {
    add({ epoch = 1, recruitment = [], task = [], entries: logged = [], messages: read = [] }) {
      let isNew = addSteps(epoch, "recruitment", recruitment);
      isNew = addSteps(epoch, "task", task) || isNew;
      isNew = addMessages(read) || isNew;
      for (const entry of logged) {
        if (entries.has(entry.position)) continue;
        entries.set(entry.position, entry);
        isNew = true;
      }
      stale ||= isNew;
      return isNew;
    },
    size: () => steps.size + entries.size,
    moments: () => afterRefresh(() => moments),
    at,
    placeMoment: (moment) => afterRefresh(() => findMoment(moments, moment)),
    messages: () => afterRefresh(() => said),
    placeMessage: (round) => afterRefresh(() => saidPlaces[said.findIndex((message) => message.round === round)] ?? -1),
    countMessages: (place) => afterRefresh(() => countUntil(saidPlaces, place, (each) => each)),
    ways: () => afterRefresh(() => taken),
    countWays: (place) => afterRefresh(() => countUntil(taken, place, (way) => way.place)),
    revisions: (epoch) => ({ recruitment: lastRevision(steps, epoch, "recruitment"), task: lastRevision(steps, epoch, "task") }),
  };
}

function lastRevision(steps: ReadonlyMap<string, MachineStep>, epoch: number, machine: Machine): number {
  let last = 0;
  for (const each of steps.values()) if (each.epoch === epoch && each.machine === machine) last = Math.max(last, each.step.revision);
  return last;
}

/** How many of a sorted list are at or before a time, or a place. */
function countUntil<Item>(list: readonly Item[], end: number, endOf: (item: Item) => number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(list[middle] as Item) <= end) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the task's machine writes down with a step, by its name. */
interface Written {
  type: "write";
  name: "message.append" | "decision.record";
  params: { turn: number; node: string; edge: string; to: string; round: number };
}

function* listWritten({ step }: Moment): Generator<Written> {
  for (const effect of step?.step.effects ?? []) {
    const { type, name, params } = (effect ?? {}) as Partial<Written>;
    if (type === "write" && (name === "message.append" || name === "decision.record") && params) yield { type, name, params };
  }
}

/** What was a moment stays one, but for an event: that becomes part of the step that took it, once that is read. */
function findMoment(moments: readonly Moment[], { key, entry }: Moment): number {
  const place = moments.findIndex((each) => each.key === key);
  return place >= 0 || !entry ? place : moments.findIndex((each) => each.entry?.position === entry.position);
}

/**
 * By the step that took the message, for several may be said within a millisecond; where steps are not known by the answer, else by time.
 * @returns the place of each, none before the one before it
 */
function placeMessages(moments: readonly Moment[], messages: readonly MessageView[]): number[] {
  const answered = new Map<number, number>();
  const taken = new Map<number, number>();
  for (const [place, moment] of moments.entries()) {
    for (const { name, params } of listWritten(moment)) if (name === "message.append") taken.set(params.turn, place);
    const { entry } = moment;
    const turn = entry?.event.type === "nerve.turn.respond" ? readTurnNumber(readData(entry)["turn"]) : undefined;
    if (turn !== undefined) answered.set(turn, place);
  }
  let last = -1;
  return messages.map(({ round, at }) => {
    // Clocks of objects differ by a millisecond.
    const place = taken.get(round) ?? answered.get(round) ?? countUntil(moments, Date.parse(at) + 1, (moment) => moment.at) - 1;
    last = Math.max(last, place);
    return last;
  });
}

/** By the machines' own word where it is known, else by the messages and who was given a turn. */
function listWays(moments: readonly Moment[], messages: readonly MessageView[], saidPlaces: readonly number[]): Way[] {
  const ways = new Map<number, Way>();
  for (const [index, { round, role, decision }] of messages.entries())
    if (decision) ways.set(round, { from: role, to: decision.to, edge: readEdge(decision.because), round, place: saidPlaces[index] ?? -1 });
  for (const [place, moment] of moments.entries()) {
    for (const { name, params } of listWritten(moment))
      if (name === "decision.record")
        ways.set(params.round, { from: params.node, to: params.to, edge: params.edge, round: params.round, place });
    const { entry } = moment;
    if (entry?.event.type !== "nerve.turn.assigned") continue;
    const { round, role, turn } = readData(entry);
    const before = Number(round ?? readTurnNumber(turn)) - 1;
    if (before === 0 && !ways.has(0)) ways.set(0, { from: "$START", to: String(role), edge: null, round: 0, place });
  }
  return [...ways.values()].sort((a, b) => a.place - b.place || a.round - b.round);
}

function readEdge(because: string): string | null {
  try {
    const { form, status } = JSON.parse(because) as { form?: string; status?: string };
    return form === "status" && typeof status === "string" ? status : null;
  } catch {
    return null;
  }
}
