/** What a workflow says of a thread that has no place: to its object, to who began it, and to D1. Knows messages, no rows of the queue. */
import { makeEngineEvent } from "../../contract/kinds/make-engine-event.ts";
import type { Clock } from "../host/ports.ts";
import type { ProjectionOutbox } from "../projector/projection-outbox.ts";
import { createMail } from "../protocol/agent.ts";
import type { TypedOutbox } from "../protocol/typed-host.ts";
import type { WorkflowMessage } from "../protocol/workflow.ts";
import { stampTrace } from "../trace/trace-ids.ts";

/** Says that the thread waits, or never begins, within the transaction. */
export type AnnounceWaiting = (admit: WorkflowMessage<"admit">, kind: "queued" | "dropped", why: string) => void;

export function createAnnounceWaiting({
  name,
  clock,
  outbox,
  projection,
}: {
  /** The workflow's. */
  name: string;
  clock: Clock;
  outbox: Pick<TypedOutbox, "append">;
  projection: Pick<ProjectionOutbox, "append">;
}): AnnounceWaiting {
  return (admit, kind, why) => {
    const now = clock.now();
    const at = new Date(now).toISOString();
    const again = (admit.epoch ?? 1) > 1;
    const id = `${admit.thread}${again ? `-${admit.epoch}` : ""}.${kind}`;
    const attributes = { id, source: `/threads/${admit.thread}`, correlationid: admit.thread, causationid: admit.event.id };
    const untraced = makeEngineEvent(`nerve.thread.${kind}`, attributes, now, { thread: admit.thread, workflow: name, reason: why });
    const event = stampTrace(untraced, admit.event);
    // Its own object answers for it from now on.
    outbox.append([`recruitment/${admit.thread}`], {
      ...admit,
      type: `thread.${kind}`,
      reason: why,
    });
    if (admit.event.source.startsWith("/agents/")) outbox.append([`agent/${admit.initiator}`], createMail({ channel: "my", event }));
    projection.append({ table: "event", event, thread: admit.thread });
    // Of one that was there before, the root writes the row.
    if (again) return;
    projection.append({
      table: "thread",
      id: admit.thread,
      // What was queued may be dropped after it.
      revisionNumber: kind === "queued" ? 0 : 1,
      workflow: name,
      revision: admit.revision,
      status: kind,
      createdAt: at,
      updatedAt: at,
      initiator: admit.initiator,
      key: admit.key,
      agents: admit.event.source.startsWith("/agents/") ? [admit.initiator] : [],
      waiting: kind === "queued" ? why : null,
      parent: admit.parent?.thread ?? admit.fork?.parent ?? null,
    });
  };
}
