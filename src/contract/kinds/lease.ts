/** A hold on a role, and the signs of life that it asks for, as agents are told. */
import * as z from "zod";
import { open, time } from "../shape.ts";

/** A duration as in the language: `30s`. */
export const duration = z.string().regex(/^\d+(ms|s|m|h|d)$/);

export const heartbeat = open({ every: duration, miss: z.int().positive() });

/** A role's hold. */
export const lease = open({
  generation: z.int().positive(),
  expires: time.nullable().describe("When it lapses at the latest if its holder is silent from now on; null: never."),
});
export type Lease = z.infer<typeof lease>;
