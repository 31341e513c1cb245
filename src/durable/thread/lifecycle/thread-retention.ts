/**
 * How a thread's root leaves: some time after its end what people still look at goes to D1, its task's object is told to go,
 * and once nothing waits to be sent the object may be emptied. Knows rows and ports, not the platform.
 */
import { type Result, refuse } from "../../../contract/problem.ts";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { RecruitmentCore } from "../recruitment/recruitment-core.ts";
import { isEnded, readThread, type ThreadDocuments } from "./thread-rows.ts";

export const retentionLimits = {
  /** Milliseconds between two looks whether everything has left: what is on its way may wait for an object that is away. */
  again: 60_000,
  /** Milliseconds that an emptied object remembers that it was there: what was sent while it lived has come or is lost by then. */
  tombstone: 30 * 86_400_000,
} as const;

export interface ThreadRetention {
  /** The thread's row changed. */
  note(row: { status: ThreadStatus; updatedAt: string }): void;
  /** The transaction was rolled back: what was noted is read anew. */
  reread(): void;
  /** When the alarm must look, in milliseconds since the epoch; undefined: the thread lives. */
  due(): number | undefined;
  /** It is being archived: nothing may change it any more. */
  leaving(): boolean;
  /** All has left: the object may be emptied. */
  ready(): boolean;
  /** Takes the next step, where it is time. */
  work(): Promise<void>;
}

export interface ThreadRetentionPorts {
  lifecycle: ThreadDocuments;
  now(): number;
  /** Milliseconds that an ended thread stays in its object. */
  keep: number;
  /** Nothing waits to be sent, to other objects and to D1. */
  isIdle(): boolean;
  /** Commits the archive's row, and what tells others. */
  archive(): Promise<void>;
  flush(): Promise<void>;
}

export function createThreadRetention({ lifecycle, now, keep, isIdle, archive, flush }: ThreadRetentionPorts): ThreadRetention {
  let endedAt = read();
  let leaving = false;
  let again = 0;

  function read(): number | undefined {
    const row = readThread(lifecycle);
    return row && isEnded(row.status) ? row.updated_at : undefined;
  }

  const due = (): number | undefined => (endedAt === undefined ? undefined : Math.max(endedAt + keep, again));
  const isOver = (): boolean => endedAt !== undefined && now() >= endedAt + keep;

  return {
    note({ status, updatedAt }) {
      endedAt = isEnded(status) ? Date.parse(updatedAt) : undefined;
    },
    reread() {
      endedAt = read();
    },
    due,
    leaving() {
      return leaving;
    },
    ready() {
      return leaving && isOver() && isIdle();
    },
    async work() {
      const at = due();
      if (at === undefined || at > now()) return;
      again = now() + retentionLimits.again;
      // Send earlier rows first: the archive row must be the last.
      if (!leaving && !isIdle()) await flush();
      if (!isIdle() && !leaving) return;
      if (!leaving) {
        leaving = true;
        try {
          await archive();
        } catch (error) {
          leaving = false;
          throw error;
        }
      }
      await flush();
    },
  };
}

/** Whoever would change a thread that is being archived would lose it. */
export function refuseWhileLeaving(root: RecruitmentCore, name: string, isLeaving: () => boolean): RecruitmentCore {
  const guard =
    <Args extends unknown[], T>(change: (...args: Args) => Promise<Result<T>>) =>
    async (...args: Args): Promise<Result<T>> =>
      isLeaving()
        ? refuse("not_allowed_now", `The thread ${name} is archived: it can be shown, and not be changed any more.`)
        : change(...args);
  return { ...root, control: guard(root.control), restart: guard(root.restart), fork: guard(root.fork), assign: guard(root.assign) };
}
