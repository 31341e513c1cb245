/** What a workflow's object takes: what starts threads, what is said to them by their key, and what they say of their place. */
import * as z from "zod";
import { declareMessages } from "../../contract/message-table.ts";
import type { Result } from "../../contract/problem.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import { open } from "../../contract/shape.ts";
import type { AdmissionView, PauseView } from "../../contract/views/admission.ts";
import type { DeliverRpc } from "./envelope.ts";
import { event, type Once, order, taskAddress } from "./parts.ts";

/** Where a thread that another one spawned reports its end. */
export const parentLink = open({
  thread: z.string(),
  /** Address of the task whose edge spawned it. */
  task: taskAddress,
  round: z.number(),
  place: z.number(),
});
export type ParentLink = z.infer<typeof parentLink>;

/** What a fork begins with, beside the steps that were copied. */
export const forkStart = open({
  parent: z.string(),
  /** The last step that was copied. */
  at: z.number(),
  /** Whose step the last was; null: none was copied. */
  node: z.string().nullable(),
  /** Agents in roles, in place of those that the author or the queue would find. */
  roles: z.record(z.string(), z.string()),
  /** Last holders of roles. */
  last: z.record(z.string(), z.string()),
});
export type ForkStart = z.infer<typeof forkStart>;

/** What starts a thread: sent on to its root as it is. */
export const admission = {
  thread: z.string(),
  workflow: z.string(),
  revision: z.string(),
  event,
  initiator: z.string(),
  key: z.string().nullable(),
  /** Greater starts earlier; an author's expression may give what is no number, and JSON makes it null. */
  priority: z.custom<number>((value) => value === null || typeof value === "number").optional(),
  /** From 2 on, a thread that was there before begins anew: it is never dropped for want of a place. */
  epoch: z.number().optional(),
  /** The thread that spawned it. */
  parent: parentLink.optional(),
  /** The thread that it is a copy of. */
  fork: forkStart.optional(),
  /** False: it runs beside those that the workflow's concurrency counts. */
  needsPlace: z.boolean().optional(),
};

/** What a thread says of its place. `epoch`: which beginning of it says so; `revision`: under which it runs. */
const standing = { thread: z.string(), revision: z.string().optional(), epoch: z.number().optional() };

export const workflowMessages = declareMessages({
  admit: admission,
  /** An order to the thread named, or to the live one of the key. */
  signal: {
    signal: order,
    thread: z.string().optional(),
    key: z.string().nullable().optional(),
    /** What it follows from. */
    event: event.nullable().optional(),
    /** Under what the sender asks for the outcome. */
    ref: z.string().nullable().optional(),
  },
  "thread.ended": standing,
  "thread.paused": standing,
  "thread.resumed": standing,
});
export type WorkflowMessage<Type extends keyof typeof workflowMessages = keyof typeof workflowMessages> = z.infer<
  (typeof workflowMessages)[Type]
>;

/** The queue's answer to `admit`: what came of it; null: nothing is known. A version of before gives none. */
export const admitAnswer = z.custom<ReflexOutcome | null>();
export type AdmitAnswer = z.infer<typeof admitAnswer>;

/** What starts a thread, whatever says so. */
export type Admit = Omit<WorkflowMessage<"admit">, "type">;

export interface WorkflowRpc extends DeliverRpc {
  admission(): Promise<Result<AdmissionView>>;
  /** Stops admitting (null: goes on); what runs is left alone. */
  pause(pause: PauseView | null, once?: Once): Promise<Result<AdmissionView>>;
  /** What came of reflexes that fired, by `nameOutcome`; null: not taken yet, or too long ago. */
  outcomes(refs: string[]): Promise<(ReflexOutcome | null)[]>;
  /**
   * A revision was published: what it says of the queue and of schedules holds from now on.
   * @param scheduled it has schedules, so that also one that never had a thread must know
   */
  published(revision: string, scheduled?: boolean): Promise<void>;
  /** It was withdrawn: nothing starts by a schedule any more. */
  withdrawn(): Promise<void>;
}
