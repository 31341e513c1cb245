/** What a thread says belongs to the trace of the event that began it. Knows rows, documents and events, no machine. */
import type { CloudEvent } from "../../../contract/event.ts";
import { readMail } from "../../protocol/agent.ts";
import type { Envelope, Parcelled } from "../../protocol/envelope.ts";
import { createTraceStamp } from "../../trace/trace-ids.ts";
import { readThread, type ThreadDocuments } from "../lifecycle/thread-rows.ts";
import type { TaskDocuments } from "../task/task-documents.ts";

export interface Stamp {
  /** Stamping an event again gives the same trace. */
  stamp(event: CloudEvent): CloudEvent;
  /** Mail whose event a thread says; any other is left as it is. */
  stampMail(envelope: Envelope): Envelope;
}

/** @param isRoot whether the object has the thread's row, or a task's documents only */
export function createStamp({
  lifecycle,
  documents,
  isRoot,
}: {
  lifecycle: ThreadDocuments;
  documents: Pick<TaskDocuments, "start">;
  isRoot: boolean;
}): Stamp {
  let initiating: CloudEvent | undefined;
  /** The stamp of the event that began the thread when it was made. */
  let made: { first: CloudEvent; stamp(event: CloudEvent): CloudEvent } | undefined;

  /** The event that began the thread, once there is one. */
  function findInitiating(): CloudEvent | undefined {
    if (initiating) return initiating;
    if (!isRoot) return documents.start.get("")?.event;
    const row = readThread(lifecycle);
    initiating = row?.event;
    return initiating;
  }

  function stamp(event: CloudEvent): CloudEvent {
    const first = findInitiating();
    if (!first) return event;
    if (made?.first !== first) made = { first, stamp: createTraceStamp(first) };
    return made.stamp(event);
  }

  function stampOne<Sent extends Parcelled>(sent: Sent): Sent {
    const mail = readMail(sent.message);
    return mail?.event.source.startsWith("/threads/") ? { ...sent, message: { ...sent.message, event: stamp(mail.event) } } : sent;
  }

  return {
    stamp,
    stampMail(envelope) {
      const { more } = envelope;
      return { ...stampOne(envelope), ...(more && { more: more.map(stampOne) }) };
    },
  };
}
