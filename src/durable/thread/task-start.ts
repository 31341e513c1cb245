/** What a task's object knows of its thread, and how its turns are named. Knows the row, not the machine. */
import type { CloudEvent } from "../../wire/event.ts";
import type { ActorScope } from "../host/logic.ts";

/** What a task's object knows of its thread; it travels beside the machine's input. */
export interface TaskStart {
  thread: string;
  workflow: string;
  event: CloudEvent;
  /** The sender's id. */
  initiator: string;
}

/** A task's start never changes: it is read once in an object's life. */
const starts = new WeakMap<object, TaskStart>();

export function readTaskStart(scope: Pick<ActorScope, "storage" | "along">): TaskStart {
  if (scope.along !== undefined) return scope.along as unknown as TaskStart;
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
