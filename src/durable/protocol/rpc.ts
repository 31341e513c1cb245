/**
 * What the objects answer to: to each other, and to the Worker. Plain data both ways; errors travel as
 * {@link Result}, for class identity does not cross RPC.
 */

import type { AcceptedKinds } from "../../contract/accepts.ts";
import type { Channel } from "../../contract/channels.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Accepted, InboxPage, Rejected } from "../../contract/frames/server-frames.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import type { Signal } from "../../contract/language.ts";
import type { Result } from "../../contract/problem.ts";
import type { Delivered, ReflexOutcome, Routing } from "../../contract/routing.ts";
import type { PresenceState, TurnOutcome } from "../../contract/statuses.ts";
import type { AdmissionView, PauseView } from "../../contract/views/admission.ts";
import type { AgentCard, PresenceFacts } from "../../contract/views/agent.ts";
import type { ThreadExplanation, UnreachableView } from "../../contract/views/explanation.ts";
import type { LogLag } from "../../contract/views/log-lag.ts";
import type { MessageView, ThreadView } from "../../contract/views/thread.ts";
import type { Wait } from "../../contract/views/wait.ts";
import type { WaitFacts } from "../../contract/waits.ts";
import type { Once } from "../host/control-keys.ts";
import type { Retention } from "../projector/retention.ts";

/** Who posts or reads: an agent, proven by its token; or an operator, whom the Worker has already proven. */
export type Principal = { agent: string; token: string } | { operator: string };

/** A message between objects. `id` grows per sender, so a receiver needs one number per sender to know a repeat. */
export interface Envelope {
  /** Address of the sending object, e.g. `task/t123.1`. */
  from: string;
  id: number;
  /** Address of the receiving object. */
  to: string;
  /**
   * `hold` and `release` are the two halves of an event for several agents: stored in every mailbox first, then shown.
   * Absent: one receiver, shown at once.
   */
  phase?: "hold" | "release";
  /** So many deliveries failed that the receiver must make the message a dead letter, unrun: it may be what kills it. */
  park?: boolean;
  message: Message;
}

/** What an {@link Envelope} carries: `type` decides, the rest is the receiver's to check. */
export interface Message {
  type: string;
  [fact: string]: Json | undefined;
}

/**
 * `stored`: the receiver has it, or had it before. `refused`: it never will (unknown, deleted, full); the outbox goes on
 * and the sender's actor hears of it. `later`: the receiver misses something of its own (a definition, a newer version); it is
 * asked again, and that is not counted against the message. `unknown`: it does not know such a message; after an hour it is told to
 * make it a dead letter.
 */
export type Delivery =
  | { status: "stored" }
  | { status: "refused"; code: string; detail: string }
  | { status: "later"; detail: string; unknown?: true };

/** What every object takes from another. */
export interface DeliverRpc {
  deliver(envelope: Envelope): Promise<Delivery>;
}

/** What a poll asks for; without `after`, what no live connection holds. */
export interface InboxQuery {
  channels: Channel[];
  after?: number;
  waitSeconds: number;
  limit: number;
  /** What the client calls this poll and those that follow it. */
  connection?: string;
  /** Connections of the client that are no more, whatever it looks like from here. */
  replaces?: string[];
  /** What the process calls itself. */
  client?: string;
}

/** Exactly these numbers, or all through one; a sign of life of a connection by name; and which one another has taken the place of. */
export interface Acknowledgement {
  seqs?: number[] | undefined;
  seq?: number | undefined;
  channel?: Channel | undefined;
  connection?: string | undefined;
  replaces?: string | undefined;
}

export interface AgentRpc extends DeliverRpc {
  /** What the agent is, as far as it says so itself; null: there is none. */
  card(): Promise<ClaimCard | null>;
  /** Creates the agent, or replaces what it may do; with `tokenHash` (SHA-256, hex) its token too. Idempotent. */
  register(card: AgentCard, tokenHash?: string): Promise<Result<null>>;
  /** Forgets the agent: its token is void, its sockets close, threads hear `agent.deleted`. */
  remove(): Promise<Result<null>>;
  /** Gives the agent another token; the one before stays good for `overlap` milliseconds, and its sockets as long. */
  rotate(tokenHash: string, overlap: number): Promise<Result<null>>;
  /** Makes every token of the agent void and closes its sockets; the agent, its mailbox and what it holds stay. */
  revoke(): Promise<Result<null>>;
  /** Who the principal is; `unauthenticated` if the token is not this agent's. */
  identify(principal: Principal): Promise<Result<AgentCard>>;
  /** @param client what the process that asks calls itself: it is told what others have in hand */
  me(principal: Principal, client?: string): Promise<Result<Json>>;
  /** Takes events, each judged alone, answered in order. `events` is what was posted, unparsed. */
  accept(principal: Principal, events: unknown[]): Promise<Result<(Accepted | Rejected)[]>>;
  inbox(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>>;
  ack(principal: Principal, ack: Acknowledgement): Promise<Result<null>>;
  /** Whether the agent is there, and how much it has to do. */
  presence(): Promise<PresenceFacts>;
  /** How far an event has come in this agent's mailbox. */
  delivered(event: { source: string; id: string }): Promise<Delivered>;
  /** What was decided of an event that this object accepted, of those that had recipients; null: no such. */
  routed(id: string): Promise<{ event: CloudEvent; routing: Routing } | null>;
  /** Makes a ticket (known by its SHA-256, hex) good for one connection in place of the token. */
  issueTicket(principal: Principal, ticketHash: string): Promise<Result<{ expires: string }>>;
  /** Why its mailbox would refuse an event of a source, of so many bytes; null: it would not, as far as can be said now. */
  room(source: string, bytes: number): Promise<string | null>;
  /** How the agent stands to an offer; null: there is no such agent. */
  standing(offer: string | null): Promise<AgentStanding | null>;
  /** `GET /v1/connect`, a WebSocket upgrade, and `GET /v1/inbox/stream`; the object checks the token, or ticket, itself. */
  fetch(request: Request): Promise<Response>;
}

/** What a claim is judged on: the registry's card, narrowed by what the agent last said of itself. */
export interface ClaimCard extends AgentCard {
  labels: Json;
  load: number;
  /** Of an agent that says how many roles it may hold at once: how many it holds or has claimed, but for this claim. */
  capacity?: { slots: number; used: number };
}

/** How an agent stands to an offer, as its own object sees it. */
export interface AgentStanding {
  /** The card that a claim of it would carry now. */
  card: ClaimCard;
  /** Where the offer is: not in its mailbox, unread there, on its way to a connection, or acknowledged. */
  offer: "absent" | "waiting" | "given" | "acknowledged";
  presence: Pick<PresenceFacts, "state" | "lastSignAt">;
}

/** What an actor of a thread takes from agents, on behalf of whom their own object asks. */
export interface ThreadActorRpc {
  /**
   * Judges and stores a thread-bound event; its commit is the acceptance.
   * @param hash of what was posted, by which a repeat is known from another event of the same id
   */
  take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>>;
}

/** What a thread's root asks of its task, wherever that lives. */
export interface TaskPeek {
  status: string;
  round: number;
  reason: string | null;
  turn?: NonNullable<ThreadView["turn"]>;
  last?: { role: string; output: Json };
  /** The prompt of the last decision. */
  prompt: string | null;
  /** Threads that its edges spawned, oldest first, at most a page of them. */
  children: string[];
  /** What it waits for; null: for nothing, or its recruitment says. */
  wait: Wait | null;
  /** The last broadcast of each role that had one. */
  broadcasts: { [role: string]: BroadcastView };
  /** Whom the task's object cannot reach. */
  unreachable: UnreachableView[];
}

/** How far a broadcast is. */
export interface BroadcastView {
  turn: number;
  asked: number;
  acked: number;
  failed: number;
  /** Answers that came when it was closed, and changed nothing. */
  late: number;
  /** `collecting`, `acked`, `partial`, or how the thread was called off. */
  state: string;
  since: string;
  /** Until when answers are waited for. */
  until: string;
}

export interface TaskRpc extends DeliverRpc, ThreadActorRpc {
  /** @param task its name: one object has the tasks of all of a thread's epochs */
  peek(task: string): Promise<TaskPeek | undefined>;
  /** Whether the agent was given a broadcast's turn, and so takes part. */
  asked(agent: string): Promise<boolean>;
  /** What a resume adds to the thread, for those who get a turn after it; null: nothing. */
  supplement(supplement: Json): Promise<void>;
  messages(page: { after?: number; limit: number }): Promise<{ messages: MessageView[]; next: number | null }>;
  /** As the root's; null: there is no such event here. */
  settleDeadLetter(order: "retry" | "drop", id: number): Promise<Result<null>>;
  /** Steps that count, as rows for a copy. */
  steps(range: StepRange): Promise<Steps>;
  /** The actor's history, a page after a revision. */
  history(task: string, page: { after?: number; limit: number }): Promise<Json>;
}

/** Steps after one turn, through another. */
export interface StepRange {
  after: number;
  through: number;
  limit: number;
}

/** Steps of a thread as they are stored, with the decisions that follow them. */
export interface Steps {
  messages: { turn: number; role: string; agent: string | null; output: string; body: string | null; at: number }[];
  decisions: { [column: string]: string | number | null }[];
}

/** The root object of a thread. `viewer` null: an operator; else an agent's id, who sees only threads that it takes part in. */
export interface RecruitmentRpc extends DeliverRpc, ThreadActorRpc {
  show(viewer: string | null): Promise<Result<ThreadView>>;
  messages(
    viewer: string | null,
    page: { after?: number; limit: number },
  ): Promise<Result<{ messages: MessageView[]; next: number | null }>>;
  /** An operator's word: `operator` names who. */
  control(signal: Signal, operator: string, body: { reason?: string; supplement?: Json }, once?: Once): Promise<Result<ThreadView>>;
  restart(operator: string, body: RestartBody, once?: Once): Promise<Result<ThreadView>>;
  /** Answers with the new thread. */
  fork(operator: string, body: ForkBody, once?: Once): Promise<Result<ThreadView>>;
  /** Takes a role from its holder: for the agent named, or for whoever is recruited. */
  assign(operator: string, role: string, body: { agent?: string; reason?: string }, once?: Once): Promise<Result<ThreadView>>;
  /** Runs a dead letter again, or gives it up. */
  settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>>;
  /** The actor's history: each event with the state before and after and its effects. */
  history(page: { after?: number; limit: number }): Promise<Result<Json>>;
  /** Wakes the object to see whether its thread's time is over; false: there is none. */
  retire(): Promise<boolean>;
  /** Who holds each role, null where nobody does. */
  holders(viewer: string | null): Promise<Result<{ [role: string]: string | null }>>;
  /** What the thread waits for and why nobody has the roles that nobody has; asks agents' objects. For operators. */
  explain(): Promise<Result<ThreadExplanation>>;
}

/** `at`: the turns go on after this step, as if it had just been answered; absent or 0: from the start. */
export interface RestartBody {
  at?: number;
  reason?: string;
}

/** `at`: the last step that is copied; absent: all. `roles`: other agents in roles. */
export interface ForkBody {
  at?: number;
  roles?: Record<string, string>;
  revision?: string;
  reason?: string;
}

export interface WorkflowRpc extends DeliverRpc {
  admission(): Promise<Result<AdmissionView>>;
  /** Stops admitting (null: goes on); what runs is left alone. */
  pause(pause: PauseView | null, once?: Once): Promise<Result<AdmissionView>>;
  /** What came of reflexes that fired, by `nameOutcome`; null: not taken yet, or too long ago. */
  outcomes(refs: string[]): Promise<(ReflexOutcome | null)[]>;
  /** A revision was published: what it says of the queue holds from now on. */
  published(revision: string): Promise<void>;
}

/** A row for the log or an index, as an object's projection outbox sends it; `at`: when it was committed, in milliseconds. */
export type ProjectionRow = { at?: number } & ProjectedRow;

type ProjectedRow =
  /** The newest wins; `deleted` takes the row away. `order` grows, and is milliseconds since the epoch but for a clock that goes back. */
  | { table: "presence"; agent: string; state: PresenceState | "deleted"; order: number; ignores?: number }
  | { table: "event"; event: CloudEvent; thread: string | null; routing?: Routing }
  /** What an agent last said it accepts; `at` in milliseconds since the epoch. */
  | { table: "accepts"; agent: string; accepts: AcceptedKinds; at: number }
  /** Agents that were given a broadcast's turn. */
  | { table: "audience"; thread: string; agents: string[] }
  | {
      table: "thread";
      id: string;
      /** Grows with every change of the thread: a newer revision wins. */
      revisionNumber: number;
      workflow: string;
      revision: string;
      status: ThreadView["status"];
      createdAt: string;
      updatedAt: string;
      initiator: string;
      key: string | null;
      agents: string[];
      waiting: string | null;
      parent: string | null;
    }
  | {
      table: "parked";
      /** `<thread>:<number>`; with a `t` before the number where the task's object keeps it. */
      id: string;
      revisionNumber: number;
      gone: boolean;
      thread: string;
      actor: string;
      type: string;
      code: string;
      error: string;
      /** Milliseconds since the epoch. */
      at: number;
    }
  | {
      /** A turn that an agent had, once it ended for that agent. */
      table: "turn";
      /** The turn's id, which several agents may have had one after another: counted by `attempt`. */
      turn: string;
      attempt: number;
      thread: string;
      workflow: string;
      role: string;
      agent: string;
      outcome: TurnOutcome;
      /** Milliseconds since 1970. */
      givenAt: number;
      endedAt: number;
    }
  /** What is kept of a thread whose object is emptied; the newest stands. */
  | { table: "archive"; thread: string; order: number; view: ThreadView; messages: MessageView[] }
  /** Messages that wait for a receiver which cannot be reached; none: they were taken. `since` in milliseconds; `order` grows. */
  | {
      table: "unreachable";
      sender: string;
      receiver: string;
      order: number;
      since: number;
      messages: number;
      error: string;
      /** The thread whose object sends. */
      thread: string | null;
    }
  | { table: "wait"; thread: string; part: "recruitment" | "task"; waiting: IndexedWait | null };

/** What a part of a thread waits for, as the index has it; times in milliseconds. */
export interface IndexedWait extends WaitFacts {
  since: number;
  until?: number;
}

export interface ProjectorRpc {
  /** Answers when the rows are in D1. Inserting a row twice changes nothing. */
  project(rows: ProjectionRow[]): Promise<void>;
  /**
   * Answers when the log has moved on from `mark`, at once if it has already, and after `milliseconds` at the latest. Without a
   * mark: at once.
   * @returns the mark to pass next time
   */
  changed(mark: string | undefined, milliseconds: number): Promise<string>;
  /** How far the log is behind what the objects have committed. */
  lag(): Promise<LogLag>;
  /** Begins to delete what is past its time, until nothing is left; answers at once. */
  prune(retention: Retention): Promise<void>;
  /** Writes into its storage, and answers when that is durable. @throws when objects cannot write */
  probe(): Promise<void>;
}

/** The registry's identity and version. */
export interface RegistryHead {
  id: string;
  version: number;
}

export interface AgentQuery {
  capabilities: string[];
  after?: string;
  limit: number;
}

/** What the registry's keepers answer. */
export interface RegistryRpc {
  head(): Promise<RegistryHead>;
  agents(query: AgentQuery): Promise<AgentCard[]>;
  /** The registry has changed: what was read before is void. */
  changed(): Promise<void>;
}
