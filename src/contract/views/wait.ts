/** What a thread waits for: the same object in `GET /v1/threads/:id`, the list, the status and the explanation. */
import * as z from "zod";
import { open, time } from "../shape.ts";
import { waitWords } from "../waits.ts";

/** Something that a thread waits for. */
export const wait = open({
  for: z.enum(waitWords),
  role: z.string().optional(),
  agent: z.string().optional(),
  agents: z.array(z.string()).optional().describe("Those of a broadcast who have not answered, the first by id."),
  threads: z.array(z.string()).optional().describe("Child threads that are waited for, the first of them."),
  paused: z.literal(true).optional().describe("The workflow's queue is paused."),
  reason: z.string().optional().describe("Why it is queued or suspended."),
  text: z.string().describe("In words."),
  since: time,
  until: time.optional(),
  then: z.string().describe("What happens at `until`, or what ends the wait where time does not."),
});
export type Wait = z.infer<typeof wait>;
