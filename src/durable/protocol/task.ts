/** What a task's object takes beside the events of its actor. */
import * as z from "zod";
import type { Json } from "../../contract/event.ts";
import { declareMessages, type MessageOf } from "../../contract/message-table.ts";
import type { Result } from "../../contract/problem.ts";
import { open } from "../../contract/shape.ts";
import { type BroadcastState, outcomeStatuses } from "../../contract/statuses.ts";
import type { Usage } from "../../contract/usage.ts";
import type { BudgetView } from "../../contract/views/explanation.ts";
import type { MessageView, ThreadView } from "../../contract/views/thread.ts";
import type { UnreachableView } from "../../contract/views/unreachable.ts";
import type { Wait } from "../../contract/views/wait.ts";
import type { HistoryEntry } from "../host/history.ts";
import type { DeliverRpc } from "./envelope.ts";
import { event, json } from "./parts.ts";
import type { ThreadActorRpc } from "./recruitment.ts";

/** Steps of a thread as they are stored, with the decisions that follow them. */
const steps = {
  messages: z.array(
    open({
      turn: z.number(),
      role: z.string(),
      agent: z.string().nullable(),
      output: z.string(),
      body: z.string().nullable(),
      at: z.number(),
      /** The operator who gave the output in the agent's place. */
      by: z.string().optional(),
      /** Its output is another than the thread's that it was copied from: what follows is this thread's to publish. */
      changed: z.literal(true).optional(),
    }),
  ),
  decisions: z.array(z.record(z.string(), z.union([z.string(), z.number()]).nullable())),
};

/** How a child ended, as it tells its parent. */
const childEnd = {
  thread: z.string(),
  round: z.number(),
  place: z.number(),
  status: z.enum([...outcomeStatuses, "dropped"]),
  output: json,
  error: z.string().nullable(),
};

export const taskMessages = declareMessages({
  "child.ended": childEnd,
  /** The thread has ended, and with it the children that it waited for. `event`: what says so. */
  "children.end": { status: z.enum(outcomeStatuses), event: event.nullable().optional() },
  /** Steps of the thread that this one is a fork of: they come before it begins. */
  "thread.copy": steps,
  /** What a resume adds to the thread, for those who get a turn after it; null: nothing. */
  "thread.supplement": { supplement: json },
  /** An agent is no more, and had a broadcast's turn. */
  "audience.left": { agent: z.string(), turn: z.string() },
});
export type TaskMessage<Type extends keyof typeof taskMessages = keyof typeof taskMessages> = z.infer<(typeof taskMessages)[Type]>;

/** What the task's object itself takes, where it has one of its own. */
export const taskObjectMessages = declareMessages({
  /** Its thread is archived: it forgets all. */
  "thread.forget": {},
});
export type TaskObjectMessage = MessageOf<typeof taskObjectMessages>;
export type Steps = Omit<z.infer<(typeof taskMessages)["thread.copy"]>, "type">;

/** What travels beside a task's end to its root: what the thread ends with. */
export const taskEnd = open({ output: json, prompt: z.string().nullable() });
export type TaskEnd = z.infer<typeof taskEnd>;

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
  /** What each role's turns took, where agents said so. */
  usage: { [role: string]: Usage };
  /** Absent: its workflow has none. */
  budgets?: BudgetView[];
  /** Whom the task's object cannot reach. */
  unreachable: UnreachableView[];
}

/** How far a broadcast is: what is shown of its role, and what the thread waits for. */
export interface BroadcastView extends Required<Pick<ThreadView["roles"][string], "state" | "asked" | "acked" | "failed">> {
  turn: number;
  /** Answers that came when it was closed, and changed nothing. */
  late: number;
  state: BroadcastState;
  since: string;
  /** Until when answers are waited for. */
  until: string;
}

export interface TaskRpc extends DeliverRpc, ThreadActorRpc {
  /** Takes over what an earlier version kept of the task in its root's object. @throws when it does not have all of it */
  adopt(): Promise<void>;
  /** @param task its name: one object has the tasks of all of a thread's epochs */
  peek(task: string): Promise<TaskPeek | undefined>;
  /** Whether the agent was given a broadcast's turn, and so takes part. */
  asked(agent: string): Promise<boolean>;
  messages(page: { after?: number; limit: number }): Promise<{ messages: MessageView[]; next: number | null }>;
  /** As the root's; null: there is no such event here. */
  settleDeadLetter(order: "retry" | "drop", id: number): Promise<Result<null>>;
  /** Steps that count, as rows for a copy. */
  steps(range: StepRange): Promise<Steps>;
  /** The actor's history, a page after a revision. */
  history(task: string, page: { after?: number; limit: number }): Promise<HistoryEntry[] | null>;
}

/** Steps after one turn, through another. */
export interface StepRange {
  after: number;
  through: number;
  limit: number;
}
