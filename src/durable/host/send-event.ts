/** An event for an actor of this object: judged in the state in which it is found, taken, or refused with nothing written. */
import type { Committer } from "./committer.ts";
import type { ActorEvent } from "./effects.ts";
import { toPlainError } from "./error-data.ts";
import type { SendAnswer, SendOptions } from "./host-types.ts";
import type { LiveActor, LiveActors } from "./live-actors.ts";
import { StoreFailedError } from "./receiver-state.ts";
import { findFault, judgeEvent, type RefusalCode } from "./step.ts";
import type { Stepper } from "./stepper.ts";

export type Refusal = Extract<SendAnswer, { ok: false }>;
export type Sent = { ok: true; actor: LiveActor } | Refusal;

export interface EventSender {
  /** @param keep what is written of an event that threw */
  send(actor: string, event: ActorEvent, options: SendOptions, keep: (error: string) => void): Promise<Sent>;
  /** As {@link EventSender.send}, of an event that is not judged. */
  take(actor: LiveActor, event: ActorEvent, options: Parameters<Stepper["take"]>[2], keep: (error: string) => void): Promise<Sent>;
}

export function createEventSender({
  committer,
  actors,
  stepper,
}: {
  committer: Pick<Committer, "commit">;
  actors: Pick<LiveActors, "load">;
  stepper: Pick<Stepper, "take">;
}): EventSender {
  async function send(id: string, event: ActorEvent, options: SendOptions, keep: (error: string) => void): Promise<Sent> {
    const actor = await actors.load(id);
    if (!actor) return { ok: false, code: "unknown_actor", detail: `there is no actor ${id}` };
    const fault = findFault(event);
    if (fault !== undefined) return { ok: false, code: "malformed", detail: fault };
    let code: Refusal["code"] | undefined;
    try {
      code = actor.row.status === "active" ? judge(actor, event) : "not_active";
    } catch (error) {
      return setThrownAside(error, keep);
    }
    if (code) return { ok: false, code, detail: `${id} does not take ${event.type} in ${JSON.stringify(actor.snapshot.value)}` };
    if (options.fits && !options.fits()) return { ok: false, code: "not_taken", detail: `${event.type} came too late for ${id}` };
    return take(actor, event, options, keep);
  }

  /** What the machine's code threw: a guard, or a step. */
  function setThrownAside(error: unknown, keep: (error: string) => void): Refusal {
    if (error instanceof StoreFailedError) throw error;
    const detail = toPlainError(error).message;
    committer.commit(() => keep(detail));
    return { ok: false, code: "threw", detail };
  }

  async function take(
    actor: LiveActor,
    event: ActorEvent,
    options: Parameters<Stepper["take"]>[2],
    keep: (error: string) => void,
  ): Promise<Sent> {
    try {
      return { ok: true, actor: await stepper.take(actor, event, options) };
    } catch (error) {
      return setThrownAside(error, keep);
    }
  }

  return { send, take };
}

/** Whether the actor takes it. @throws what a guard throws, unless that is to be the actor's own failure */
export function judge({ machine, snapshot, logic }: LiveActor, event: ActorEvent): RefusalCode | undefined {
  try {
    return judgeEvent(machine, snapshot, event);
  } catch (error) {
    if (logic.throws === "fail") return undefined;
    throw error;
  }
}
