/** What the projector takes: rows for the log and the indexes, which objects send beside their messages. */
import * as z from "zod";
import type { AcceptedKinds } from "../../contract/accepts.ts";
import { declareUnion, type MessageOf } from "../../contract/message-table.ts";
import type { Routing } from "../../contract/routing.ts";
import { open } from "../../contract/shape.ts";
import { presenceStates, threadStatuses, turnOutcomes } from "../../contract/statuses.ts";
import type { LogLag } from "../../contract/views/log-lag.ts";
import type { MessageView, ThreadView } from "../../contract/views/thread.ts";
import { waitWords } from "../../contract/waits.ts";
import type { Retention } from "../projector/retention.ts";
import { event } from "./parts.ts";
import type { RegistryHead } from "./registry-head.ts";

/** What a part of a thread waits for, as the index has it; times in milliseconds. */
const indexedWait = open({
  for: z.enum(waitWords),
  role: z.string().optional(),
  agent: z.string().optional(),
  since: z.number(),
  until: z.number().optional(),
});

/** The rows by their table. Where a row is written again, a greater `order` or `revisionNumber` wins; `at` in milliseconds. */
export const projectedRows = declareUnion("table", {
  /** `deleted` takes the row away. `order` is milliseconds since the epoch but for a clock that goes back. */
  presence: { agent: z.string(), state: z.enum([...presenceStates, "deleted"]), order: z.number(), ignores: z.number().optional() },
  event: { event, thread: z.string().nullable(), routing: z.custom<Routing>().optional() },
  /** What an agent last said it accepts. */
  accepts: { agent: z.string(), accepts: z.custom<AcceptedKinds>(), at: z.number() },
  /** A thread refers to what another does; to all of it where `hashes` is null. */
  artifact: { thread: z.string(), from: z.string(), hashes: z.array(z.string()).nullable() },
  /** Agents that were given a broadcast's turn. */
  audience: { thread: z.string(), agents: z.array(z.string()) },
  thread: {
    id: z.string(),
    /** Grows with every change of the thread. */
    revisionNumber: z.number(),
    workflow: z.string(),
    revision: z.string(),
    status: z.enum(threadStatuses),
    createdAt: z.string(),
    updatedAt: z.string(),
    initiator: z.string(),
    key: z.string().nullable(),
    agents: z.array(z.string()),
    waiting: z.string().nullable(),
    parent: z.string().nullable(),
  },
  /** A dead letter. The table has kept its name. */
  parked: {
    /** `<thread>:<number>`; with a `t` before the number where the task's object keeps it. */
    id: z.string(),
    revisionNumber: z.number(),
    gone: z.boolean(),
    thread: z.string(),
    actor: z.string(),
    type: z.string(),
    code: z.string(),
    error: z.string(),
    at: z.number(),
  },
  /** A turn that an agent had, once it ended for that agent. */
  turn: {
    /** The turn's id, which several agents may have had one after another: counted by `attempt`. */
    turn: z.string(),
    attempt: z.number(),
    thread: z.string(),
    workflow: z.string(),
    role: z.string(),
    agent: z.string(),
    outcome: z.enum(turnOutcomes),
    /** What this giving of it took, where its agent said so. */
    tokens: z.number().optional(),
    cost: z.number().optional(),
    /** Milliseconds since 1970. */
    givenAt: z.number(),
    endedAt: z.number(),
  },
  /** What is kept of a thread whose object is emptied. */
  archive: { thread: z.string(), order: z.number(), view: z.custom<ThreadView>(), messages: z.custom<MessageView[]>() },
  /** Messages that wait for a receiver which cannot be reached; none: they were taken. */
  unreachable: {
    sender: z.string(),
    receiver: z.string(),
    order: z.number(),
    since: z.number(),
    messages: z.number(),
    error: z.string(),
    /** The thread whose object sends. */
    thread: z.string().nullable(),
  },
  wait: { thread: z.string(), part: z.enum(["recruitment", "task"]), waiting: indexedWait.nullable() },
});

/** A row as an object's projection sends it; `at`: when it was committed, in milliseconds. */
export type ProjectionRow = { at?: number } & MessageOf<typeof projectedRows>;

export interface ProjectorRpc {
  /**
   * Answers when the rows are in D1. Inserting a row twice changes nothing.
   * @returns the registry's version as it was then; a version of before gives none
   */
  project(rows: ProjectionRow[]): Promise<RegistryHead | undefined>;
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
