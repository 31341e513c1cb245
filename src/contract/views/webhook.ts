/** Webhooks: what is sent to whom, and how that goes. */
import * as z from "zod";
import { open, time } from "../shape.ts";
import { webhookStates } from "../statuses.ts";

/** Which events a webhook is sent: all that is given must fit. */
export const webhookFilter = open({
  kinds: z.array(z.string()).describe("Kinds, prefixes `x.*`, or `*` for all."),
  workflow: z.string().nullable().describe("Only what threads of this workflow say. Null: all."),
  role: z.string().nullable().describe("Only what is about this role. Null: all."),
  agent: z.string().nullable().describe("Only what this agent sent, and what names it. Null: all."),
});
export type WebhookFilter = z.infer<typeof webhookFilter>;

/** A webhook as the registry has it. */
export const webhookRecord = webhookFilter.extend({
  id: z.string(),
  url: z.string().describe("Where it is sent. Its origin alone for a caller who may only read: the rest may be a secret."),
  urlIsOrigin: z.literal(true).optional().describe("Set where `url` is the origin alone."),
  links: z.string().describe("Where the links in what is sent lead: the server's own address as its people open it."),
  note: z.string(),
  createdBy: z.string(),
  createdAt: time,
});
export type WebhookRecord = z.infer<typeof webhookRecord>;

/** How deliveries to a webhook go. */
export const webhookStanding = open({
  state: z.enum(webhookStates).describe("`active`; `failing`: the last attempts failed; `stopped`: nothing is sent until it is resumed."),
  reason: z.string().nullable().describe("Why it is stopped."),
  position: z.int().describe("The position in the log up to which events were looked at."),
  pending: z.int().describe("Events that failed and are tried again."),
  deadLetters: z.int().describe("Events that were given up, as far as they are kept."),
  delivered: z.int(),
  lastDeliveredAt: time.nullable(),
  failures: z.int().describe("Attempts that failed since the last that did not."),
  lastError: z.string().nullable(),
  nextAttemptAt: time.nullable(),
  formerSecretUntil: time.nullable().describe("Until when what is sent is signed by the former secret as well."),
});
export type WebhookStanding = z.infer<typeof webhookStanding>;

/** An event that a webhook was not brought. */
export const webhookDeadLetter = open({
  position: z.int().describe("Of the event in the log."),
  id: z.string(),
  type: z.string(),
  attempts: z.int(),
  error: z.string().describe("What the last attempt ended with."),
  at: time,
});
export type WebhookDeadLetter = z.infer<typeof webhookDeadLetter>;

/** What came of an order to send again. */
export const webhookReplay = open({
  from: z.int().nullable().describe("The position after which events are sent again; null: none are."),
  deadLetters: z.int().describe("Dead letters that are tried again."),
});
export type WebhookReplay = z.infer<typeof webhookReplay>;
