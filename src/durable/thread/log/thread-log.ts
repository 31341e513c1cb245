/** What an object of a thread tells D1 of the thread's events. Knows rows, no machine. */
import type { CloudEvent } from "../../../contract/event.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";

export interface ThreadLog {
  /** Adds an event of the thread, in the transaction. */
  log(event: CloudEvent, thread: string): void;
  /** Logs an agent's event, first in the transaction that takes it: the thread's own events in it get it as their cause. */
  logCause(event: CloudEvent, thread: string): void;
  /** Id of the event that the present transaction takes. */
  cause(): string | null;
  /** Last in every transaction. */
  beforeCommit(): void;
  onRollback(): void;
}

export function createThreadLog(ports: {
  /** The event in the thread's trace. */
  stamp(event: CloudEvent): CloudEvent;
  project(row: ProjectionRow): void;
}): ThreadLog {
  let cause: string | null = null;
  const log = (event: CloudEvent, thread: string): void => ports.project({ table: "event", event: ports.stamp(event), thread });
  const forgetCause = (): void => {
    cause = null;
  };

  return {
    log,
    logCause(event, thread) {
      cause = event.id;
      log(event, thread);
    },
    cause() {
      return cause;
    },
    beforeCommit: forgetCause,
    onRollback: forgetCause,
  };
}
