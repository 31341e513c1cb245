/** What is told of a thread, and of roles in it. */
import * as z from "zod";
import { json, open } from "../shape.ts";
import { outcomeStatuses } from "../statuses.ts";
import { heartbeat, lease } from "./lease.ts";

/** How a thread ended. */
export const outcome = open({
  status: z.enum(outcomeStatuses),
  role: z.string().nullable(),
  output: json,
  prompt: z.string().nullable(),
  error: z.string().optional(),
});
export type Outcome = z.infer<typeof outcome>;

/** `data` of `nerve.thread.*` while it lives. */
export const threadGoing = open({
  thread: z.string(),
  workflow: z.string(),
  roles: z
    .array(open({ role: z.string(), agent: z.string(), generation: z.int() }))
    .optional()
    .describe("Who holds which role."),
  epoch: z.int().optional().describe("How often it was begun, from the second time on."),
  reason: z.string().optional(),
});

/** `data` of `nerve.thread.*` at its end. */
export const threadEnded = threadGoing.extend({ outcome: outcome.optional() });

export const roleAssigned = open({ thread: z.string(), workflow: z.string(), role: z.string(), lease, heartbeat });

export const roleEnded = open({ thread: z.string(), role: z.string(), reason: z.string() });
