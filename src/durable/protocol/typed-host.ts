/**
 * The actor host's parts as this project's objects see them: what is sent is typed by the address that it goes to. To the host itself
 * every address is a text, and every message open. Types only.
 */
import type { RecruitmentEvent, TaskEvent } from "../../../machines/messages.ts";
import type { ActorHost, SendAnswer, SendOptions } from "../host/actor-host.ts";
import type { Committer } from "../host/committer.ts";
import type { Outbox, Sending } from "../host/outbox.ts";
import type { AgentMessage } from "./agent.ts";
import type { OwnPlaces } from "./own-places.ts";
import type { RecruitmentMessage } from "./recruitment.ts";
import type { TaskMessage, TaskObjectMessage } from "./task.ts";
import type { WorkflowMessage } from "./workflow.ts";

/** What each kind of object takes; the kind is the first part of its address. */
interface Receivers {
  agent: AgentMessage;
  workflow: WorkflowMessage;
  recruitment: RecruitmentMessage;
  task: TaskMessage | TaskObjectMessage;
}

/** An address that messages are sent to. */
export type Address = `${keyof Receivers}/${string}` | keyof OwnPlaces;

/** What the receiver at an address takes. */
export type MessageTo<To extends Address> = To extends keyof OwnPlaces
  ? OwnPlaces[To]
  : To extends `${infer Kind extends keyof Receivers}/${string}`
    ? Receivers[Kind]
    : never;

/** A message on its way to receivers of a kind. */
export type Sent<Kind extends keyof Receivers> = { [Each in Kind]: { receivers: `${Each}/${string}`[]; message: Receivers[Each] } }[Kind];

/** Sends a message within the present transaction. */
export type Append = <To extends Address>(to: To, message: MessageTo<To>) => void;

export interface TypedOutbox extends Omit<Outbox, "append"> {
  append<To extends Address>(receivers: To[], message: MessageTo<To>, from?: Sending): void;
}

export interface TypedCommitter extends Omit<Committer, "outbox"> {
  readonly outbox: TypedOutbox;
}

export interface ThreadHost extends Omit<ActorHost, "committer" | "send"> {
  committer: TypedCommitter;
  send(actor: string, event: RecruitmentEvent | TaskEvent, options?: SendOptions): Promise<SendAnswer>;
}
