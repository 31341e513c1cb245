/** What a thread's root takes: what its workflow's queue says, and what agents' objects tell its actor. */

import * as z from "zod";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import type { BodyOf } from "../../contract/http/bodies.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import type { Signal } from "../../contract/language.ts";
import { declareMessages, type MessageOf } from "../../contract/message-table.ts";
import type { Result } from "../../contract/problem.ts";
import type { RoleCandidates, ThreadExplanation } from "../../contract/views/explanation.ts";
import type { MessageView, ThreadView } from "../../contract/views/thread.ts";
import type { UnreachableView } from "../../contract/views/unreachable.ts";
import type { HistoryEntry } from "../host/history.ts";
import type { ClaimCard } from "./agent.ts";
import type { OpenOffer } from "./board.ts";
import type { DeliverRpc } from "./envelope.ts";
import type { OldTaskPage, OldTaskPlace } from "./old-task.ts";
import { event, type Once, order } from "./parts.ts";
import { admission } from "./workflow.ts";

/** What the workflow's queue says. */
export const queueMessages = declareMessages({
  /** It has a place. */
  "thread.start": admission,
  /** It waits for one. */
  "thread.queued": { ...admission, reason: z.string() },
  /** It never gets one. */
  "thread.dropped": { ...admission, reason: z.string() },
  /** A reflex, an edge or a dead letter orders something. */
  "thread.signal": {
    signal: order,
    event: event.nullable().optional(),
    ref: z.string().nullable().optional(),
    key: z.string().nullable().optional(),
    /** Absent: the event says why. */
    reason: z.string().optional(),
  },
});
export type QueueMessage<Type extends keyof typeof queueMessages = keyof typeof queueMessages> = z.infer<(typeof queueMessages)[Type]>;

const absence = { agent: z.string(), role: z.string(), generation: z.number().optional() };

/** What agents' objects say of agents: events of the recruitment actor as they are. */
export const presenceMessages = declareMessages({
  "agent.away": absence,
  "agent.back": absence,
  "agent.deleted": { agent: z.string() },
});
export type PresenceMessage = MessageOf<typeof presenceMessages>;

export type RecruitmentMessage = QueueMessage | PresenceMessage;

/** What an actor of a thread takes from agents, on behalf of whom their own object asks. */
/** `decided`: an accepted claim has its verdict, which is on its way; nobody outside is told. Absent: it may have none yet. */
export type TakenEvent = Accepted & { decided?: true };

export interface ThreadActorRpc {
  /**
   * Judges and stores a thread-bound event; its commit is the acceptance.
   * @param hash of what was posted, by which a repeat is known from another event of the same id
   */
  take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<TakenEvent>>;
}

/** A page of the history of both actors; of the task null where it has not begun. */
export interface ThreadHistory {
  recruitment: HistoryEntry[];
  task: HistoryEntry[] | null;
  /** The task's object, where it does not answer. */
  unreachable?: UnreachableView[];
}

/** The root object of a thread. `viewer` null: an operator; else an agent's id, who sees only threads that it takes part in. */
export interface RecruitmentRpc extends DeliverRpc, ThreadActorRpc {
  show(viewer: string | null): Promise<Result<ThreadView>>;
  messages(
    viewer: string | null,
    page: { after?: number; limit: number },
  ): Promise<Result<{ messages: MessageView[]; next: number | null }>>;
  /** An operator's word: `operator` names who. */
  control(signal: Signal, operator: string, body: ControlBody, once?: Once): Promise<Result<ThreadView>>;
  restart(operator: string, body: RestartBody, once?: Once): Promise<Result<ThreadView>>;
  /** Answers with the new thread. */
  fork(operator: string, body: ForkBody, once?: Once): Promise<Result<ThreadView>>;
  /** Takes a role from its holder: for the agent named, or for whoever is recruited. */
  assign(operator: string, role: string, body: AssignBody, once?: Once): Promise<Result<ThreadView>>;
  /** Runs a dead letter again, or gives it up. */
  settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>>;
  /** The actors' history: each event with the state before and after and its effects; of the task after a revision of its own. */
  history(page: { after?: number; taskAfter?: number; limit: number }): Promise<Result<ThreadHistory>>;
  /** Wakes the object to see whether its thread's time is over; false: there is none. */
  retire(): Promise<boolean>;
  /** A page of the rows of a task that an earlier version kept in this object; null: there are none. */
  oldTask(place: OldTaskPlace): Promise<OldTaskPage | null>;
  /** What it offers now, for a board that was lost. */
  offers(): Promise<OpenOffer[]>;
  /** Who holds each role, null where nobody does. */
  holders(viewer: string | null): Promise<Result<{ [role: string]: string | null }>>;
  /** What the thread waits for and why nobody has the roles that nobody has; asks agents' objects. For operators. */
  explain(): Promise<Result<ThreadExplanation>>;
  /** Who could have a role now, for those who take part; asks agents' objects. */
  candidates(viewer: string | null, role: string): Promise<Result<RoleCandidates>>;
}

/** Only to resume takes a supplement. */
export type ControlBody = BodyOf<"POST /v1/threads/:id/resume">;

export type AssignBody = BodyOf<"POST /v1/threads/:id/roles/:role">;

export type RestartBody = BodyOf<"POST /v1/threads/:id/restart">;
export type ForkBody = BodyOf<"POST /v1/threads/:id/fork">;
