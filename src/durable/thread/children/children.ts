/**
 * The threads that a task's edges spawn: started by way of their workflow's queue, waited for, and cancelled with their parent.
 * Everything here is a message that is taken once. Knows documents, the registry and the task's actor, not the platform.
 */
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import type { TaskMessage } from "../../protocol/task.ts";
import { readEpoch } from "../lifecycle/epochs.ts";
import { readTaskStart } from "../task/counted-steps.ts";
import type { ChildDocument } from "../task/task-documents.ts";
import { readTurn } from "../task/turn-documents.ts";
import { changeChild, findChild, readUnended } from "./child-documents.ts";
import type { ChildrenPorts } from "./children-ports.ts";
import { createTellTask } from "./join-children.ts";
import { createSpawnChild } from "./spawn-child.ts";

export interface Children {
  /** An own message: an edge starts a child. @param mark written with what follows */
  spawn(message: OwnMessage<"spawn">, mark: () => void): Promise<void>;
  /** A child has ended. */
  noteEnd(message: TaskMessage<"child.ended">, envelope: Envelope): Promise<Delivery>;
  /** The thread has ended, and with it the children that it waited for. */
  endAll(message: TaskMessage<"children.end">, envelope: Envelope): Promise<Delivery>;
}

export function createChildren(ports: ChildrenPorts): Children {
  const { host, documents } = ports;
  const { inbox } = host.committer;
  const tellTask = createTellTask(ports);
  /** One end at a time: the last of them writes the prompt that sees them all. */
  let joining: Promise<unknown> = Promise.resolve();

  async function noteEnd(message: TaskMessage<"child.ended">, envelope: Envelope): Promise<void> {
    const { thread, round, place, status, output, error } = message;
    const mark = (): void => inbox.mark(envelope);
    const child = findChild(documents, round, place);
    if (child?.thread !== thread || child.told) return void host.committer.commit(mark);
    const ended: ChildDocument = { ...child, status, output, error };
    host.committer.commit(() => changeChild(documents, ended));
    await tellTask(envelope.to.slice("task/".length), ended, status === "dropped" ? "failed" : status, mark);
  }

  /** The thread has ended: who was spawned by it ends too, but for those that a completed one did not wait for. */
  function endAll(message: TaskMessage<"children.end">, envelope: Envelope): void {
    const leaves = message.status === "completed";
    const { again } = readTaskStart(documents);
    // The message may arrive after the thread began anew: leave children alone that were started since.
    const last = again && again.epoch > readEpoch(envelope.to.slice("task/".length)) ? again.round : Number.MAX_SAFE_INTEGER;
    const ended = readUnended(documents).filter(({ awaited, round }) => round <= last && (!leaves || (awaited && !endsThread(round))));
    host.committer.commit(() => {
      inbox.mark(envelope);
      for (const child of ended) {
        changeChild(documents, { ...child, status: "cancelled", error: "its parent has ended", told: true });
        // Through the queue, so that it comes after the message that starts the child.
        if (child.thread !== null)
          host.committer.outbox.append([`workflow/${child.workflow}`], {
            type: "signal",
            signal: "cancel",
            thread: child.thread,
            event: message.event ?? null,
          });
      }
    });
  }

  /** Whether the edge taken at the round led to the end: then nobody waited for its children. */
  function endsThread(round: number): boolean {
    return readTurn(documents, round)?.decision?.target === "$END";
  }

  async function takeInTurn(envelope: Envelope, take: () => Promise<void>): Promise<Delivery> {
    const taken = joining.then(() => (inbox.isRepeat(envelope) ? undefined : take()));
    joining = taken.catch(() => {});
    await taken;
    return { status: "stored" };
  }

  return {
    spawn: createSpawnChild(ports, tellTask),
    noteEnd: (message, envelope) => takeInTurn(envelope, () => noteEnd(message, envelope)),
    endAll: (message, envelope) => takeInTurn(envelope, async () => endAll(message, envelope)),
  };
}
