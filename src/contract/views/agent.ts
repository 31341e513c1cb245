/** Agents: what they are and may do, and whether they are there. */
import * as z from "zod";
import { json, open, time } from "../shape.ts";
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
  roles: z
    .array(open({ thread: z.string(), workflow: z.string(), role: z.string(), since: time }))
    .optional()
    .describe("The roles that it holds, the first 200 by thread."),
});
export type PresenceFacts = z.infer<typeof presenceFacts>;

/** An agent as the registry has it. */
export const agentRecord = agentCard.extend({ createdAt: time, updatedAt: time });
export type AgentRecord = z.infer<typeof agentRecord>;

/** An agent as it is listed: what the log knows of its presence, which may be a second behind. */
export const agentEntry = agentRecord.extend({
  presence: open({
    state: z.enum(presenceStates),
    at: time.describe("When its object said so."),
    ignores: z.int().describe("Offers that it has seen and does not answer, though it is there and has slots free."),
  })
    .nullable()
    .describe("Whether it is there, as its object last said. Null: it never was. `GET /v1/agents/{id}` asks the object."),
});
export type AgentEntry = z.infer<typeof agentEntry>;

/** Whether an agent has an A2A card. */
export const agentExposure = open({
  exposed: z.boolean().describe("It has a card: who may call this server sends it messages over A2A."),
  description: z.string().nullable().describe("What the card says of it. Null: its capabilities."),
  decided: z.boolean().describe("An operator said so."),
});
export type AgentExposure = z.infer<typeof agentExposure>;

/** A code by which a new machine registers its agent itself. */
export const enrolmentRecord = agentCard.extend({
  agent: z.string(),
  state: z.enum(["open", "redeemed", "expired"]),
  createdBy: z.string(),
  createdAt: time,
  expires: time,
  redeemedAt: time.nullable(),
});
export type EnrolmentRecord = z.infer<typeof enrolmentRecord>;

/** The kinds that an agent is sent without being named. */
export const subscriptions = open({
  granted: z.array(z.string()),
  kinds: z.array(z.string()).describe("What the agent is sent: never more than was granted."),
});
export type Subscriptions = z.infer<typeof subscriptions>;

/** A kind that an agent says it accepts, with the schema of its data. */
export const acceptedSchema = open({ kind: z.string(), agent: z.string(), schema: json });
export type AcceptedSchema = z.infer<typeof acceptedSchema>;

/** A candidate that would drop the turns of a role. */
export const turnWarning = open({
  role: z.string(),
  agent: z.string(),
  path: z.string().describe("A JSON pointer into the turn."),
  message: z.string(),
});
export type TurnWarning = z.infer<typeof turnWarning>;
