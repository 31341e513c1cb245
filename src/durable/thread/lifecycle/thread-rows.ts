/** What a thread's root keeps of the thread itself, in documents of its object. Knows the store, no machine. */
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { Outcome } from "../../../contract/kinds/thread.ts";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { Resident } from "../../host/store/collections.ts";
import { openLazily } from "../../host/store/open-lazily.ts";
import type { ParentLink } from "../../protocol/workflow.ts";
import type { EpochsDocument, Origin } from "./epoch-plan.ts";

export interface ThreadRow {
  id: string;
  workflow: string;
  revision: string;
  /** The initiating event. */
  event: CloudEvent;
  initiator: string;
  key: string | null;
  status: ThreadStatus;
  /** Grows with every change: the index takes the greatest. */
  changes: number;
  /** Address of the task. */
  task: string | null;
  /** Null before the end. */
  outcome: Outcome | null;
  reason: string | null;
  /** Null: no thread spawned it. */
  parent: ParentLink | null;
  /** In its workflow's queue; null: it had none. */
  priority: number | null;
  /** What a resume added before the task began, with which it begins; null within: it takes away what was added earlier. Null: nothing. */
  supplement: { added: Json } | null;
  /** Milliseconds since the epoch. */
  created_at: number;
  updated_at: number;
}

/** One document each, all in memory. The thread's is as large as an event, an output and a prompt; the epochs' as two events. */
export interface ThreadDocuments {
  thread: Resident<ThreadRow>;
  epochs: Resident<EpochsDocument>;
  origin: Resident<Origin>;
  /** How many copies were made of it. */
  forks: Resident<number>;
}

/** Under which name each is kept: a storage format. */
export const threadCollections = {
  thread: "thread",
  epochs: "thread.epochs",
  origin: "thread.origin",
  forks: "thread.forks",
} as const satisfies Record<keyof ThreadDocuments, string>;

/** Once for a store. */
export const openThreadDocuments = openLazily<ThreadDocuments>(
  {
    thread: (store) => store.resident(threadCollections.thread),
    epochs: (store) => store.resident(threadCollections.epochs),
    origin: (store) => store.resident(threadCollections.origin),
    forks: (store) => store.resident(threadCollections.forks),
  },
  Object.values(threadCollections),
);

export function readThread({ thread }: ThreadDocuments): ThreadRow | undefined {
  return thread.get("");
}

export function changeThread({ thread }: ThreadDocuments, row: ThreadRow): void {
  thread.put("", row);
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
