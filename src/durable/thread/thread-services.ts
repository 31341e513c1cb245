/** What a thread's logics and their neighbours ask of the object that runs them; a step finds it in its scope. */
import type { WorkflowIr } from "../../compile/ir.ts";
import type { CloudEvent } from "../../contract/event.ts";
import type { Wait } from "../../contract/views/wait.ts";
import type { StepScope } from "../host/logic.ts";
import type { AgentMessage } from "../protocol/agent.ts";
import type { OwnMessage } from "../protocol/own-places.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import type { ThreadDocuments } from "./lifecycle/thread-rows.ts";
import type { OfferRecords } from "./recruitment/offer-records.ts";
import type { TaskDocuments } from "./task/task-documents.ts";
import type { ThreadPart } from "./waits/note-waits.ts";

export interface ThreadServices {
  /** What a root keeps of the thread, where it lives in this object. */
  lifecycle: ThreadDocuments;
  /** What a task keeps, where its thread's task lives in this object. */
  documents: TaskDocuments;
  /** Adds an event of the thread to the log, in the transaction. */
  log(event: CloudEvent, thread: string): void;
  project(row: ProjectionRow): void;
  /** Tells the index what a part of the thread waits for now, in the transaction. */
  noteWait(part: ThreadPart, wait: Wait | undefined): void;
  /** Sends one mail to many agents, between whom no order is promised, in the transaction. `sender`: the actor's address. `next`: with what it tells them else. */
  mail(agents: string[], message: AgentMessage, sender: string, how?: { next?: boolean }): void;
  /** What the thread keeps of its offers, where its root is. */
  records(): OfferRecords;
  /** Takes what the thread's machine says of its offers, in the transaction of its step, where its root is. */
  offers(): { take(fact: OwnMessage<"offer.open" | "offer.close">, ir: WorkflowIr): void } | undefined;
  /** Logs an agent's event, first in the transaction that takes it: the thread's own events in it get it as their cause. */
  logCause(event: CloudEvent, thread: string): void;
  /** Id of the event that the present transaction takes; null: time or the thread itself moves it. */
  cause(): string | null;
}

/** A step's scope in an object of a thread. */
export type ThreadScope = StepScope<ThreadServices>;
