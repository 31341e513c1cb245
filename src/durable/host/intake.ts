import type { DeadLetterCode } from "../../contract/refusals.ts";
import { type Delivery, type Envelope, type HostMessage, type Message, readHostMessage, refuseEnvelope } from "../protocol/envelope.ts";
import type { ActorDocs } from "./actor-docs.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Undeliverable } from "./deliver-message.ts";
import type { ActorEvent } from "./effects.ts";
import type { HostOptions, SendOptions, Translate } from "./host-types.ts";
import { refuseOver } from "./inbox.ts";
import type { JobTable } from "./job-table.ts";
import { hostLimits } from "./limits.ts";
import { DefinitionUnavailableError, type LiveActors } from "./live-actors.ts";
import { NewerVersionError } from "./newer-version.ts";
import type { World } from "./ports.ts";
import { createMessageRunner, nameIn } from "./run-message.ts";
import { createEventSender, type Sent } from "./send-event.ts";
import { createDeadLetterSettling } from "./settle-dead-letters.ts";
import { findFault } from "./step.ts";
import type { Stepper } from "./stepper.ts";
import { answerUnknown } from "./take-envelope.ts";
import type { TimerTable } from "./timer-table.ts";

/** Each runs alone: the host calls one at a time. */
export interface Intake {
  receive(envelope: Envelope, translate?: Translate): Promise<Delivery>;
  send(actor: string, event: ActorEvent, options?: SendOptions): Promise<Sent>;
  /** A message of this object was refused for good: tells its actor, in the transaction that deletes the message. */
  hearRefusal(undeliverable: Undeliverable, sender: string, forget: () => void): Promise<void>;
  retry(id: number, translate?: Translate): Promise<Sent>;
  drop(id: number): boolean;
}

export interface IntakePorts {
  world: World;
  docs: ActorDocs;
  committer: Committer;
  actors: LiveActors;
  timers: TimerTable;
  jobs: JobTable;
  deadLetters: DeadLetters;
  stepper: Stepper;
  describeRefusal?: HostOptions["describeRefusal"];
  redirectRefusal?: HostOptions["redirectRefusal"];
  unknownLater?: HostOptions["unknownLater"];
}

export function createIntake({
  world,
  docs,
  committer,
  actors,
  timers,
  jobs,
  deadLetters,
  stepper,
  describeRefusal,
  redirectRefusal,
  unknownLater,
}: IntakePorts): Intake {
  const { address } = world;
  const { inbox } = committer;
  const runner = createMessageRunner({ docs, committer, actors, deadLetters, stepper });
  const sender = createEventSender({ committer, actors, stepper });
  const settling = createDeadLetterSettling({ address, committer, actors, timers, jobs, deadLetters, runner, sender });

  async function receive(envelope: Envelope, translate?: Translate): Promise<Delivery> {
    const malformed = refuseEnvelope(envelope);
    if (malformed) return malformed;
    const { message, from, id, to } = envelope;
    const over = refuseOver(inbox, envelope);
    if (over) return over;
    if (inbox.isRepeat(envelope)) return { status: "stored" };
    const actor = nameIn(to);
    const mark = (): void => inbox.mark(envelope);
    const setAside = (code: DeadLetterCode, error: string): Delivery => {
      committer.commit(() => {
        mark();
        deadLetters.add({ actor, sender: from, number: id, event: message, code, error });
      });
      return { status: "stored" };
    };
    if (envelope.park)
      return setAside("poison", `${hostLimits.deliveryAttempts} deliveries of this message failed, or it was not known for too long`);
    try {
      if (envelope.phase === "hold") return await hold(actor, message);
      const outcome = await runner.run(envelope, mark, translate);
      const isUnknown = outcome.type === "aside" && outcome.code === "unknown_event" && message.type !== "host.event";
      if (isUnknown && unknownLater) return answerUnknown(to, message.type);
      if (outcome.type === "aside") return setAside(outcome.code, outcome.error);
      return outcome.type === "taken" ? { status: "stored" } : { status: "refused", code: outcome.code, detail: outcome.detail };
    } catch (error) {
      if (error instanceof DefinitionUnavailableError) return { status: "later", detail: error.message };
      if (error instanceof NewerVersionError) return { status: "later", detail: error.message, unknown: true };
      throw error;
    }
  }

  /** The first of an event's two halves: refuses now what would be refused at the release, while the sender can still be told. */
  async function hold(id: string, message: Message): Promise<Delivery> {
    if (message.type === "host.start") return { status: "stored" };
    if (!(await actors.load(id))) return runner.refuse(id);
    const fault = findFault(message);
    return fault === undefined ? { status: "stored" } : { status: "refused", code: "malformed", detail: fault };
  }

  async function hearRefusal({ to, message, code, detail }: Undeliverable, from: string, forget: () => void): Promise<void> {
    const id = nameIn(from);
    const said = readHostMessage(message);
    if (said?.type === "host.start") {
      // Report it as a child that failed at once.
      const failed: HostMessage = { type: "host.error", child: said.child, error: { name: "Error", message: detail } };
      const outcome = await runner.run({ from: to, id: 0, to: from, message: failed }, forget);
      if (outcome.type === "aside")
        committer.commit(() => {
          forget();
          deadLetters.add({ actor: id, sender: to, event: failed, code: outcome.code, error: outcome.error });
        });
      return;
    }
    // Stops and ends need no answer: their sender has nothing left to do.
    if (said?.type === "host.stop" || said?.type === "host.done" || said?.type === "host.error") return;
    const redirected = redirectRefusal?.({ to, message, code, detail });
    if (redirected) {
      committer.commit(() => {
        forget();
        committer.outbox.append([redirected.to], redirected.message, { sender: from });
      });
      return;
    }
    const event = {
      type: "delivery.refused",
      to,
      message: message.type,
      code,
      detail,
      ...describeRefusal?.({ to, message, code, detail }),
    };
    const setAside = (why: DeadLetterCode, error: string): void => {
      forget();
      deadLetters.add({ actor: id, event, code: why, error });
    };
    const answer = await sender.send(id, event, { also: forget }, (error) => setAside("threw", error));
    if (answer.ok || (answer.code !== "unknown_event" && answer.code !== "not_taken")) return;
    const { code: why } = answer;
    committer.commit(() => setAside(why, detail));
  }

  return {
    receive,
    send: (id, event, options = {}) =>
      sender.send(id, event, options, (error) => {
        // The caller still has the event, and gets the error.
        if (!deadLetters.isFull()) deadLetters.add({ actor: id, event, code: "threw", error });
      }),
    hearRefusal,
    retry: settling.retry,
    drop: settling.drop,
  };
}
