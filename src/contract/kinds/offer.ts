/** What agents are told of offers, and of their claims. */
import * as z from "zod";
import { bindModes, wordsOf } from "../language.ts";
import { open, time } from "../shape.ts";
import { duration, heartbeat, lease } from "./lease.ts";

/** `data` of `nerve.offer.opened`. Durations as in the language (`30s`). */
export const offerOpened = open({
  offer: z.string(),
  thread: z.string(),
  workflow: z.string(),
  role: z.string(),
  goal: z.string(),
  requires: z.array(z.string()),
  bind: z.enum(wordsOf(bindModes)),
  heartbeat,
  turn: open({ timeout: duration }),
  expires: time,
});
export type OfferOpened = z.infer<typeof offerOpened>;

export const offerClosed = open({ offer: z.string(), why: z.string() });

export const claimAccepted = open({ offer: z.string(), thread: z.string(), role: z.string(), lease, heartbeat });

export const claimRejected = open({ offer: z.string(), reason: z.string() });
