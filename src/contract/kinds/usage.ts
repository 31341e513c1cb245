/** What a turn took of a language model, as agents say it and as it is shown. */
import * as z from "zod";
import { limits } from "../limits.ts";
import { open } from "../shape.ts";

const count = z.int().nonnegative().max(limits.usageTokens);

/** `usage` of `nerve.turn.respond` and `nerve.turn.fail`. */
export const saidUsage = open({
  tokens: z
    .union(
      [count, open({ input: count.default(0), output: count.default(0), cached: count.optional() })],
      `a whole number from 0 to ${limits.usageTokens}, or {input, output, cached} of such`,
    )
    .optional()
    .describe("All of them, or what was read and written; `cached` is the part of `input` that came from a cache."),
  cost: z
    .number()
    .nonnegative()
    .max(limits.usageCost)
    .optional()
    .describe("A number without a currency: whoever runs the agents agrees on one."),
}).describe("What the work took since the last event of this turn that said so; it is added up.");

const total = z.int().nonnegative();

/** Of a turn, a role or a thread. */
export const usage = open({
  tokens: total,
  input: total.optional().describe("Of those that were told apart, as `output`."),
  output: total.optional(),
  cached: total.optional().describe("The part of `input` that came from a cache."),
  cost: z.number().nonnegative().optional().describe("Absent: nobody said one."),
}).describe("What the work took, as its agents said.");
