/**
 * Another object's message, run by the actor that it is for: a child begins or is stopped, an actor takes an event. Knows the host's
 * own messages (`host.*`); everything else is an actor's event.
 */
import type { Json } from "../../contract/event.ts";
import type { DeliveryRefusal } from "../../contract/refusals.ts";
import { type Envelope, type HostMessage, readHostMessage } from "../protocol/envelope.ts";
import { type ActorDocs, listChildren } from "./actor-docs.ts";
import type { LastWords } from "./advance.ts";
import { findChild } from "./apply-effects.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ActorEvent } from "./effects.ts";
import { toErrorData, toPlainError } from "./error-data.ts";
import type { Translate } from "./host-types.ts";
import { describeEnd, readFollowing } from "./last-messages.ts";
import { DefinitionUnavailableError, type LiveActor, type LiveActors } from "./live-actors.ts";
import { NewerVersionError } from "./newer-version.ts";
import { StoreFailedError } from "./receiver-state.ts";
import { judge } from "./send-event.ts";
import { findFault, type RefusalCode } from "./step.ts";
import type { Stepper } from "./stepper.ts";

type HostStart = Extract<HostMessage, { type: "host.start" }>;

/** What became of a message. `aside`: nothing was written, and it can't be run now. */
export type Outcome =
  | { type: "taken"; actor: LiveActor | undefined }
  | { type: "refused"; code: DeliveryRefusal; detail: string }
  | { type: "aside"; code: RefusalCode | "threw"; error: string };

export interface MessageRunner {
  /** @param mark written with what the message leads to, so that it is run once */
  run(envelope: Envelope, mark: () => void, translate?: Translate): Promise<Outcome>;
  /** Why nothing can be said to an actor that is not here. */
  refuse(actor: string): { status: "refused"; code: DeliveryRefusal; detail: string };
  /** Tells a parent that its child never began. @param sender the child's address @param child the parent's id for it */
  tellFailedStart(parent: string, sender: string, child: string, error: Json): void;
}

export interface MessageRunnerPorts {
  docs: ActorDocs;
  committer: Committer;
  actors: LiveActors;
  deadLetters: Pick<DeadLetters, "removeStarts">;
  stepper: Stepper;
}

export function createMessageRunner({ docs, committer, actors, deadLetters, stepper }: MessageRunnerPorts): MessageRunner {
  async function run(envelope: Envelope, mark: () => void, translate?: Translate): Promise<Outcome> {
    const said = readHostMessage(envelope.message);
    const id = nameIn(envelope.to);
    const actor = await actors.load(id);
    if (said?.type === "host.start") return actor ? startAgain(actor, envelope.from, said, mark) : startChild(id, envelope, said, mark);
    if (said?.type === "host.stop") {
      // Not the sender's child: it only shares the address.
      if (actor && actor.row.parent !== envelope.from) return note(actor, mark);
      stepper.stop(actor, () => {
        mark();
        deadLetters.removeStarts(id);
      });
      return { type: "taken", actor: undefined };
    }
    if (!actor) return { type: "refused", ...refuse(id) };
    const read = readMessage(actor, envelope, translate);
    // Ignore messages of an earlier child, and messages for an actor that has ended.
    if (!read || actor.row.status !== "active") return note(actor, mark);
    const fromHost = said?.type === "host.done" || said?.type === "host.error";
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
  function startAgain(actor: LiveActor, from: string, start: HostStart, mark: () => void): Outcome {
    const { id, logic, parent, child_id } = actor.row;
    if (parent === from && child_id === start.child && logic === start.logic) return note(actor, mark);
    return { type: "refused", code: "name_taken", detail: `there is an actor ${id} already: ${logic}` };
  }

  function refuse(actor: string): { status: "refused"; code: DeliveryRefusal; detail: string } {
    const gone = docs.read(actor) !== undefined;
    return { status: "refused", code: gone ? "gone" : "not_found", detail: `there is no actor ${actor}${gone ? " any more" : ""}` };
  }

  async function startChild(id: string, { from, to }: Envelope, start: HostStart, mark: () => void): Promise<Outcome> {
    if (docs.read(id)) return { type: "refused", ...refuse(id) };
    const { logic, child, input, definition, along: metadata } = start;
    try {
      const loaded = await actors.loadLogic(logic, definition ?? null);
      const request = {
        actor: id,
        logic,
        parent: from,
        child,
        ...(input !== undefined && { input }),
        ...(metadata !== undefined && { metadata }),
        ...(typeof definition === "string" && { definition }),
      };
      return { type: "taken", actor: await stepper.begin(request, loaded, mark) };
    } catch (error) {
      if (error instanceof DefinitionUnavailableError || error instanceof NewerVersionError || error instanceof StoreFailedError)
        throw error;
      // The parent must hear that its child never began.
      committer.commit(() => {
        mark();
        tellFailedStart(from, to, child, toErrorData(error) ?? null);
      });
      return { type: "taken", actor: undefined };
    }
  }

  function tellFailedStart(parent: string, sender: string, child: string, error: Json): void {
    const failed: HostMessage = { type: "host.error", child, error };
    committer.outbox.append([parent], failed, { sender });
  }

  function readMessage(
    actor: LiveActor,
    envelope: Envelope,
    translate?: Translate,
  ): (ReturnType<Translate> & { following?: LastWords }) | undefined {
    const { message, from } = envelope;
    const said = readHostMessage(message);
    if (said?.type === "host.done" || said?.type === "host.error") {
      if (findChild(docs, actor.row.id, said.child) !== from) return undefined;
      return { event: { ...describeEnd(said), address: from }, metadata: said.along };
    }
    if (said?.type === "host.event") {
      const child = listChildren(docs.read(actor.row.id) ?? { children: {} }).find(({ address }) => address === from)?.id;
      if (child === undefined && from !== actor.row.parent) return undefined;
      const events = readFollowing(said);
      return { event: said.event, ...(child !== undefined && events.length && { following: { child, events } }) };
    }
    return translate?.(envelope) ?? { event: message as ActorEvent };
  }

  return { run, refuse, tellFailedStart };
}

/** An actor's id in its address. */
export function nameIn(address: string): string {
  return address.slice(address.indexOf("/") + 1);
}
