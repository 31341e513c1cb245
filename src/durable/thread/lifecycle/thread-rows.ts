/** The root's row of its thread. Knows SQL only. */
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { Row, Storage } from "../../host/ports.ts";
import { trust } from "../../protocol/trust.ts";
import { type ParentLink, parentLink } from "../../protocol/workflow.ts";

export interface ThreadRow extends Row {
  id: string;
  workflow: string;
  revision: string;
  /** The initiating event, as JSON. */
  event: string;
  initiator: string;
  key: string | null;
  status: ThreadStatus;
  /** Grows with every change: the index takes the greatest. */
  changes: number;
  /** Address of the task. */
  task: string | null;
  /** The outcome as JSON; before the end, the last output and prompt that it will hold. */
  outcome: string | null;
  reason: string | null;
  /** {@link ParentLink} as JSON; null: no thread spawned it. */
  parent: string | null;
  /** In its workflow's queue; null: it had none. */
  priority: number | null;
  /** What a resume added before the task began, as JSON; null: nothing. */
  supplement: string | null;
  created_at: number;
  updated_at: number;
}

export function readThread(storage: Storage): ThreadRow | undefined {
  return storage.exec<ThreadRow>("SELECT * FROM thread")[0];
}

export function changeThread(storage: Storage, row: ThreadRow): void {
  storage.exec(
    "INSERT OR REPLACE INTO thread (one, id, workflow, revision, event, initiator, key, status, changes, task, outcome, reason, parent, priority, supplement, created_at, updated_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    row.id,
    row.workflow,
    row.revision,
    row.event,
    row.initiator,
    row.key,
    row.status,
    row.changes,
    row.task,
    row.outcome,
    row.reason,
    row.parent,
    row.priority,
    row.supplement,
    row.created_at,
    row.updated_at,
  );
}

export function readParent({ parent }: Pick<ThreadRow, "parent">): ParentLink | undefined {
  return parent === null ? undefined : trust(parentLink, JSON.parse(parent));
}

const ended: Record<ThreadStatus, boolean> = {
  queued: false,
  recruiting: false,
  running: false,
  suspended: false,
  completed: true,
  failed: true,
  cancelled: true,
  dropped: true,
};

/** Whether a thread of this status has come to its end. */
export function isEnded(status: ThreadStatus): boolean {
  return ended[status];
}
