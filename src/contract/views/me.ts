/** The caller as the server sees it: `GET /v1/me`. */
import * as z from "zod";
import { heartbeat, lease } from "../kinds/lease.ts";
import { offerOpened } from "../kinds/offer.ts";
import { turnAssigned } from "../kinds/turn.ts";
import { json, open, time } from "../shape.ts";
import { agentCard } from "./agent.ts";

export const meView = agentCard.extend({
  operator: z.string().optional().describe("Of an operator: its name."),
  limits: z.record(z.string(), z.number()),
  now: time.describe("The server's time."),
  rolesHeld: z.array(
    open({
      thread: z.string(),
      workflow: z.string(),
      role: z.string(),
      type: z.enum(["named", "open"]),
      lease,
      heartbeat,
    }),
  ),
  claims: z
    .array(open({ offer: z.string(), thread: z.string(), role: z.string() }))
    .optional()
    .describe("Claims whose verdict is to come; each takes a slot."),
  turns: z
    .array(turnAssigned.extend({ assignment: open({ id: z.string(), source: z.string(), time, seq: z.int() }).optional() }))
    .describe("Open turns, each once, as last given; `assignment` is the event that gave it."),
  elsewhere: z.array(z.string()).optional().describe("With `client`: turns that another process has in hand over a live connection."),
  others: z.array(z.string()).optional().describe("With `client`: other processes that are there with the same token."),
  offers: z.array(offerOpened),
  labels: z.record(z.string(), json).optional().describe("What it said of itself by `nerve.agent.report`."),
  subscriptions: z.array(z.string()).optional().describe("Kinds that it is sent without being named."),
  inbox: open({ unacknowledged: z.int(), last: z.int() }).optional(),
});
export type MeView = z.infer<typeof meView>;

/** What the types of published workflows depend on: `GET /v1/me/types`. */
export const typesView = open({
  workflows: z
    .array(
      open({
        name: z.string(),
        input: z.string().describe("Of the data that a thread starts with."),
        roles: z.record(z.string(), z.string()).describe("By role."),
      }),
    )
    .describe("Those that are published, and of which the caller may have a role. A fingerprint changes where types do."),
});
export type TypesView = z.infer<typeof typesView>;
