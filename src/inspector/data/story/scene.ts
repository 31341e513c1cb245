/** How a thread stood after a moment: its machines, what they remember, who held what, and whose turn it was. Pure. */
import type { Json } from "../../../contract/event.ts";
import type { LogEntry } from "../../../contract/views/log.ts";
import { type MachineStep, type Moment, readData, readSpeaker, readTurnNumber } from "./moment.ts";

/** A hold on a role, or that nobody has it. */
export interface Lease {
  agent: string | null;
  generation: number;
  /** Since when it is so, in milliseconds since 1970. */
  since: number;
  state: "held" | "away" | "offered" | "free";
  /** Why it is free, or how the last one ended. */
  why: string | null;
  /** When it lapses if its holder is silent: as it was said last. */
  expires: string | null;
  /** The last that its holder said in this thread. */
  lastSign: number | null;
}

export interface OpenTurn {
  turn: string;
  role: string;
  agent: string | null;
  round: number;
  attempt: number;
  since: number;
  deadline: string | null;
  prompt: string | null;
}

type Context = { readonly [name: string]: Json };

export interface Scene {
  at: number;
  /** The thread's status, as far as it was said. */
  status: string;
  /** The states' values; null: nothing is known of them. */
  recruitment: Json;
  task: Json;
  /** What the machines remember; null: not kept for this part of the thread. */
  context: { recruitment: Context | null; task: Context | null };
  leases: { readonly [role: string]: Lease };
  turn: OpenTurn | null;
  /** Where of the graph that the author wrote it stands: a role, `$START`, `$END` or `$failed`. */
  place: string;
}

export const emptyScene: Scene = {
  at: 0,
  status: "queued",
  recruitment: null,
  task: null,
  context: { recruitment: null, task: null },
  leases: {},
  turn: null,
  place: "$START",
};

/** The scene after one moment more. What stays the same is shared. */
export function advanceScene(scene: Scene, { at, step, entry }: Moment): Scene {
  let next: Scene = { ...scene, at };
  if (entry) next = takeEvent(next, entry, at);
  if (step) next = takeStep(next, step, at);
  return { ...next, place: findPlace(next) ?? next.place };
}

type Holders = { readonly [role: string]: { agent: string | null; generation: number; gone?: boolean; why?: string } };

function takeStep(scene: Scene, { machine, step }: MachineStep, at: number): Scene {
  const isFirst = step.revision === 1;
  // Where the beginning was not kept, what is remembered is known in part: that is said rather than shown as all.
  const known = isFirst ? {} : scene.context[machine];
  const context = { ...scene.context, [machine]: known && { ...known, ...step.context } };
  const next = { ...scene, context, [machine]: step.after };
  if (machine === "task") return { ...next, turn: readTurn(next, step, at) };
  const holders = (step.context?.["seats"] ?? known?.["seats"]) as Holders | undefined;
  return { ...next, leases: readLeases(next, holders, at), status: readStatus(next.status, step.after) };
}

const ends = ["completed", "failed", "cancelled"];

function readStatus(status: string, value: Json): string {
  if (typeof value === "string") return ends.includes(value) ? value : status;
  const thread = (value as { open?: { $thread?: Json } } | null)?.open?.$thread;
  const word = typeof thread === "string" ? thread : Object.keys((thread as object | null | undefined) ?? {})[0];
  const going = word === undefined ? undefined : (thread as { [word: string]: Json })[word];
  if (word === "assembling" || word === "running") {
    if (typeof going === "string" && going !== "going") return "suspended";
    return word === "running" ? "running" : "recruiting";
  }
  return word === "suspended" ? "suspended" : status;
}

/** A role's own state, by names from the outer to the inner: `held.here`. */
export function readRoleState(value: Json, role: string): string | undefined {
  const own = (value as { open?: { [role: string]: Json } } | null)?.open?.[role];
  if (typeof own === "string") return own;
  const [outer] = Object.entries((own as { [outer: string]: Json } | undefined) ?? {});
  return outer && (typeof outer[1] === "string" ? `${outer[0]}.${outer[1]}` : outer[0]);
}

const offeredStates = ["seeking", "offering"];

function readLeases(scene: Scene, holders: Holders | undefined, at: number): Scene["leases"] {
  const { recruitment, leases } = scene;
  const open = (recruitment as { open?: object } | null)?.open;
  const roles = new Set([
    ...Object.keys(leases),
    ...Object.keys(holders ?? {}),
    ...Object.keys(open ?? {}).filter((name) => name !== "$thread"),
  ]);
  let changed: { [role: string]: Lease } | undefined;
  for (const role of roles) {
    const before = leases[role];
    const holder = holders?.[role];
    const word = readRoleState(recruitment, role) ?? "";
    const agent = holder ? holder.agent : (before?.agent ?? null);
    const generation = holder?.generation ?? before?.generation ?? 0;
    const state = chooseState(word, agent, holder?.gone === true);
    const isSame = before && before.agent === agent && before.generation === generation && before.state === state;
    if (isSame) continue;
    const isNew = before?.agent !== agent || before.generation !== generation;
    changed ??= { ...leases };
    changed[role] = {
      ...{ agent, generation, state, since: at, why: holder?.why ?? null },
      expires: isNew ? null : (before?.expires ?? null),
      lastSign: isNew ? null : (before?.lastSign ?? null),
    };
  }
  return changed ?? leases;
}

function chooseState(word: string, agent: string | null, gone: boolean): Lease["state"] {
  if (agent !== null) return gone || /(^|\.)(away|gone|lost)/.test(word) ? "away" : "held";
  return offeredStates.includes(word) ? "offered" : "free";
}

interface OpenContext {
  turn: number;
  role: string;
  agent: string | null;
  attempt: number;
}

/** Whose turn it is, by what the task remembers; what the log said of the same turn is kept beside it. */
function readTurn(scene: Scene, { context, at }: MachineStep["step"], now: number): OpenTurn | null {
  if (typeof scene.task === "string") return null;
  if (context === undefined || !("open" in context)) return scene.turn;
  const open = context["open"] as OpenContext | null;
  if (open === null) return null;
  const { turn } = scene;
  const isSame = turn !== null && readTurnNumber(turn.turn) === open.turn && turn.attempt === open.attempt && turn.agent === open.agent;
  if (isSame) return turn;
  return {
    ...{ turn: String(open.turn), role: open.role, agent: open.agent, round: open.turn, attempt: open.attempt, since: at ?? now },
    deadline: null,
    prompt: null,
  };
}

type Take = (scene: Scene, data: { readonly [name: string]: unknown }, at: number) => Scene;

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

function changeLease(scene: Scene, role: unknown, change: Partial<Lease>): Scene {
  if (typeof role !== "string") return scene;
  const before = scene.leases[role] ?? emptyLease;
  return { ...scene, leases: { ...scene.leases, [role]: { ...before, ...change } } };
}

const emptyLease: Lease = { agent: null, generation: 0, since: 0, state: "free", why: null, expires: null, lastSign: null };

interface LeaseData {
  generation: number;
  expires: string | null;
}

/** Whoever holds a role as an event names it. */
function hold(scene: Scene, role: unknown, agent: unknown, lease: Partial<LeaseData> | undefined, at: number): Scene {
  if (typeof role !== "string") return scene;
  const before = scene.leases[role];
  const generation = lease?.generation ?? before?.generation ?? 1;
  const holder = text(agent) ?? before?.agent ?? null;
  const isSame = before?.agent === holder && before.generation === generation;
  return changeLease(scene, role, {
    ...{ agent: holder, generation, expires: lease?.expires ?? null },
    ...(!isSame && { since: at, state: "held", why: null, lastSign: null }),
  });
}

const takeThread =
  (status: string): Take =>
  (scene, { roles }, at) => {
    const holding = (Array.isArray(roles) ? (roles as { role: string; agent: string; generation: number }[]) : []).reduce(
      (next, { role, agent, generation }) => hold(next, role, agent, { generation, expires: next.leases[role]?.expires ?? null }, at),
      scene,
    );
    return { ...holding, status, ...(ends.includes(status) && { turn: null }) };
  };

/** What the orchestrator says, as far as it changes what is shown where the machines' own steps are not known. */
const takes: { readonly [kind: string]: Take } = {
  "nerve.thread.queued": takeThread("queued"),
  "nerve.thread.started": takeThread("running"),
  "nerve.thread.resumed": takeThread("running"),
  "nerve.thread.suspended": takeThread("suspended"),
  "nerve.thread.completed": takeThread("completed"),
  "nerve.thread.failed": takeThread("failed"),
  "nerve.thread.cancelled": takeThread("cancelled"),
  "nerve.thread.dropped": takeThread("dropped"),
  "nerve.offer.opened": (scene, { role }, at) =>
    scene.leases[String(role)]?.agent
      ? scene
      : changeLease({ ...scene, status: scene.status === "queued" ? "recruiting" : scene.status }, role, { state: "offered", since: at }),
  "nerve.role.assigned": (scene, { role, lease }) =>
    changeLease(scene, role, { expires: (lease as LeaseData | undefined)?.expires ?? null }),
  "nerve.role.ended": (scene, { role, reason }, at) =>
    scene.recruitment === null ? changeLease(scene, role, { agent: null, state: "free", since: at, why: text(reason) }) : scene,
  "nerve.turn.assigned": (scene, data, at) => {
    const { turn, role, agent, round, prompt, deadline, lease } = data;
    const holding = typeof agent === "string" ? hold(scene, role, agent, lease as LeaseData, at) : scene;
    const isAgain = scene.turn?.turn === turn || readTurnNumber(turn) === Number(scene.turn?.turn);
    return {
      ...holding,
      turn: {
        ...{ turn: String(turn), role: String(role), agent: text(agent), round: Number(round), since: at },
        attempt: scene.task === null ? (isAgain ? (scene.turn?.attempt ?? 0) + 1 : 1) : (scene.turn?.attempt ?? 1),
        deadline: text(deadline),
        prompt: text(prompt),
      },
    };
  },
  "nerve.turn.respond": (scene, { turn }) =>
    scene.task === null && scene.turn?.turn === turn && scene.turn?.agent !== null ? { ...scene, turn: null } : scene,
};

function takeEvent(scene: Scene, entry: LogEntry, at: number): Scene {
  const speaker = readSpeaker(entry);
  const { type } = entry.event;
  const heard = speaker === undefined ? scene : noteSign(scene, speaker, at);
  // A kind of a workflow's own may be called like a member of every object.
  const take = Object.hasOwn(takes, type) ? takes[type] : undefined;
  return take ? take(heard, readData(entry), at) : heard;
}

/** Whoever says something is there. */
function noteSign(scene: Scene, agent: string, at: number): Scene {
  let next = scene;
  for (const [role, lease] of Object.entries(scene.leases)) if (lease.agent === agent) next = changeLease(next, role, { lastSign: at });
  return next;
}

/** The names of all active states, outer before inner: `active`, `active.reviewer`, `active.reviewer.waiting`. */
export function listActive(value: Json, prefix = ""): string[] {
  if (typeof value === "string") return [`${prefix}${value}`];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [`${prefix}${name}`, ...listActive(inner as Json, `${prefix}${name}.`)]);
}

/** Where of the graph that the author wrote it stands; undefined: where it stood before. */
function findPlace({ task, status, turn }: Pick<Scene, "task" | "status" | "turn">): string | undefined {
  if (status === "completed" || task === "completed") return "$END";
  if (status === "failed" || task === "failed") return "$failed";
  if (typeof task === "object" && task !== null) {
    const inner = (task as { active?: Json }).active;
    const place = typeof inner === "string" ? inner : Object.keys((inner as object | undefined) ?? {})[0];
    if (place !== undefined) return place;
  }
  return turn?.role;
}
