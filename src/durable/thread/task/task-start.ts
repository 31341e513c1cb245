/** What a task's object knows of its thread, and how its turns are named. Knows no store and no machine. */
import * as z from "zod";
import { start } from "../../../../machines/messages.ts";
import { inOnePiece } from "../../../contract/one-piece.ts";
import { open } from "../../../contract/shape.ts";
import { event, json } from "../../protocol/parts.ts";
import { changedStep } from "../lifecycle/epoch-plan.ts";

/** Which earlier steps a later epoch's task keeps. */
const again = open({
  epoch: z.number(),
  start,
  /** The last turn of earlier epochs. */
  round: z.number(),
  /** Steps after this one do not count; null: all count. */
  keep: z.number().nullable(),
  /** What stands in place of the step `keep`, which does not count either: the epoch begins with it. */
  step: changedStep.optional(),
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

/** The full id of a turn: it names its task. */
export function makeTurnId(task: string, turn: number): string {
  return inOnePiece(`${task}:${turn}`);
}
