/** What recruitment remembers: small facts, and nothing that agents wrote. */
import * as z from "zod";
import { open } from "../../src/contract/shape.ts";
import { from, machineOutcome, seats, start } from "../messages.ts";

/** The claim that is to win when the offer's time is up. */
const leadingClaim = open({ agent: z.string(), offer: z.number(), score: z.number() });
export type LeadingClaim = z.infer<typeof leadingClaim>;

/** Context of a recruitment machine; the config's literal is the state before the init event. */
export const recruitmentContext = open({
  start,
  /** The last round of earlier epochs. */
  round: z.number(),
  seats,
  /** Where the turns go on; absent: at `$START`. */
  from: from.optional(),
  /** The number of each role's last offer. */
  offers: z.record(z.string(), z.number()),
  /** Offers that ran out since the role was last held. */
  tries: z.record(z.string(), z.number()),
  leading: z.record(z.string(), leadingClaim),
  /** Last holders of roles. */
  last: z.record(z.string(), z.string()),
  /** Roles that nobody took. */
  unfilled: z.record(z.string(), z.literal(true)),
  /** The task runs. */
  taskUp: z.boolean(),
  paused: z.boolean(),
  /** How the thread is to end while the task stops. */
  closing: z.enum(["cancelled", "failed"]).nullable(),
  reason: z.string().nullable(),
  outcome: machineOutcome.nullable(),
});
export type RecruitmentContext = z.infer<typeof recruitmentContext>;
