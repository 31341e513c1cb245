/**
 * Takes recorded decisions by the compiled machine itself: its config is loaded and stepped with XState's pure
 * functions, persisted between every two events, and its `moderate` actor answered as the task's object answers it.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from "xstate";
import { loadMachine } from "../../machines/load-machine.ts";
import type { CompiledWorkflow } from "../../src/compile/compile-workflow.ts";
import { createModerator, type Moderator, summariseDecision } from "../../src/compile/decide/create-moderator.ts";
import type { Decision, Step } from "../../src/compile/decide/view.ts";
import type { Json } from "../../src/contract/event.ts";

/** A step as it was recorded. */
export interface RecordedStep {
  role: string;
  output: { [key: string]: Json };
}

/** What was decided, in the corpus's shape. */
export type Actual =
  | { ok: true; value: { role: string; prompt?: string; location?: string } | { action: "suspend"; suspendedRole: string; prompt: string } }
  | { ok: false; error: string };

/** A compiled workflow that is ready to be stepped. */
export interface Replay {
  compiled: CompiledWorkflow;
  machine: AnyStateMachine;
  moderator: Moderator;
}

const agent = "recorded";

/** Makes a compiled workflow ready. */
export function createReplay(compiled: CompiledWorkflow): { ok: true; replay: Replay } | { ok: false; error: string } {
  const loaded = loadMachine(compiled.task);
  if (!loaded.ok) return { ok: false, error: loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; ") };
  return { ok: true, replay: { compiled, machine: loaded.machine, moderator: createModerator(compiled.ir) } };
}

function assignAll(replay: Replay): Record<string, { agent: string; generation: number }> {
  return Object.fromEntries(replay.compiled.ir.roles.map((role) => [role.name, { agent, generation: 1 }]));
}

/** Through JSON and back, as between any two events of an object's life. */
function persist(replay: Replay, snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const stored = JSON.stringify(replay.machine.getPersistedSnapshot(snapshot));
  return replay.machine.restoreSnapshot(JSON.parse(stored) as never, { self: undefined } as never) as AnyMachineSnapshot;
}

function step(
  replay: Replay,
  snapshot: AnyMachineSnapshot,
  event: { type: string; [fact: string]: unknown },
): { snapshot: AnyMachineSnapshot; recorded: string | undefined } {
  const [next, actions] = transition(replay.machine, persist(replay, snapshot), event as never);
  const records = (actions as readonly { type: string; params?: unknown }[]).filter((action) => action.type === "decision.record");
  const params = records.at(-1)?.params as { to: string } | undefined;
  return { snapshot: next as AnyMachineSnapshot, recorded: params?.to };
}

/** Where the machine is to decide: the node that invoked the moderator. */
function readDecidingNode(snapshot: AnyMachineSnapshot): string | undefined {
  const value = snapshot.value as { active?: Record<string, unknown> };
  return Object.entries(value.active ?? {}).find(([, state]) => state === "deciding" || state === "exhausted")?.[0];
}

/** Answers the moderator until the machine waits again, and tells what was decided. */
async function settle(
  replay: Replay,
  snapshot: AnyMachineSnapshot,
  steps: RecordedStep[],
  which: "new" | "resume",
): Promise<{ snapshot: AnyMachineSnapshot; actual: Actual }> {
  let now = snapshot;
  let decision: Decision | undefined;
  let to: string | undefined;
  for (let node = readDecidingNode(now); node !== undefined; node = readDecidingNode(now)) {
    const history: Step[] = steps.map((recorded) => ({ ...recorded, agent }));
    const last = history.at(-1);
    const event = {
      specversion: "1.0",
      id: "recorded",
      source: "/agents/recorded",
      type: "recorded",
      time: "2026-01-01T00:00:00Z",
    } as const;
    const view = { start: { workflow: replay.compiled.ir.name, event, which }, ...(last ? { last } : {}), steps: () => history };
    const exhausted = (now.value as { active: Record<string, unknown> }).active[node] === "exhausted";
    const result = await replay.moderator.decide(node, view, exhausted ? "$MAX_ROUNDS" : undefined);
    const answer = result.ok
      ? { type: "xstate.done.actor.moderate", output: summariseDecision(result.decision), actorId: "moderate" }
      : { type: "xstate.error.actor.moderate", error: result.error, actorId: "moderate" };
    decision = result.ok ? result.decision : undefined;
    const stepped = step(replay, now, answer);
    now = stepped.snapshot;
    to = stepped.recorded;
  }
  return { snapshot: now, actual: describe(now, steps, decision, to) };
}

function describe(snapshot: AnyMachineSnapshot, steps: RecordedStep[], decision: Decision | undefined, to: string | undefined): Actual {
  const { value, context } = snapshot as { value: unknown; context: { reason: string | null; open: { role: string } | null } };
  if (value === "failed" || !decision || to === undefined) return { ok: false, error: context.reason ?? "failed" };
  if (value === "suspended")
    return {
      ok: true,
      value: { action: "suspend", suspendedRole: context.open?.role ?? steps.at(-1)?.role ?? "$START", prompt: decision.prompt ?? "" },
    };
  const { prompt, location } = decision;
  return { ok: true, value: { role: to, ...(prompt === null ? {} : { prompt }), ...(location === undefined ? {} : { location }) } };
}

/** The machine as it waits for the answer of a role, without having walked there. */
function place(replay: Replay, role: string, turn: number): AnyMachineSnapshot | undefined {
  const states = replay.compiled.task.states["active"]?.states ?? {};
  if (!Object.hasOwn(states, role) || states[role]?.states?.["waiting"] === undefined) return undefined;
  const open = { turn, role, decision: turn, state: "given", agent, generation: 1, attempt: 1 };
  const context = { ...replay.compiled.task.context, seats: assignAll(replay), round: turn, open };
  return replay.machine.resolveState({ value: { active: { [role]: "waiting" } }, context } as never) as AnyMachineSnapshot;
}

/** Answers the open turn of a role and decides. */
async function answer(
  replay: Replay,
  snapshot: AnyMachineSnapshot,
  steps: RecordedStep[],
  which: "new" | "resume",
): Promise<{ snapshot: AnyMachineSnapshot; actual: Actual }> {
  const { open } = (snapshot as { context: { open: { turn: number } | null } }).context;
  const answered = step(replay, snapshot, { type: "turn.answered", turn: open?.turn ?? 0, agent, generation: 1 });
  return settle(replay, answered.snapshot, steps, which);
}

/** The machine after its init event, and what it decides at `$START`. */
async function begin(replay: Replay, which: "new" | "resume"): Promise<{ snapshot: AnyMachineSnapshot; actual: Actual }> {
  const input = { start: which, seats: assignAll(replay), round: 0, unfilled: [] };
  const [snapshot] = initialTransition(replay.machine, input as never);
  return settle(replay, snapshot as AnyMachineSnapshot, [], which);
}

function readStart(startStatus: string | null | undefined): "new" | "resume" {
  return startStatus === "resume" ? "resume" : "new";
}

/** Takes the one decision after `steps`. */
export async function replayCase(replay: Replay, steps: RecordedStep[], startStatus: string | null | undefined): Promise<Actual> {
  const which = readStart(startStatus);
  const last = steps.at(-1);
  if (!last) return (await begin(replay, which)).actual;
  const placed = place(replay, last.role, steps.length);
  if (!placed) return { ok: false, error: `the machine has no state for "${last.role}"` };
  return (await answer(replay, placed, steps, which)).actual;
}

/** Walks from `$START` through all steps; the nth decision is taken with the first n of them. */
export async function replayWalk(
  replay: Replay,
  steps: RecordedStep[],
  startStatus: string | null | undefined,
  decisions: number,
): Promise<Actual[]> {
  const which = readStart(startStatus);
  let { snapshot, actual } = await begin(replay, which);
  const taken: Actual[] = [actual];
  for (let count = 1; count < decisions; count++) {
    const role = steps[count - 1]?.role ?? "";
    // After a suspension the same role has the turn again.
    if (snapshot.value === "suspended") snapshot = step(replay, snapshot, { type: "thread.resume" }).snapshot;
    const value = snapshot.value as { active?: Record<string, unknown> };
    if (value.active?.[role] === "waiting") ({ snapshot, actual } = await answer(replay, snapshot, steps.slice(0, count), which));
    else actual = { ok: false, error: `the machine does not wait for "${role}" but is in ${JSON.stringify(snapshot.value)}` };
    taken.push(actual);
  }
  return taken;
}
