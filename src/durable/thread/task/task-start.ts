/** What a task's object knows of its thread, and how its turns are named. Knows the row, not the machine. */
import * as z from "zod";
import { start } from "../../../../machines/messages.ts";
import { open } from "../../../contract/shape.ts";
import type { StepScope } from "../../host/logic.ts";
import type { Storage } from "../../host/ports.ts";
import { event, json } from "../../protocol/parts.ts";
import { trust } from "../../protocol/trust.ts";
import { writeSupplement } from "./task-rows.ts";

/** Which earlier steps a later epoch's task keeps. */
const again = open({
  epoch: z.number(),
  start,
  /** The last turn of earlier epochs. */
  round: z.number(),
  /** Steps after this one do not count; null: all count. */
  keep: z.number().nullable(),
  reason: z.string(),
});
export type Again = z.infer<typeof again>;

/** What a task's object knows of its thread; it comes beside the machine's input. */
export const taskStart = open({
  thread: z.string(),
  workflow: z.string(),
  event,
  /** The sender's id. */
  initiator: z.string(),
  /** Of a thread that was begun anew; absent: the first time. */
  again: again.optional(),
  /** What the last resume added, or null; absent: there was none. Kept beside the rest. */
  supplement: json.optional(),
});
export type TaskStart = z.infer<typeof taskStart>;

/** A task's start changes only with its epoch: it is read once in an object's life. */
const starts = new WeakMap<object, TaskStart>();

/** Keeps what came beside a task's start, and leaves out of the count what its epoch does not keep. */
export function writeTaskStart(storage: Storage, { supplement, ...start }: TaskStart): void {
  storage.exec("INSERT OR REPLACE INTO task VALUES (1, ?, ?, ?)", start.thread, start.workflow, JSON.stringify(start));
  starts.delete(storage);
  if (supplement !== undefined) writeSupplement(storage, supplement);
  const { again: before } = start;
  if (before && before.keep !== null)
    storage.exec("INSERT OR REPLACE INTO undone VALUES (?, ?, ?)", before.epoch, before.keep, before.round);
}

export function readTaskStart(scope: Pick<StepScope, "storage" | "metadata">): TaskStart {
  if (scope.metadata !== undefined) return trust(taskStart, scope.metadata);
  const known = starts.get(scope.storage);
  if (known) return known;
  const row = scope.storage.exec<{ event: string }>("SELECT event FROM task")[0];
  if (!row) throw new Error("the task has not been started");
  const stored = trust(taskStart, JSON.parse(row.event));
  starts.set(scope.storage, stored);
  return stored;
}

/** The full id of a turn: it names its task. */
export function makeTurnId(task: string, turn: number): string {
  return `${task}:${turn}`;
}
