/** Why a thread stands where it stands, as `GET /v1/threads/:id/explain` says it. */
import * as z from "zod";
import { open, time } from "../shape.ts";
import { presenceStates, threadStatuses } from "../statuses.ts";
import { unreachableView } from "./unreachable.ts";
import { wait } from "./wait.ts";

/** The one reason why an agent does not hold a role. */
export const agentReason = open({
  agent: z.string(),
  code: z.enum([
    "not_eligible",
    "excluded",
    "at_capacity",
    "offline",
    "declined",
    "outscored",
    "rejected",
    "claimed",
    "unseen",
    "unanswered",
    "not_offered",
    "unknown",
  ]),
  why: z.string(),
});
export type AgentReason = z.infer<typeof agentReason>;

/** A role that nobody holds, and why. */
export const unfilledRole = open({
  role: z.string(),
  state: z.string().describe("As of the thread's role, or in words why a broadcast could not be given to anybody."),
  offer: open({
    id: z.string(),
    opened: time,
    expires: time,
    closed: z.string().nullable(),
    offered: z.int(),
    answered: z.int(),
    nextLook: time.optional(),
  }).optional(),
  agents: z.array(agentReason).describe("The first agents by id."),
  others: open({ count: z.int(), reasons: z.record(z.string(), z.int()), more: z.boolean() })
    .optional()
    .describe("All that are not listed, by reason; their own objects were not asked."),
});
export type UnfilledRole = z.infer<typeof unfilledRole>;

/** Who could have a role now, beside whoever holds it. */
export const roleCandidates = open({
  role: z.string(),
  holder: z.string().nullable(),
  candidates: z
    .array(
      open({
        agent: z.string(),
        presence: z.enum(presenceStates),
        free: z.int().nullable().describe("Slots that it has free; null: it has not said how many it has."),
      }),
    )
    .describe("Those that are there come first, then by id."),
  more: z.boolean().describe("Not all agents were looked at."),
});
export type RoleCandidates = z.infer<typeof roleCandidates>;

const spending = open({ of: z.number(), spent: z.number(), left: z.number() });

/** A budget, since it was granted last: at the thread's begin, or when the thread was resumed for it. */
export const budgetView = open({
  role: z.string().nullable().describe("Null: the workflow's, on which all turns draw."),
  tokens: spending.optional(),
  cost: spending.optional(),
});
export type BudgetView = z.infer<typeof budgetView>;

/** What a thread waits for and why nobody has the roles that nobody has. */
export const threadExplanation = open({
  thread: z.string(),
  workflow: z.string(),
  status: z.enum(threadStatuses),
  waits: z.array(wait).describe("Empty: it has ended."),
  unfilled: z.array(unfilledRole),
  queue: open({ place: z.int().nullable(), queued: z.int(), running: z.int(), ahead: z.array(z.string()) }).optional(),
  budgets: z
    .array(budgetView)
    .optional()
    .describe("What may be spent and what was, of the workflow and of each role that has a budget; absent: there is none."),
  unreachable: z.array(unreachableView).optional().describe("Whom its objects cannot reach; absent: nobody."),
  withdrawn: z
    .literal(true)
    .optional()
    .describe("Its workflow is not published any more: it goes on under its revision, and no other begins."),
  run: z.array(z.string()).describe("Commands that move it on, or show what it waits for."),
});
export type ThreadExplanation = z.infer<typeof threadExplanation>;
