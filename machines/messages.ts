/**
 * Every event that either machine takes and every message that leaves a step, as complete plain data. Names here are a
 * storage format: they only grow. What agents wrote (outputs, prompts, bids, supplements) is in none of them.
 */
import type { EngineStatus, PickMode, StartKey } from "../src/contract/language.ts";
import type { OutcomeStatus } from "../src/contract/statuses.ts";

/** Whether a thread begins, or an ended one goes on. */
export type Start = StartKey;

/** Who holds a role. A vacated seat keeps its generation, for generations only grow. */
export interface Seat {
  agent: string | null;
  generation: number;
  /** The holder is lost, and the seat stays theirs. */
  gone?: boolean;
  /** Who held it before and why no more, until the new holder has answered. */
  was?: string;
  why?: string;
}

/** Input of recruitment's init event. Named roles come seated; an epoch brings along the seats to keep. */
export interface RecruitmentInput {
  start: Start;
  seats: Record<string, Seat>;
  /** The last round of earlier epochs; rounds and turns only grow. */
  round?: number;
  /** Last holders of roles, for `not` and `sticky` across epochs. */
  last?: Record<string, string>;
  /** The number of each role's last offer, so that the ids of offers stay unique across epochs. */
  offers?: Record<string, number>;
  /** The turns go on after this role's last step, as if it had just been answered; absent: from `$START`. */
  from?: { node: string };
}

/** Input of the task's init event; recruitment's `spawnChild` carries it. */
export interface TaskInput {
  start: Start;
  seats: Record<string, Seat>;
  round: number;
  /** Roles that nobody took while the thread was assembled, whose node has an edge for it. */
  unfilled: string[];
  /** The task begins by deciding after this role's last step; absent: at `$START`. */
  from?: { node: string };
}

/** How a machine ended: the `output` of both. */
export interface MachineOutcome {
  status: OutcomeStatus;
  reason: string | null;
  /** Whose turn was the last. */
  role: string | null;
  round: number;
}

type ThreadOrder =
  | { type: "thread.cancel"; reason?: string }
  | { type: "thread.fail"; reason?: string }
  | { type: "thread.suspend"; reason?: string }
  | { type: "thread.resume"; reason?: string };

/** What came back of a message that its receiver refused for good (unknown, deleted, full). */
export interface DeliveryRefused {
  type: "delivery.refused";
  agent: string;
  /** Type of the message that was refused. */
  about: string;
  turn?: number;
  role?: string;
  generation?: number;
  reason: string;
}

/** What the task tells recruitment. */
export type TaskToRecruitment =
  | { type: "role.needed"; role: string; generation: number; why: string }
  | { type: "role.freed"; role: string; generation: number }
  | { type: "thread.suspended"; reason: string };

/** What recruitment tells the task. */
export type RecruitmentToTask =
  | { type: "role.bound"; role: string; agent: string; generation: number }
  | { type: "role.lost"; role: string; generation: number; why: string }
  | { type: "role.unfilled"; role: string }
  /** The holder is lost, the seat stays theirs; only told where the role's node has an edge for it. */
  | { type: "role.offline"; role: string; generation: number }
  | { type: "role.online"; role: string; generation: number }
  | ThreadOrder;

/** What recruitment takes from the host. */
export type RecruitmentEvent =
  | ThreadOrder
  | TaskToRecruitment
  | DeliveryRefused
  | {
      type: "role.claim";
      role: string;
      agent: string;
      offer: number;
      /** Judged outside: eligibility but `not`, capacity, presence. */
      eligible: boolean;
      /** Why not. */
      why?: string;
      /** `pick: best`: what `score` gave; higher wins, the earlier at a draw. `pick: random`: a number drawn by the host. */
      score?: number;
    }
  /** Everybody who was offered the role has claimed or declined: no need to wait longer. */
  | { type: "offer.exhausted"; role: string; offer: number }
  /** `taken`: a person took it from the holder, and says so. */
  | { type: "role.release"; role: string; agent: string; generation: number; reason?: string; taken?: string }
  /** A person gives the role to an agent. */
  | { type: "role.assign"; role: string; agent: string; reason?: string }
  | { type: "agent.away" | "agent.back" | "agent.deleted"; agent: string };

/** Names an agent's part in the open turn; all three must be current for it to count. */
export interface TurnFence {
  turn: number;
  agent: string;
  generation: number;
}

/** What the task takes from the host. */
export type TaskEvent =
  | RecruitmentToTask
  | DeliveryRefused
  /** `ok` matters to broadcasts: the answer counts as an acknowledgement. */
  | ({ type: "turn.answered"; ok?: boolean } & TurnFence)
  | ({ type: "turn.invalid" } & TurnFence)
  | ({ type: "turn.failed"; retryable?: boolean; reason?: string } & TurnFence)
  | ({ type: "turn.progress" } & TurnFence)
  /** The host has given a broadcast's turn to that many agents. */
  | { type: "audience.asked"; turn: number; asked: number }
  /** An awaited child of the edge taken at `round` has ended. */
  | { type: "child.ended"; round: number; status: MachineOutcome["status"] };

/** Output of the `moderate` actor: facts only; prompts and payloads stay with the object layer. */
export interface Moderated {
  /** The id of the edge, or `$SUSPEND`. */
  edge: string;
  suspend?: { reason: string };
  /** How many awaited children the edge starts. */
  children?: number;
}

/** Static input of the `moderate` actor. */
export interface ModerateInput {
  node: string;
  /** The engine's own status that decides in place of the last output's. */
  status?: Extract<EngineStatus, "$MAX_ROUNDS">;
}

/** What recruitment tells `agent/<id>`. */
export type RecruitmentToAgent =
  | { type: "claim.accepted"; role: string; offer: number; generation: number }
  | { type: "claim.rejected"; role: string; offer: number; reason: string }
  /** A role that was not claimed: named, kept from an earlier epoch, or given by a person. */
  | { type: "role.assigned"; role: string; generation: number }
  | { type: "role.ended"; role: string; generation: number; reason: string };

/** What the task tells `agent/<id>`. */
export type TaskToAgent =
  | {
      type: "turn.assigned";
      turn: number;
      role: string;
      round: number;
      agent: string;
      generation: number;
      /** Counts from 1 within a turn. */
      attempt: number;
      /** Milliseconds from the commit to the deadline. */
      timeout: number;
      /** The decision that holds the prompt: the `turn` of its `decision.record`. */
      decision: number;
      resumed?: { reason: string };
      handover?: { agent: string; why: string };
    }
  | { type: "turn.revoked"; turn: number; role: string; generation: number; reason: string };

/** Messages to `agent/<id>`. */
export type ToAgent = RecruitmentToAgent | TaskToAgent;

/** Messages to `offers`, the thread's own offers. */
export type ToOffers =
  | { type: "offer.open"; role: string; offer: number; timeout: number; pick: PickMode }
  | { type: "offer.close"; role: string; offer: number; why: string };

/** Messages to `audience`, the agents of a broadcast. */
export type ToAudience =
  | {
      type: "audience.ask";
      role: string;
      turn: number;
      round: number;
      timeout: number;
      of: number | null;
      pick: PickMode;
      decision: number;
      resumed?: { reason: string };
    }
  /** The thread was suspended and goes on: whoever has not answered is given the turn again. */
  | { type: "audience.resume"; role: string; turn: number; decision: number; reason: string }
  /** `status` is `$ACKED` or `$PARTIAL`, or how the thread ended: then nobody's answer is wanted any more. */
  | { type: "audience.close"; role: string; turn: number; status: string };

/** Who holds what, as facts of a thread's life. */
export interface Holder {
  role: string;
  agent: string;
  generation: number;
}

/** What is emitted: the log. */
export type Emitted =
  | { type: "thread.started"; holders: Holder[] }
  | { type: "thread.suspended"; reason: string; holders: Holder[] }
  | { type: "thread.resumed"; holders: Holder[] }
  | { type: `thread.${OutcomeStatus}`; outcome: MachineOutcome; holders: Holder[] }
  /** The edge's events and children are due; the decision row has them. */
  | { type: "edge.published"; node: string; edge: string; round: number };

/** Writes of the same transaction: named actions that are nobody's message. */
export type Write =
  /** `status` is the engine's own where no agent answered, e.g. `$TIMEOUT`. */
  | { type: "message.append"; params: { turn: number; role: string; agent: string | null; round: number; status: string | null } }
  /** A broadcast's turn has been given to that many agents. */
  | { type: "audience.note"; params: { turn: number; role: string; asked: number } }
  /** One agent's answer to a broadcast, or that it has none. */
  | { type: "answer.note"; params: { turn: number; role: string; agent: string; ok: boolean } }
  /** `turn` is the turn that the decision opens, `round` the last one before it; `to` is a role, `$END` or `$SUSPEND`. */
  | { type: "decision.record"; params: { node: string; edge: string; to: string; round: number; turn: number | null } }
  | { type: "progress.note"; params: { turn: number; role: string; agent: string } };

/** A kind of write. */
export type WriteType = Write["type"];

function listAll<Name extends string>(names: Record<Name, true>): readonly Name[] {
  return Object.keys(names) as Name[];
}

/** Types of the writes. */
export const writeTypes = listAll<WriteType>({
  "message.append": true,
  "audience.note": true,
  "answer.note": true,
  "decision.record": true,
  "progress.note": true,
});

/** Every event type that recruitment's config may name, the host's own `xstate.*` apart; `role.unfilled` it raises itself. */
export const recruitmentEvents = listAll<RecruitmentEvent["type"] | "role.unfilled">({
  "thread.cancel": true,
  "thread.fail": true,
  "thread.suspend": true,
  "thread.resume": true,
  "thread.suspended": true,
  "role.claim": true,
  "role.release": true,
  "role.assign": true,
  "role.needed": true,
  "role.freed": true,
  "role.unfilled": true,
  "offer.exhausted": true,
  "agent.away": true,
  "agent.back": true,
  "agent.deleted": true,
  "delivery.refused": true,
});

/** Every event type that the task's config may name, the host's own `xstate.*` apart. */
export const taskEvents = listAll<TaskEvent["type"]>({
  "thread.cancel": true,
  "thread.fail": true,
  "thread.suspend": true,
  "thread.resume": true,
  "role.bound": true,
  "role.lost": true,
  "role.unfilled": true,
  "role.offline": true,
  "role.online": true,
  "turn.answered": true,
  "turn.invalid": true,
  "turn.failed": true,
  "turn.progress": true,
  "audience.asked": true,
  "child.ended": true,
  "delivery.refused": true,
});
