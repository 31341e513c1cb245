/** Whom an object cannot reach, as a thread's page and its explanation name them. */
import * as z from "zod";
import { open, time } from "../shape.ts";

/** A receiver that an object cannot reach. */
export const unreachableView = open({
  receiver: z.string().describe("Its address, e.g. `task/t1.2.3`."),
  since: time,
  messages: z.int().describe("Messages for it that wait in a queue of its own."),
  error: z.string(),
});
export type UnreachableView = z.infer<typeof unreachableView>;
