/** What an accepted event led to, and how far it came: as it is decided once, stored, and shown to who asks why. */
import * as z from "zod";
import { reflexKinds, signals, wordsOf } from "./language.ts";
import { namedPlace } from "./named-place.ts";
import { deliveryRefusals, tellCodes } from "./refusals.ts";
import { open, time } from "./shape.ts";

/** What a workflow's queue did about a reflex that fired. */
export const reflexOutcome = open({
  status: z
    .enum(["started", "queued", "dropped", "repeat", "signalled", "nothing", "pending"])
    .describe(
      "`started`; `queued` behind others; `dropped`, for there is no place; `repeat`: a live thread has the key; `signalled`: a thread was told; `nothing`: there is none to tell; `pending`: the queue has not taken it yet, or could not be asked.",
    ),
  thread: z.string().optional().describe("The thread that it is about: which started or waits, which has the key, or which was told."),
  state: z.enum(["queued", "running", "suspended", "ended"]).optional().describe("What that thread was then, as the queue knows it."),
  detail: z.string().optional().describe("For people; absent where `status` says it all."),
});
export type ReflexOutcome = z.infer<typeof reflexOutcome>;

/** What one reflex said to an event whose kind it listens to. */
export const verdict = open({
  workflow: z.string(),
  place: z
    .int()
    .nonnegative()
    .describe(`Place of the reflex in its workflow, from 0; ${namedPlace}: the event's \`to\` names the workflow.`),
  kind: z.enum(wordsOf(reflexKinds)),
  verdict: z
    .enum(["fired", "when", "key", "input", "error", "depth", "own"])
    .describe(
      "`fired`, or why not: `when` is not met, a part of the `key` is missing, the data does not fit the `input`, an expression is in `error`, the chain is too deep (`depth`), or the event is of a thread of the same workflow (`own`).",
    ),
  detail: z.string().optional().describe("For people: why not."),
  thread: z.string().optional().describe("The thread that it starts."),
  key: z.string().optional(),
  signal: z.enum(wordsOf(signals)).optional(),
  /** Asked of the queue, and no part of what is stored with the event. */
  outcome: reflexOutcome.optional().describe("What came of it, if it `fired` and starts or signals a thread."),
  emitted: z.array(z.string()).optional().describe("Ids of the events that it published, whose source is `/workflows/<name>`."),
});
export type Verdict = z.infer<typeof verdict>;

/** What was decided of an event at its acceptance. */
export const routing = open({
  verdicts: z.array(verdict),
  more: z.int().optional().describe("Verdicts that were too many to keep."),
  recipients: z.array(z.string()).describe("Agents that are sent the event: named by `to`, or subscribed to its kind."),
  unheard: z.literal(true).optional().describe("No workflow listens to the kind."),
});
export type Routing = z.infer<typeof routing>;

/** How far an event has come on its way to one agent. */
export const delivered = open({
  agent: z.string(),
  status: z
    .enum(["waiting", "given", "acknowledged", "refused", "absent"])
    .describe(
      "`waiting` in its mailbox, `given` to a connection that has not acknowledged it, `acknowledged`, `refused` for good by the mailbox, or `absent`: on its way, or the agent is gone.",
    ),
  at: time.optional().describe("Of `acknowledged`."),
  code: z
    .string()
    .optional()
    .describe(`Of \`refused\`: why.\n${tellCodes(deliveryRefusals)}`),
  detail: z.string().optional().describe("Of `refused`: why, for people."),
});
export type Delivered = z.infer<typeof delivered>;
