import type { ThreadView } from "../../../contract/views/thread.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { QueueMessage } from "../../protocol/recruitment.ts";
import type { Admit } from "../../protocol/workflow.ts";
import { carryOn } from "../../routing/chain-depth.ts";
import { makeThreadEvent } from "../log/make-event.ts";
import { describeThread } from "../recruitment/recruitment-logic.ts";
import type { RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { dropEpoch, findNextEpoch, writeOrigin } from "./epochs.ts";
import { changeThread, readThread, type ThreadRow } from "./thread-rows.ts";

export type NoteQueue = ThreadQueueNotes["noteQueue"];

interface ThreadQueueNotes {
  noteQueue(message: QueueMessage<"thread.queued" | "thread.dropped">, envelope: Envelope, status: "queued" | "dropped"): Delivery;
}

export function createNoteQueue({ name, host, lifecycle, clock, project }: RecruitmentPorts): NoteQueue {
  function noteQueue(
    message: QueueMessage<"thread.queued" | "thread.dropped">,
    envelope: Envelope,
    status: "queued" | "dropped",
  ): Delivery {
    host.committer.commit(() => {
      host.committer.inbox.mark(envelope);
      const before = readThread(lifecycle);
      if (before && before.status !== "queued") return;
      if (before && message.epoch !== undefined) {
        if (findNextEpoch(lifecycle)?.number === message.epoch) noteAgain(before, status, message.reason);
        return;
      }
      const at = clock.now();
      if (message.fork) writeOrigin(lifecycle, message.fork);
      changeThread(lifecycle, {
        ...makeThreadRow(name, message, status, at),
        reason: message.reason,
        created_at: before?.created_at ?? at,
        changes: 0,
      });
      const { outbox } = host.committer;
      const again = (message.epoch ?? 1) > 1 ? `-${message.epoch}` : "";
      // The queue has logged it and told the initiator; reflexes that listen to it are left.
      const event = makeThreadEvent(name, `${name}${again}.${status}`, `nerve.thread.${status}`, message.event.id, at, {
        thread: name,
        workflow: message.workflow,
        reason: message.reason,
      });
      outbox.append(["events"], { type: "route", event: { ...event, ...carryOn(message.event) } });
      if (status === "dropped" && message.parent) outbox.append(["events"], { type: "child.report" });
    });
    return { status: "stored" };
  }

  /** One that was there before waits, or stays as it had ended: another thread of its key is live. */
  function noteAgain(before: ThreadRow, status: "queued" | "dropped", reason: string): void {
    const outcome = before.outcome ?? undefined;
    const row = { ...before, changes: before.changes + 1, updated_at: clock.now() };
    if (status === "dropped") dropEpoch(lifecycle);
    const changed: ThreadRow =
      status === "queued"
        ? { ...row, reason }
        : { ...row, status: outcome?.status ?? "cancelled", reason: outcome ? (outcome.error ?? null) : reason };
    changeThread(lifecycle, changed);
    project(describeThread(changed, [], changed.reason));
  }

  return noteQueue;
}

/** The row of a thread that was not there before. @param now milliseconds since the epoch */
export function makeThreadRow(name: string, message: Admit, status: ThreadView["status"], now: number): ThreadRow {
  return {
    id: name,
    workflow: message.workflow,
    revision: message.revision,
    event: message.event,
    initiator: message.initiator,
    key: message.key,
    status,
    changes: 1,
    task: null,
    outcome: null,
    reason: null,
    parent: message.parent ?? null,
    priority: message.priority ?? null,
    supplement: null,
    created_at: now,
    updated_at: now,
  };
}
