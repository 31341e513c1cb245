/** A workflow's queue, for operators. */
import * as z from "zod";
import { open, time } from "../shape.ts";

/** An operator has stopped a workflow's admission. */
export const pauseView = open({ by: z.string(), reason: z.string().nullable(), since: time });
export type PauseView = z.infer<typeof pauseView>;

/** A schedule of the published revision. */
export const scheduleView = open({
  schedule: z.string(),
  timezone: z.string(),
  next: time.nullable().describe("When it is due next. Null: never. While the workflow is paused it is not started then."),
  last: time.nullable().describe("The planned time of the last run that started a thread."),
});
export type ScheduleView = z.infer<typeof scheduleView>;

export const admissionView = open({
  running: z.int(),
  queued: z.array(z.string()).describe("Those that wait, in the order in which they would start."),
  paused: pauseView.nullable(),
  concurrency: z.int().nullable().describe("Threads that may run at once; null: any number, or none was ever admitted."),
  schedules: z.array(scheduleView).optional().describe("When it starts by itself; absent: never."),
});
export type AdmissionView = z.infer<typeof admissionView>;

/** A workflow that is published. */
export const workflowEntry = open({
  name: z.string(),
  revision: z.string(),
  description: z.string(),
  exposed: z.literal(true).optional().describe("Clients of MCP and A2A, and agents, start it by name."),
  paused: pauseView.nullable().describe("An operator has stopped its admission."),
  createdAt: time,
  updatedAt: time,
});
export type WorkflowEntry = z.infer<typeof workflowEntry>;

/** A revision that is published, or that threads run on. */
export const revisionEntry = open({
  revision: z.string(),
  published: z.boolean().describe("New threads begin with it."),
  threads: z.int().describe("Threads that run on it and have not ended. The index may lag."),
});
export type RevisionEntry = z.infer<typeof revisionEntry>;
