/** What a thread waits for. */
import * as z from "zod";
import { open, time } from "../shape.ts";

/** What a thread can wait for, as the index has it; `engine`: nothing that is known, so it is the engine's move. */
export const waitKinds = ["answer", "acks", "claim", "children", "place", "person", "engine"] as const;

/** Something that a thread waits for. */
export const waitView = open({
  for: z.enum(["place", "person", "claim", "pause", "holder", "answer", "answers", "children", "decision"]),
  role: z.string().optional(),
  agent: z.string().optional(),
  agents: z.array(z.string()).optional().describe("Those of a broadcast who have not answered, the first by id."),
  threads: z.array(z.string()).optional().describe("Child threads that are waited for, the first of them."),
  paused: z.literal(true).optional().describe("The workflow's queue is paused."),
  text: z.string().describe("In words."),
  since: time,
  until: time.optional(),
  then: z.string().describe("What happens at `until`, or what ends the wait where time does not."),
});
export type WaitView = z.infer<typeof waitView>;
