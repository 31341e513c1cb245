/** Agents: what they are and may do, and whether they are there. */
import * as z from "zod";
import { open, time } from "../shape.ts";
import { presenceStates } from "../statuses.ts";

/** What the registry says an agent is and may do. An absent list of roles or kinds means all. */
export const agentCard = open({
  id: z.string(),
  capabilities: z.array(z.string()),
  roles: z.array(z.string()).nullable().describe("`workflow/role` grants; null: all."),
  kinds: z.array(z.string()).nullable().describe("Kinds that it may send; null: all."),
});
export type AgentCard = z.infer<typeof agentCard>;

/** How an agent is, as its object sees it. */
export const presenceFacts = open({
  state: z.enum(presenceStates),
  lastSignAt: time.nullable().describe("null: there never was one."),
  connections: z.int(),
  clients: z
    .int()
    .optional()
    .describe("Processes that are connected now or polled a moment ago, of those that name themselves; more than one share a token."),
  seats: z.int().describe("Roles that it holds."),
  slots: z.int().nullable().describe("What it says it can take; null: it has not said."),
  used: z.int().describe("Roles that it holds, and claims whose verdict is to come."),
});
export type PresenceFacts = z.infer<typeof presenceFacts>;
