/** What agents are told of their turns. */
import * as z from "zod";
import { cloudEvent } from "../event.ts";
import { json, open, time } from "../shape.ts";
import { heartbeat, lease } from "./lease.ts";

/** One step of a thread: what was answered, by whom. */
export const step = open({
  round: z.int(),
  role: z.string(),
  agent: z.string().nullable(),
  output: json,
  body: z.string().optional(),
  at: time,
  by: z.string().optional().describe("The operator who gave this output in the agent's place."),
});
export type Step = z.infer<typeof step>;

/** What whoever takes a vacated role is told of it. */
export const handover = open({
  agent: z.string().describe("Who held it before."),
  why: z.string().describe("Why no more: `lost`, `deleted`, `released`, `reassigned`, `turn_timeout`, …"),
  reason: z.string().describe("The same for people."),
  since: time.optional().describe("When the turn was taken back from them, if they had it."),
  thread: open({
    messages: z.array(step),
    total: z.int(),
    leftOut: z.int(),
  }).describe("The last steps, oldest first, as far as they fit; the rest is in `history`."),
  turn: open({ turn: z.string(), prompt: z.string(), openedAt: time, attempts: z.int() }),
  progress: open({
    agent: z.string(),
    note: z.string().nullable(),
    details: json,
    at: time,
    leftOut: z.literal(true).optional(),
  })
    .nullable()
    .describe("The last that was reported of this turn. `details` that don't fit are null, and `leftOut` says so."),
});
export type Handover = z.infer<typeof handover>;

/** Why a thread went on after it was suspended or had ended. */
const resumed = open({ reason: z.string(), supplement: json });

/** `data` of `nerve.turn.assigned`. */
export const turnAssigned = open({
  turn: z.string(),
  attempt: z
    .int()
    .positive()
    .optional()
    .describe("How often the turn was given by now, to whomever: 1 at first. Servers before this one do not say."),
  retries: z
    .int()
    .nonnegative()
    .optional()
    .describe("How often it is given again after `nerve.turn.fail` with `retryable`, as the role allows."),
  lease,
  thread: z.string(),
  workflow: z.string(),
  role: open({ name: z.string(), schema: json }).catchall(json).describe("`name`, `schema` and every field that the author wrote."),
  prompt: z.string().describe("What to do, rendered by the workflow."),
  location: z.string().optional().describe("Where to do it, as the workflow says."),
  round: z.int().positive().describe("The number of this step in its thread."),
  deadline: time.describe("Until when it must be answered."),
  heartbeat,
  event: cloudEvent.describe("The initiating event."),
  last: open({ role: z.string(), agent: z.string().nullable(), output: json, body: z.string().optional() })
    .nullable()
    .describe("The answer before this turn; null at the first."),
  resumed: resumed.optional().describe("Why its thread went on after it was suspended, and what a person added."),
  handover: handover.optional(),
  history: z.string().describe("Where the rest of the thread is read."),
});
export type TurnAssigned = z.infer<typeof turnAssigned>;

/** What the log keeps of `nerve.turn.assigned`: whose turn it is, not what it is given. `asked`: of a broadcast, how many have it. */
export const turnLogged = open({
  turn: z.string(),
  role: z.string(),
  agent: z.string().optional(),
  asked: z.int().optional(),
  lease,
  round: z.int().positive(),
  prompt: z.string(),
  deadline: time,
  resumed: resumed.optional(),
  supplement: json.optional().describe("What an earlier resume added, which prompts go on to see."),
});
export type TurnLogged = z.infer<typeof turnLogged>;

export const turnRevoked = open({ turn: z.string(), reason: z.string() });
