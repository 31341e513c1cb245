/** XState's own live actor on a clock that tests move, to compare the host with. Where it is not as XState has it, and why, is said here. */
import { type AnyActorRef, type AnyStateMachine, createActor } from "xstate";
import { orderNodes } from "../../src/durable/host/step.ts";

interface Clock {
  setTimeout(ring: () => void, delay: number): number;
  clearTimeout(id: number): void;
  advance(milliseconds: number): void;
}

/** A clock as XState takes it. XState's own SimulatedClock rings what was cancelled at the very time at which it was due. */
function createClock(): Clock {
  const timeouts = new Map<number, { due: number; ring: () => void }>();
  let now = 0;
  let made = 0;
  return {
    setTimeout(ring, delay) {
      made += 1;
      timeouts.set(made, { due: now + delay, ring });
      return made;
    },
    clearTimeout: (id) => void timeouts.delete(id),
    advance(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        const [id, next] = [...timeouts].sort((a, b) => a[1].due - b[1].due || a[0] - b[0])[0] ?? [];
        if (id === undefined || !next || next.due > until) break;
        timeouts.delete(id);
        now = next.due;
        next.ring();
      }
      now = until;
    },
  };
}

/** XState's machine with its states in document order before every step: else what it does depends on whether it was ever stored. */
function orderedCopy(machine: AnyStateMachine): AnyStateMachine {
  const copy = machine.provide({});
  const { transition } = copy;
  copy.transition = (snapshot, event, scope) => transition(orderNodes(snapshot), event, scope);
  return copy;
}

interface Scheduler {
  schedule(source: AnyActorRef, target: AnyActorRef, event: unknown, delay: number, id?: string): void;
  cancel(source: AnyActorRef, id: string): void;
}

/**
 * Makes `cancel` cancel. XState's scheduler keeps the last timeout of each id, and forgets it when any timeout of that id
 * rings: of two that were set under one id the later one can't be cancelled any more once the earlier one has rung.
 */
function mendCancel(actor: AnyActorRef, clock: Clock): void {
  const scheduler = (actor.system as unknown as { scheduler: Scheduler }).scheduler;
  const { schedule, cancel } = scheduler;
  const { setTimeout } = clock;
  const last = new Map<string, number>();
  let made = 0;
  clock.setTimeout = (ring, delay) => {
    made = setTimeout(ring, delay);
    return made;
  };
  scheduler.schedule = (source, target, event, delay, id) => {
    schedule(source, target, event, delay, id);
    if (id !== undefined) last.set(id, made);
  };
  scheduler.cancel = (source, id) => {
    cancel(source, id);
    clock.clearTimeout(last.get(id) ?? 0);
  };
}

/** @param options `mended`: false leaves XState's `cancel` as it is */
export function createOracle(machine: AnyStateMachine, { mended = true, input }: { mended?: boolean; input?: unknown } = {}) {
  const clock = createClock();
  const actor = createActor(orderedCopy(machine), { clock, input });
  if (mended) mendCancel(actor, clock);
  return { actor, advance: clock.advance };
}
