/** What an object of a thread tells D1 of the thread's events: the log, and with it what the thread waits for. Knows rows, no machine. */
import type { CloudEvent } from "../../../contract/event.ts";
import type { Storage } from "../../host/ports.ts";
import type { ProjectionRow } from "../../protocol/rpc.ts";
import { readBroadcast } from "../broadcast/audience-rows.ts";
import { readTurnNumber } from "../turn/turn-data.ts";
import { createWaitNotes } from "./note-waits.ts";

export interface ThreadLog {
  /** Adds an event of the thread, in the transaction. */
  log(event: CloudEvent, thread: string): void;
  /** Adds what an agent said, first in the transaction that takes it: what the thread says in it has that as its cause. */
  logCause(event: CloudEvent, thread: string): void;
  /** Id of the event that the present transaction takes. */
  readonly cause: string | null;
  /** Last in every transaction. */
  beforeCommit(): void;
  onRollback(): void;
}

export function createThreadLog(ports: {
  storage: Storage;
  /** The thread's name, where its root is here. */
  root: string | undefined;
  hasTasks: boolean;
  now(): number;
  /** The event in the thread's trace. */
  stamp(event: CloudEvent): CloudEvent;
  project(row: ProjectionRow): void;
}): ThreadLog {
  const { storage, hasTasks, stamp, project } = ports;
  const isBroadcast = (turn: string): boolean => hasTasks && readBroadcast(storage, readTurnNumber(turn)) !== undefined;
  const waits = createWaitNotes({ ...ports, isBroadcast });
  let cause: string | null = null;

  function log(event: CloudEvent, thread: string): void {
    project({ table: "event", event: stamp(event), thread });
    waits.note(event, thread);
  }

  return {
    log,
    logCause(event, thread) {
      cause = event.id;
      log(event, thread);
    },
    get cause() {
      return cause;
    },
    beforeCommit() {
      cause = null;
      waits.beforeCommit();
    },
    onRollback() {
      cause = null;
      waits.undo();
    },
  };
}
