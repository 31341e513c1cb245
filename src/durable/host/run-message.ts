/**
 * Another object's message, run by the actor that it is for: a child begins or is stopped, an actor takes an event. Knows the host's
 * own messages (`host.*`); everything else is an actor's event.
 */
import type { Json } from "../../contract/event.ts";
import type { Envelope, Message } from "../protocol/rpc.ts";
import type { LastWords } from "./advance.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ActorEvent } from "./effects.ts";
import { toErrorData, toPlainError } from "./error-data.ts";
import type { Translate } from "./host-types.ts";
import { describeEnd, readFollowing } from "./last-messages.ts";
import { DefinitionUnavailableError, type LiveActor, type LiveActors } from "./live-actors.ts";
import { NewerVersionError } from "./newer-version.ts";
import type { Storage } from "./ports.ts";
import { StoreFailedError } from "./receiver-state.ts";
import { readActor, readChild, readChildren } from "./rows.ts";
import { judge, type Refusal } from "./send-event.ts";
import { findFault } from "./step.ts";
import type { Stepper } from "./stepper.ts";

/** What became of a message. `aside`: nothing was written, and it can't be run now. */
export type Outcome =
  | { type: "taken"; actor: LiveActor | undefined }
  | { type: "refused"; code: string; detail: string }
  | { type: "aside"; code: Refusal["code"]; error: string };

export interface MessageRunner {
  /** @param mark written with what the message leads to, so that it is run once */
  run(envelope: Envelope, mark: () => void, translate?: Translate): Promise<Outcome>;
  /** Why nothing can be said to an actor that is not here. */
  refuse(actor: string): { status: "refused"; code: string; detail: string };
  /** Tells a parent that its child never began. @param sender the child's address */
  tellFailedStart(parent: string, sender: string, message: Message, error: Json): void;
}

export interface MessageRunnerPorts {
  storage: Storage;
  committer: Committer;
  actors: LiveActors;
  deadLetters: Pick<DeadLetters, "removeStarts">;
  stepper: Stepper;
}

export function createMessageRunner({ storage, committer, actors, deadLetters, stepper }: MessageRunnerPorts): MessageRunner {
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

  return { run, refuse, tellFailedStart };
}

/** An actor's id in its address. */
export function nameIn(address: string): string {
  return address.slice(address.indexOf("/") + 1);
}
