/**
 * What comes in: other objects' messages, each judged, taken once or set aside; events that callers send; and what was
 * set aside, tried again. Knows the host's own messages (`host.*`); everything else is an actor's event.
 */
import type { Json } from "../../contract/event.ts";
import type { Delivery, Envelope, Message } from "../protocol/rpc.ts";
import type { LastWords } from "./advance.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters, Origin } from "./dead-letters.ts";
import type { ActorEvent } from "./effects.ts";
import { toErrorData, toPlainError } from "./error-data.ts";
import type { HostOptions, SendAnswer, SendOptions, Translate } from "./host-types.ts";
import type { JobTable } from "./job-table.ts";
import { describeEnd, readFollowing } from "./last-messages.ts";
import { hostLimits } from "./limits.ts";
import { DefinitionUnavailableError, type LiveActor, type LiveActors } from "./live-actors.ts";
import { answerUnknown, NewerVersionError } from "./newer-version.ts";
import type { Undeliverable } from "./outbox.ts";
import type { World } from "./ports.ts";
import { StoreFailedError } from "./receiver-state.ts";
import { isRepeat, markReceived, readActor, readChild, readChildren } from "./rows.ts";
import { findFault, judgeEvent } from "./step.ts";
import type { Stepper } from "./stepper.ts";
import type { TimerTable } from "./timer-table.ts";

/** Each runs alone: the host calls one at a time. */
export interface Intake {
  receive(envelope: Envelope, translate?: Translate): Promise<Delivery>;
  send(actor: string, event: ActorEvent, options?: SendOptions): Promise<Result>;
  /** A message of this object was refused for good: its actor hears of it, in the transaction that forgets the message. */
  hearRefusal(undeliverable: Undeliverable, sender: string, forget: () => void): Promise<void>;
  retry(id: number, translate?: Translate): Promise<Result>;
  drop(id: number): boolean;
}

type Refusal = Extract<SendAnswer, { ok: false }>;
type Result = { ok: true; actor: LiveActor } | Refusal;

/** What became of a message. `aside`: nothing was written, and it can't be run now. */
type Outcome =
  | { type: "taken"; actor: LiveActor | undefined }
  | { type: "refused"; code: string; detail: string }
  | { type: "aside"; code: Refusal["code"]; error: string };

export interface IntakePorts {
  world: World;
  committer: Committer;
  actors: LiveActors;
  timers: TimerTable;
  jobs: JobTable;
  deadLetters: DeadLetters;
  stepper: Stepper;
  describeRefusal?: HostOptions["describeRefusal"];
  unknownLater?: HostOptions["unknownLater"];
}

export function createIntake({
  world,
  committer,
  actors,
  timers,
  jobs,
  deadLetters,
  stepper,
  describeRefusal,
  unknownLater,
}: IntakePorts): Intake {
  const { storage } = world;

  async function receive(envelope: Envelope, translate?: Translate): Promise<Delivery> {
    const { message, from, id, to } = envelope;
    if (typeof message?.type !== "string") return { status: "refused", code: "malformed", detail: "a message is an object with a type" };
    if (isRepeat(storage, from, id)) return { status: "stored" };
    const actor = nameIn(to);
    const mark = (): void => markReceived(storage, from, id);
    const setAside = (code: string, error: string): Delivery => {
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
      const outcome = await run(envelope, mark, translate);
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

  /** An actor runs what is released; what it would refuse, it refuses now, while the sender still listens. */
  async function hold(id: string, message: Message): Promise<Delivery> {
    if (message.type === "host.start") return { status: "stored" };
    if (!(await actors.load(id))) return refuse(id);
    const fault = findFault(message);
    return fault === undefined ? { status: "stored" } : { status: "refused", code: "malformed", detail: fault };
  }

  /** @param mark written with what the message leads to, so that it is run once */
  async function run(envelope: Envelope, mark: () => void, translate?: Translate): Promise<Outcome> {
    const { message } = envelope;
    const id = nameIn(envelope.to);
    const actor = await actors.load(id);
    if (message.type === "host.start") return actor ? startAgain(actor, envelope, mark) : startChild(id, envelope, mark);
    if (message.type === "host.stop") {
      // Whoever is no child of the sender only has its address.
      if (actor && actor.row.parent !== envelope.from) return note(actor, mark);
      stepper.stop(actor, () => {
        mark();
        deadLetters.removeStarts(id);
      });
      return { type: "taken", actor: undefined };
    }
    if (!actor) return { type: "refused", ...refuse(id) };
    const read = readMessage(actor, envelope, translate);
    // Of an earlier child, or for an actor that has ended: known, and without effect.
    if (!read || actor.row.status !== "active") return note(actor, mark);
    const fromHost = message.type === "host.done" || message.type === "host.error";
    try {
      const fault = fromHost ? undefined : findFault(read.event);
      if (fault !== undefined) return { type: "refused", code: "malformed", detail: fault };
      const code = fromHost ? undefined : judge(actor, read.event);
      if (code) return { type: "aside", code, error: `not taken in ${JSON.stringify(actor.snapshot.value)}` };
      const { metadata, also, following } = read;
      const options = { metadata, before: mark, ...(also && { also }), ...(following && { following }) };
      return { type: "taken", actor: await stepper.take(actor, read.event, options) };
    } catch (error) {
      if (error instanceof StoreFailedError) throw error;
      return { type: "aside", code: "threw", error: toPlainError(error).message };
    }
  }

  function note(actor: LiveActor, mark: () => void): Outcome {
    committer.commit(mark);
    return { type: "taken", actor };
  }

  /** Its parent's message may come again; another's child of that address, or an actor that was started by hand, is not its child. */
  function startAgain(actor: LiveActor, { message, from }: Envelope, mark: () => void): Outcome {
    const { id, logic, parent, child_id } = actor.row;
    if (parent === from && child_id === message.child && logic === message.logic) return note(actor, mark);
    return { type: "refused", code: "name_taken", detail: `there is an actor ${id} already: ${logic}` };
  }

  function refuse(actor: string): { status: "refused"; code: string; detail: string } {
    const gone = readActor(storage, actor) !== undefined;
    return { status: "refused", code: gone ? "gone" : "not_found", detail: `there is no actor ${actor}${gone ? " any more" : ""}` };
  }

  async function startChild(id: string, { message, from, to }: Envelope, mark: () => void): Promise<Outcome> {
    if (readActor(storage, id)) return { type: "refused", ...refuse(id) };
    const definition = typeof message.definition === "string" ? message.definition : undefined;
    try {
      const loaded = await actors.loadLogic(String(message.logic), definition ?? null);
      const request = {
        actor: id,
        logic: String(message.logic),
        parent: from,
        child: String(message.child),
        ...(message.input !== undefined && { input: message.input }),
        ...(message.along !== undefined && { metadata: message.along }),
        ...(definition !== undefined && { definition }),
      };
      return { type: "taken", actor: await stepper.begin(request, loaded, mark) };
    } catch (error) {
      if (error instanceof DefinitionUnavailableError || error instanceof NewerVersionError || error instanceof StoreFailedError)
        throw error;
      // The parent must hear that its child never began.
      committer.commit(() => {
        mark();
        tellFailedStart(from, to, message, toErrorData(error) ?? null);
      });
      return { type: "taken", actor: undefined };
    }
  }

  function tellFailedStart(parent: string, sender: string, message: Message, error: Json): void {
    committer.outbox.append([parent], { type: "host.error", child: message.child, error }, { sender });
  }

  function readMessage(
    actor: LiveActor,
    envelope: Envelope,
    translate?: Translate,
  ): (ReturnType<Translate> & { following?: LastWords }) | undefined {
    const { message, from } = envelope;
    if (message.type === "host.done" || message.type === "host.error") {
      const child = String(message.child);
      if (readChild(storage, actor.row.id, child) !== from) return undefined;
      return { event: { ...describeEnd(message), address: from } };
    }
    if (message.type === "host.event") {
      const child = readChildren(storage, actor.row.id).find(({ address }) => address === from)?.id;
      if (child === undefined && from !== actor.row.parent) return undefined;
      const events = readFollowing(message);
      return { event: message.event as ActorEvent, ...(child !== undefined && events.length && { following: { child, events } }) };
    }
    return translate?.(envelope) ?? { event: message as ActorEvent };
  }

  /** @param keep what is written of an event that threw */
  async function sendJudged(id: string, event: ActorEvent, options: SendOptions, keep: (error: string) => void): Promise<Result> {
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
    return takeOr(actor, event, options, keep);
  }

  /** What the machine's code threw: a guard, or a step. */
  function setThrownAside(error: unknown, keep: (error: string) => void): Refusal {
    if (error instanceof StoreFailedError) throw error;
    const detail = toPlainError(error).message;
    committer.commit(() => keep(detail));
    return { ok: false, code: "threw", detail };
  }

  async function takeOr(
    actor: LiveActor,
    event: ActorEvent,
    options: Parameters<Stepper["take"]>[2],
    keep: (error: string) => void,
  ): Promise<Result> {
    try {
      return { ok: true, actor: await stepper.take(actor, event, options) };
    } catch (error) {
      return setThrownAside(error, keep);
    }
  }

  async function hearRefusal({ to, message, code, detail }: Undeliverable, sender: string, forget: () => void): Promise<void> {
    const id = nameIn(sender);
    if (message.type === "host.start") {
      // As if the child had begun and failed at once.
      const failed = { type: "host.error", child: message.child, error: { name: "Error", message: detail } };
      const outcome = await run({ from: to, id: 0, to: sender, message: failed }, forget);
      if (outcome.type === "aside")
        committer.commit(() => {
          forget();
          deadLetters.add({ actor: id, sender: to, event: failed, code: outcome.code, error: outcome.error });
        });
      return;
    }
    // Who stops, or has ended, has nothing to do about it.
    if (message.type === "host.stop" || message.type === "host.done" || message.type === "host.error") return;
    const event = {
      type: "delivery.refused",
      to,
      message: message.type,
      code,
      detail,
      ...describeRefusal?.({ to, message, code, detail }),
    };
    const setAside = (why: string, error: string): void => {
      forget();
      deadLetters.add({ actor: id, event, code: why, error });
    };
    const answer = await sendJudged(id, event, { also: forget }, (error) => setAside("threw", error));
    if (!answer.ok && ["unknown_event", "not_taken"].includes(answer.code)) committer.commit(() => setAside(answer.code, detail));
  }

  async function retry(id: number, translate?: Translate): Promise<Result> {
    const entry = deadLetters.find(id);
    if (!entry) return { ok: false, code: "unknown_event", detail: `there is no dead letter ${id}` };
    const remove = (): void => deadLetters.remove(id);
    const keep = (error: string): void => deadLetters.note(id, error);
    const event = JSON.parse(entry.event) as ActorEvent;
    const origin = entry.origin === null ? undefined : (JSON.parse(entry.origin) as Origin);
    if (origin) {
      const actor = await actors.load(entry.actor);
      const current = "timer" in origin ? timers.isSet(origin.timer) : jobs.isCurrent(origin.job);
      if (!actor || !current)
        return { ok: false, code: "not_taken", detail: `${entry.actor} has moved on: nothing waits for ${event.type}` };
      return takeOr(actor, event, { before: () => forgetOrigin(origin), also: remove }, keep);
    }
    if (entry.sender === null) return sendJudged(entry.actor, event, { also: remove }, keep);
    const outcome = await run({ from: entry.sender, id: entry.number ?? 0, to: addressIn(entry.actor), message: event }, remove, translate);
    if (outcome.type === "refused") return { ok: false, code: "unknown_actor", detail: outcome.detail };
    if (outcome.type === "aside") {
      committer.commit(() => keep(outcome.error));
      return { ok: false, code: outcome.code, detail: outcome.error };
    }
    const actor = outcome.actor ?? (await actors.load(entry.actor));
    return actor ? { ok: true, actor } : { ok: false, code: "unknown_actor", detail: `${entry.actor} did not begin` };
  }

  function drop(id: number): boolean {
    const entry = deadLetters.find(id);
    if (!entry) return false;
    const message = JSON.parse(entry.event) as Message;
    const { sender, origin, actor } = entry;
    committer.commit(() => {
      deadLetters.remove(id);
      if (origin !== null) forgetOrigin(JSON.parse(origin) as Origin);
      if (sender !== null && message.type === "host.start")
        tellFailedStart(sender, addressIn(actor), message, { name: "Error", message: `dropped by an operator: ${entry.error}` });
    });
    return true;
  }

  function forgetOrigin(origin: Origin): void {
    if ("timer" in origin) timers.forget(origin.timer);
    else jobs.forget(origin.job);
  }

  /** The address under which one of this object's actors is reached. */
  function addressIn(actor: string): string {
    return nameIn(world.address) === actor ? world.address : `${world.address.slice(0, world.address.indexOf("/"))}/${actor}`;
  }

  return {
    receive,
    send: (id, event, options = {}) =>
      sendJudged(id, event, options, (error) => {
        // Its caller has the event, and hears the error.
        if (!deadLetters.isFull()) deadLetters.add({ actor: id, event, code: "threw", error });
      }),
    hearRefusal,
    retry,
    drop,
  };
}

/** Whether the actor takes it. @throws what a guard throws, unless that is to be the actor's own failure */
function judge({ machine, snapshot, logic }: LiveActor, event: ActorEvent): Refusal["code"] | undefined {
  try {
    return judgeEvent(machine, snapshot, event);
  } catch (error) {
    if (logic.throws === "fail") return undefined;
    throw error;
  }
}

/** An actor's id in its address. */
function nameIn(address: string): string {
  return address.slice(address.indexOf("/") + 1);
}
