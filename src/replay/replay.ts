/** What a thread did, as a file: the event that began it, each step, and what was decided on it. */
import * as z from "zod";

const object = z.record(z.string(), z.json());

/** What a decision must be; what is absent is not compared. */
const expectation = z.strictObject({
  /** A role, `$END` or `$SUSPEND`. */
  to: z.string(),
  prompt: z.string().nullable().optional(),
  /** Why: the status, each condition with what it gave, or the moderator's word. */
  because: z.json().optional(),
});

const step = z.strictObject({
  role: z.string(),
  agent: z.string().nullable().optional(),
  output: object,
  body: z.string().optional(),
  /** Children that were waited for before this turn. */
  children: z.array(z.json()).optional(),
  /** Absent: the thread stood here, or ended otherwise. */
  expect: expectation.optional(),
  /** The thread began again before this step, by `$START.resume`. */
  resumed: z.literal(true).optional(),
  /** What resumes had added when this step was decided on: prompts see it as `_supplement` from here on; null takes it away. */
  supplement: z.json().optional(),
});

export const replay = z.strictObject({
  /** The version of this form. */
  replay: z.literal(1),
  workflow: z.string(),
  /** The thread that it was, and the revision that decided. */
  thread: z.string().optional(),
  revision: z.string().optional(),
  event: object,
  start: expectation.optional(),
  /** What a resume had added before the first turn. */
  supplement: z.json().optional(),
  steps: z.array(step),
});

export type Replay = z.infer<typeof replay>;
export type ReplayStep = Replay["steps"][number];
export type ReplayExpectation = z.infer<typeof expectation>;
