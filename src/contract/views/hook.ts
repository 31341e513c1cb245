/** Incoming hooks: who posts what here, and what becomes of it. */
import * as z from "zod";
import { hookSenders } from "../hook-senders.ts";
import { open, time } from "../shape.ts";

/** A hook as the registry has it. */
export const hookRecord = open({
  name: z.string().describe("It is posted to at `/v1/hooks/<name>`, and its events come from `/hooks/<name>`."),
  from: z.enum(hookSenders).describe("Whose signatures it takes: GitHub's, those of Standard Webhooks, or Stripe's."),
  kinds: z.array(z.string()).describe("Kinds of events that its map may make, and prefixes `x.*`."),
  note: z.string(),
  createdBy: z.string(),
  createdAt: time,
});
export type HookRecord = z.infer<typeof hookRecord>;

/** Deliveries that were refused with one code. */
export const hookRefusals = open({
  code: z.string().describe("As in the problem that the sender got."),
  count: z.int().describe("How many; of those whose signature is wrong about as many."),
  last: z
    .array(open({ at: time, detail: z.string(), delivery: z.string().nullable().describe("The sender's id of it.") }))
    .describe("The newest, newest first."),
});
export type HookRefusals = z.infer<typeof hookRefusals>;

/** How it goes with a hook. */
export const hookStanding = open({
  map: z.string().describe("The JSONata that makes events of a delivery."),
  accepted: z.int().describe("Deliveries that became events."),
  lastAcceptedAt: time.nullable(),
  ignored: z.int().describe("Deliveries of which the map made nothing."),
  lastIgnored: open({ at: time, delivery: z.string(), reason: z.string() }).nullable(),
  refusals: z.array(hookRefusals).describe("What was refused, by code, the latest first."),
  formerSecretUntil: time.nullable().describe("Until when the secret before is good as well."),
});
export type HookStanding = z.infer<typeof hookStanding>;

/** What becomes of a delivery. A repeat is answered as the first. */
export const hookAnswer = z.union([
  open({
    status: z.literal("accepted"),
    delivery: z.string().describe("The sender's id of it."),
    events: z
      .array(open({ id: z.string(), type: z.string(), threads: z.array(z.string()).describe("Threads that it began.") }))
      .describe("What was made of it."),
  }),
  open({ status: z.literal("ignored"), delivery: z.string(), reason: z.string() }),
]);
export type HookAnswer = z.infer<typeof hookAnswer>;

/** An event that a map makes. */
export const mappedEvent = open({ kind: z.string(), data: z.json().optional(), to: z.string().optional(), subject: z.string().optional() });
export type MappedEvent = z.infer<typeof mappedEvent>;

/** What a map would make of a payload; nothing is sent. */
export const hookTrial = z.union([
  open({ status: z.literal("accepted"), events: z.array(mappedEvent) }),
  open({ status: z.literal("ignored"), reason: z.string() }),
]);
export type HookTrial = z.infer<typeof hookTrial>;
