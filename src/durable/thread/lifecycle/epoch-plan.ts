/** How a thread was begun anew, and where a copy comes from: as they are stored, and travel beside a start. */
import * as z from "zod";
import { start } from "../../../../machines/messages.ts";
import { open } from "../../../contract/shape.ts";
import { json } from "../../protocol/parts.ts";

/** A step with which an epoch begins, in place of the one after which it goes on. */
export const changedStep = open({
  role: z.string(),
  agent: z.string().nullable(),
  output: z.record(z.string(), json),
  /** The operator who gave the output. */
  by: z.string(),
});

/** How a thread goes on after its pair of actors has ended, or was stopped for this. */
export const plan = open({
  /** By `$START.resume`, or from a step of it; absent steps do not count any more. */
  start,
  /** The last step that counts; null: all do (`resume`), or none. */
  at: z.number().nullable(),
  /** Whose step that was: what follows is decided anew. */
  node: z.string().nullable(),
  /** What stands in place of the step `at`, which does not count either. */
  step: changedStep.optional(),
  reason: z.string(),
  supplement: json,
  /** The last turn of earlier epochs; known when it begins. */
  round: z.number().optional(),
});
export type Plan = z.infer<typeof plan>;

/** Where a fork was copied from. */
export const origin = open({
  parent: z.string(),
  /** The last step that was copied. */
  at: z.number(),
});
export type Origin = z.infer<typeof origin>;

/** How a thread was begun anew. */
export interface EpochsDocument {
  /** The greatest number that was given: one that never began keeps its own, for its end was told under it. */
  last: number;
  /** The epoch that goes on now; absent: the first. */
  present?: { number: number; plan: Plan };
  /** The epoch that waits for the present one to stop, or for a place. */
  next?: { number: number; plan: Plan };
}
