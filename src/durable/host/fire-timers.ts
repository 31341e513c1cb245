/** Takes due timers one by one, each read anew and removed by its step's commit. */
import type { Message } from "../protocol/envelope.ts";
import { addressOf } from "./apply-effects.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ActorEvent } from "./effects.ts";
import { toPlainError } from "./error-data.ts";
import { endOfTime, hostLimits } from "./limits.ts";
import type { LiveActor, LiveActors } from "./live-actors.ts";
import type { World } from "./ports.ts";
import { StoreFailedError } from "./receiver-state.ts";
import type { Stepper } from "./stepper.ts";
import type { TimerRow, TimerTable } from "./timer-table.ts";

export interface TimerPorts {
  world: World;
  committer: Committer;
  actors: LiveActors;
  timers: TimerTable;
  deadLetters: DeadLetters;
  stepper: Stepper;
  report(at: string, error: unknown): void;
}

/** Runs every timer that is due now, at most as many as one alarm may. */
export async function fireTimers(ports: TimerPorts): Promise<void> {
  const { world, committer, timers, report } = ports;
  for (let fired = 0; fired < hostLimits.timersPerAlarm; fired++) {
    const timer = timers.next(world.clock.now());
    if (!timer) return;
    try {
      await fireTimer(ports, timer);
    } catch (error) {
      // The actor can't be loaded, or the event could not become a dead letter: postpone this timer so that others don't wait for it.
      report("timer", error);
      committer.commit(() => timers.postpone(timer, world.clock.now() + hostLimits.retryLast));
    }
  }
}

async function fireTimer({ world, committer, actors, timers, deadLetters, stepper }: TimerPorts, timer: TimerRow): Promise<void> {
  const actor: LiveActor | undefined = await actors.load(timer.actor);
  if (actor?.row.status !== "active") {
    committer.commit(() => timers.forget(timer));
    return;
  }
  const { receiver } = timer;
  if (receiver !== null) {
    committer.commit(() => {
      timers.forget(timer);
      committer.outbox.append([receiver], timer.event as Message, { sender: addressOf(world, actor.logic, timer.actor) });
    });
    return;
  }
  const event = timer.event as ActorEvent;
  try {
    // Delete the timer first: the step may set another one of the same id.
    await stepper.take(actor, event, { before: () => timers.forget(timer) });
  } catch (error) {
    if (error instanceof StoreFailedError) throw error;
    const { actor: id, made } = timer;
    committer.commit(() => {
      timers.postpone(timer, endOfTime);
      deadLetters.add({
        actor: id,
        origin: { timer: { actor: id, made } },
        event,
        code: "threw",
        error: toPlainError(error).message,
      });
    });
  }
}
