/** A thread and its steps, as `GET /v1/threads/:id` and its messages show them. */
import * as z from "zod";
import { cloudEvent } from "../event.ts";
import { outcome } from "../kinds/thread.ts";
import { step } from "../kinds/turn.ts";
import { usage } from "../kinds/usage.ts";
import { roleTypes } from "../language.ts";
import { keyOf, open, time } from "../shape.ts";
import { roleStates, threadStatuses } from "../statuses.ts";
import { unreachableView } from "./unreachable.ts";
import { wait } from "./wait.ts";

/** What the list and the thread itself both say. */
const threadHead = open({
  id: z.string(),
  workflow: z.string(),
  revision: z.string(),
  status: z.enum(threadStatuses),
  createdAt: time,
  updatedAt: time,
});

export const threadView = threadHead.extend({
  /** The initiating event. */
  event: cloudEvent,
  roles: z.record(
    z.string(),
    open({
      type: keyOf(roleTypes),
      agent: z.string().optional(),
      generation: z.int().optional(),
      state: keyOf(roleStates).describe("Of a broadcast: `open` before its first turn, then how far that is, or how it ended."),
      asked: z.int().optional().describe("Of a broadcast: how many have its last turn."),
      acked: z.int().optional().describe("Of a broadcast: how many have acknowledged it."),
      failed: z.int().optional().describe("Of a broadcast: how many have failed."),
      usage: usage.optional().describe("Of all its turns, failed ones too."),
    }),
  ),
  turn: open({ turn: z.string(), role: z.string(), agent: z.string(), since: time, deadline: z.string() }).optional(),
  round: z.int(),
  waiting: wait.optional().describe("What it waits for first; absent: it has ended."),
  outcome: outcome.optional(),
  error: z.string().optional(),
  epoch: z.int().optional().describe("How often it was begun, from the second time on."),
  parent: z.string().optional(),
  fork: open({ at: z.int() }).optional().describe("It is a copy of its parent, up to this step."),
  children: z.array(z.string()),
  usage: usage.optional().describe("Of all turns of all roles; absent: nobody said any."),
  unreachable: z
    .array(unreachableView)
    .optional()
    .describe("Its task's object, where that does not answer: what only it knows, such as the turn and the children, is left out."),
});
export type ThreadView = z.infer<typeof threadView>;

/** One step of a thread, with the decision that followed. */
export const messageView = step.extend({
  decision: open({ to: z.string(), prompt: z.string().nullable(), because: z.string() }).optional(),
  usage: usage.optional().describe("Of this turn, with its failed attempts; of a broadcast, of all who answered."),
  until: z.int().optional().describe("The epoch from which on this step does not count any more."),
});
export type MessageView = z.infer<typeof messageView>;

/** A thread as it is listed. */
export const threadEntry = threadHead.extend({
  initiator: z.string(),
  key: z.string().nullable(),
  agents: z.array(z.string()),
  waiting: wait.nullable().describe("Null: it has ended."),
  reason: z.string().nullable().describe("Why it is queued, suspended or failed."),
  parent: z.string().nullable(),
});
export type ThreadEntry = z.infer<typeof threadEntry>;

/** How many threads fit a filter. */
export const threadCounts = open({
  byStatus: z.record(z.enum(threadStatuses), z.int()),
  more: z.boolean().describe("There are more than were counted."),
});
export type ThreadCounts = z.infer<typeof threadCounts>;
