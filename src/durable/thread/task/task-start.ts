/** What a task's object knows of its thread, and how its turns are named. Knows the row, not the machine. */
import type { Start } from "../../../../machines/messages.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { StepScope } from "../../host/logic.ts";
import type { Storage } from "../../host/ports.ts";

/** What a task's object knows of its thread; it travels beside the machine's input. */
export interface TaskStart {
  thread: string;
  workflow: string;
  event: CloudEvent;
  /** The sender's id. */
  initiator: string;
  /** Of a thread that was begun anew; absent: the first time. */
  again?: Again;
}

/** What a task that is not its thread's first does with what was there before. */
export interface Again {
  epoch: number;
  start: Start;
  /** The last turn of earlier epochs. */
  round: number;
  /** Steps after this one do not count; null: all count. */
  keep: number | null;
  reason: string;
}

/** A task's start changes only with its epoch: it is read once in an object's life. */
const starts = new WeakMap<object, TaskStart>();

/** Keeps what came beside a task's start, and leaves out of the count what its epoch does not keep. */
export function writeTaskStart(storage: Storage, start: TaskStart): void {
  storage.exec("INSERT OR REPLACE INTO task VALUES (1, ?, ?, ?)", start.thread, start.workflow, JSON.stringify(start));
  starts.delete(storage);
  const { again } = start;
  if (again && again.keep !== null) storage.exec("INSERT OR REPLACE INTO undone VALUES (?, ?, ?)", again.epoch, again.keep, again.round);
}

export function readTaskStart(scope: Pick<StepScope, "storage" | "metadata">): TaskStart {
  if (scope.metadata !== undefined) return scope.metadata as unknown as TaskStart;
  const known = starts.get(scope.storage);
  if (known) return known;
  const row = scope.storage.exec<{ event: string }>("SELECT event FROM task")[0];
  if (!row) throw new Error("the task has not been started");
  const start = JSON.parse(row.event) as TaskStart;
  starts.set(scope.storage, start);
  return start;
}

/** The full id of a turn: it names its task. */
export function makeTurnId(task: string, turn: number): string {
  return `${task}:${turn}`;
}
