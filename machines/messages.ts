/**
 * Every event that either machine takes and every message that leaves a step, as complete plain data: each is declared once, as a
 * schema, and its type derives from it. Names here are a storage format: they only grow. What agents wrote (outputs, prompts, bids,
 * supplements) is in none of them.
 */
import * as z from "zod";
import { pickModes, startKeys } from "../src/contract/language.ts";
import { declareMessages, type MessageOf } from "../src/contract/message-table.ts";
import { keyOf, open } from "../src/contract/shape.ts";
import { outcomeStatuses } from "../src/contract/statuses.ts";

/** Whether a thread begins, or an ended one goes on. */
export const start = keyOf(startKeys);
export type Start = z.infer<typeof start>;

/** Who holds a role. A vacated seat keeps its generation, for generations only grow. */
export const seat = open({
  agent: z.string().nullable(),
  generation: z.number(),
  /** The holder is lost, and the seat stays theirs. */
  gone: z.boolean().exactOptional(),
  /** Who held it before and why no more, until the new holder has answered. */
  was: z.string().exactOptional(),
  why: z.string().exactOptional(),
});
export type Seat = z.infer<typeof seat>;

/** By the names of roles. */
export const seats = z.record(z.string(), seat);

/** After whose last step the turns go on, as if it had just been answered. */
export const from = open({ node: z.string() });

/** Input of recruitment's init event. Named roles come seated; an epoch brings along the seats to keep. */
export const recruitmentInput = open({
  start,
  seats,
  /** The last round of earlier epochs; rounds and turns only grow. */
  round: z.number().optional(),
  /** Last holders of roles, for `not` and `sticky` across epochs. */
  last: z.record(z.string(), z.string()).optional(),
  /** The number of each role's last offer, so that the ids of offers stay unique across epochs. */
  offers: z.record(z.string(), z.number()).optional(),
  /** Absent: from `$START`. */
  from: from.optional(),
});
export type RecruitmentInput = z.infer<typeof recruitmentInput>;

/** Input of the task's init event; recruitment's `spawnChild` carries it. */
export const taskInput = open({
  start,
  seats,
  round: z.number(),
  /** Roles that nobody took while the thread was assembled, whose node has an edge for it. */
  unfilled: z.array(z.string()),
  /** The task begins by deciding after this role's last step; absent: at `$START`. */
  from: from.optional(),
});
export type TaskInput = z.infer<typeof taskInput>;

const ending = z.enum(outcomeStatuses);

/** How a machine ended: the `output` of both. */
export const machineOutcome = open({
  status: ending,
  reason: z.string().nullable(),
  /** Whose turn was the last. */
  role: z.string().nullable(),
  round: z.number(),
});
export type MachineOutcome = z.infer<typeof machineOutcome>;

const reason = { reason: z.string().optional() };

/** What a person, a reflex or an edge orders. */
const threadOrders = { "thread.cancel": reason, "thread.fail": reason, "thread.suspend": reason, "thread.resume": reason };

/** What came back of a message that its receiver refused for good (unknown, deleted, full). */
const deliveryRefused = {
  "delivery.refused": {
    agent: z.string(),
    /** Type of the message that was refused. */
    about: z.string(),
    turn: z.number().optional(),
    role: z.string().optional(),
    generation: z.number().optional(),
    reason: z.string(),
  },
};

const held = { role: z.string(), generation: z.number() };

const taskToRecruitment = {
  "role.needed": { ...held, why: z.string() },
  "role.freed": held,
  "thread.suspended": { reason: z.string() },
};

const recruitmentToTask = {
  "role.bound": { ...held, agent: z.string() },
  "role.lost": { ...held, why: z.string() },
  "role.unfilled": { role: z.string() },
  /** The holder is lost, the seat stays theirs; only told where the role's node has an edge for it. */
  "role.offline": held,
  "role.online": held,
  ...threadOrders,
};

/** What the task tells recruitment. */
export const taskToRecruitmentEvents = declareMessages(taskToRecruitment);
export type TaskToRecruitment = MessageOf<typeof taskToRecruitmentEvents>;

/** What recruitment tells the task. */
export const recruitmentToTaskEvents = declareMessages(recruitmentToTask);
export type RecruitmentToTask = MessageOf<typeof recruitmentToTaskEvents>;

/** As an agent's object says it: of one role, or where the agent is deleted of all. */
const absence = { agent: z.string(), role: z.string().optional(), generation: z.number().optional() };

/** What recruitment takes from the host. */
export const recruitmentEventTable = declareMessages({
  ...threadOrders,
  ...taskToRecruitment,
  ...deliveryRefused,
  "role.claim": {
    role: z.string(),
    agent: z.string(),
    offer: z.number(),
    /** Judged outside: eligibility but `not`, capacity, presence. */
    eligible: z.boolean(),
    /** Why not. */
    why: z.string().optional(),
    /** `pick: best`: what `score` gave; higher wins, the earlier at a draw. `pick: random`: a number drawn by the host. */
    score: z.number().optional(),
  },
  /** Everybody who was offered the role has claimed or declined: no need to wait longer. */
  "offer.exhausted": { role: z.string(), offer: z.number() },
  "role.release": {
    ...held,
    agent: z.string(),
    ...reason,
    /** A person took it from the holder, and says so. */
    taken: z.string().optional(),
  },
  /** A person gives the role to an agent. */
  "role.assign": { role: z.string(), agent: z.string(), ...reason },
  "agent.away": absence,
  "agent.back": absence,
  "agent.deleted": absence,
});
export type RecruitmentEvent = MessageOf<typeof recruitmentEventTable>;

/** What an agent's work took, where a budget counts it. */
export const spent = open({ tokens: z.number(), cost: z.number() });
export type Spent = z.infer<typeof spent>;

/** The name of the workflow's own budget among those of its roles. */
export const threadBudget = "$thread";

const usage = { usage: spent.optional() };

/** Names an agent's part in the open turn; all three must be current for it to count. */
const turnFence = { turn: z.number(), agent: z.string(), generation: z.number() };

/** What the task takes from the host. */
export const taskEventTable = declareMessages({
  ...recruitmentToTask,
  ...deliveryRefused,
  /** `ok` matters to broadcasts: the answer counts as an acknowledgement. */
  "turn.answered": { ...turnFence, ok: z.boolean().optional(), ...usage },
  "turn.invalid": { ...turnFence, ...usage },
  "turn.failed": { ...turnFence, retryable: z.boolean().optional(), ...reason, ...usage },
  "turn.progress": turnFence,
  /** The host has given a broadcast's turn to that many agents. */
  "audience.asked": { turn: z.number(), asked: z.number() },
  /** An awaited child of the edge taken at `round` has ended. */
  "child.ended": { round: z.number(), status: ending },
});
export type TaskEvent = MessageOf<typeof taskEventTable>;
export type DeliveryRefused = Extract<TaskEvent, { type: "delivery.refused" }>;

/** Output of the `moderate` actor: facts only; prompts and payloads stay with the object layer. */
export const moderated = open({
  /** The id of the edge, or `$SUSPEND`. */
  edge: z.string(),
  suspend: open({ reason: z.string() }).exactOptional(),
  /** How many awaited children the edge starts. */
  children: z.number().exactOptional(),
});
export type Moderated = z.infer<typeof moderated>;

/** Static input of the `moderate` actor. */
export const moderateInput = open({
  node: z.string(),
  /** The engine's own status that decides in place of the last output's. */
  status: z.literal("$MAX_ROUNDS").optional(),
});
export type ModerateInput = z.infer<typeof moderateInput>;

/** What recruitment says to `agent/<id>`. */
export const recruitmentToAgent = declareMessages({
  "claim.accepted": { ...held, offer: z.number() },
  "claim.rejected": { role: z.string(), offer: z.number(), reason: z.string() },
  /** A role that was not claimed: named, kept from an earlier epoch, or given by a person. */
  "role.assigned": held,
  "role.ended": { ...held, reason: z.string() },
});

export type RecruitmentToAgent = MessageOf<typeof recruitmentToAgent>;

/** What the task says to `agent/<id>`. */
export const taskToAgent = declareMessages({
  "turn.assigned": {
    turn: z.number(),
    role: z.string(),
    round: z.number(),
    agent: z.string(),
    generation: z.number(),
    /** Counts from 1 within a turn. */
    attempt: z.number(),
    /** Milliseconds from the commit to the deadline. */
    timeout: z.number(),
    /** The decision that holds the prompt: the `turn` of its `decision.record`. */
    decision: z.number(),
    resumed: open({ reason: z.string() }).optional(),
    handover: open({ agent: z.string(), why: z.string() }).optional(),
  },
  "turn.revoked": { turn: z.number(), ...held, reason: z.string() },
});

export type TaskToAgent = MessageOf<typeof taskToAgent>;

/** Messages to `agent/<id>`. */
export type ToAgent = RecruitmentToAgent | TaskToAgent;

/** Messages to `offers`, the thread's own offers. */
export const toOffers = declareMessages({
  "offer.open": { role: z.string(), offer: z.number(), timeout: z.number(), pick: keyOf(pickModes) },
  "offer.close": { role: z.string(), offer: z.number(), why: z.string() },
});
export type ToOffers = MessageOf<typeof toOffers>;

/** Messages to `audience`, the agents of a broadcast. */
export const toAudience = declareMessages({
  "audience.ask": {
    role: z.string(),
    turn: z.number(),
    round: z.number(),
    timeout: z.number(),
    of: z.number().nullable(),
    pick: keyOf(pickModes),
    decision: z.number(),
    resumed: open({ reason: z.string() }).optional(),
  },
  /** The thread was suspended and goes on: whoever has not answered is given the turn again. */
  "audience.resume": { role: z.string(), turn: z.number(), decision: z.number(), reason: z.string() },
  /** `status` is `$ACKED` or `$PARTIAL`, or how the thread ended: then nobody's answer is wanted any more. */
  "audience.close": { role: z.string(), turn: z.number(), status: z.string() },
});
export type ToAudience = MessageOf<typeof toAudience>;

/** Who holds what, as facts of a thread's life. */
const holder = open({ role: z.string(), agent: z.string(), generation: z.number() });
export type Holder = z.infer<typeof holder>;

const holders = { holders: z.array(holder) };
const ended = { outcome: machineOutcome, ...holders };

/** What recruitment emits: the log of the thread's life. */
export const recruitmentEmitted = declareMessages({
  "thread.started": holders,
  "thread.suspended": { reason: z.string(), ...holders },
  "thread.resumed": holders,
  "thread.completed": ended,
  "thread.failed": ended,
  "thread.cancelled": ended,
});

/** What the task emits. */
export const taskEmitted = declareMessages({
  /** The edge's events and children are due; the decision row has them. */
  "edge.published": { node: z.string(), edge: z.string(), round: z.number() },
});

/** What is emitted: the log. */
export type Emitted = MessageOf<typeof recruitmentEmitted> | MessageOf<typeof taskEmitted>;

/** Writes of the same transaction, by the name of the action, with its params: named actions that are nobody's message. */
export const writes = {
  /** `status` is the engine's own where no agent answered, e.g. `$TIMEOUT`. */
  "message.append": open({
    turn: z.number(),
    role: z.string(),
    agent: z.string().nullable(),
    round: z.number(),
    status: z.string().nullable(),
  }),
  /** A broadcast's turn has been given to that many agents. */
  "audience.note": open({ turn: z.number(), role: z.string(), asked: z.number() }),
  /** One agent's answer to a broadcast, or that it has none. */
  "answer.note": open({ turn: z.number(), role: z.string(), agent: z.string(), ok: z.boolean() }),
  /** `turn` is the turn that the decision opens, `round` the last one before it; `to` is a role, `$END` or `$SUSPEND`. */
  "decision.record": open({ node: z.string(), edge: z.string(), to: z.string(), round: z.number(), turn: z.number().nullable() }),
  "progress.note": open({ turn: z.number(), role: z.string(), agent: z.string() }),
};
export type WriteType = keyof typeof writes;
export type Write = { [Type in WriteType]: { type: Type; params: z.infer<(typeof writes)[Type]> } }[WriteType];

function listKeys<Key extends string>(table: Record<Key, unknown>): readonly Key[] {
  return Object.keys(table) as Key[];
}

/** Types of the writes. */
export const writeTypes = listKeys(writes);

/** Every event type that recruitment's config may name, the host's own `xstate.*` apart; `role.unfilled` it raises itself. */
export const recruitmentEvents: readonly string[] = [...listKeys(recruitmentEventTable), "role.unfilled"];

/** Every event type that the task's config may name, the host's own `xstate.*` apart. */
export const taskEvents: readonly string[] = listKeys(taskEventTable);
