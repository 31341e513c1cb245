/** How far the log is behind what the objects have committed. */
import * as z from "zod";
import { open, time } from "../shape.ts";

/** Times in milliseconds; null: nothing was written in the last minute. */
export const logLag = open({
  lagMs: z.number().nullable().describe("From an object's commit to the row in D1, of the newest row."),
  maxMs: z.number().nullable().describe("The greatest of the last minute."),
  meanMs: z.number().nullable().describe("The mean of the last minute."),
  rows: z.int().describe("Rows written in the last minute."),
  waiting: z.int().describe("Rows that the projector holds and has not written."),
  oldestWaiting: time.nullable().describe("Since when the oldest of them is committed."),
  failing: open({ since: time, error: z.string() }).nullable().describe("Since when no write succeeds, and why."),
});
export type LogLag = z.infer<typeof logLag>;
