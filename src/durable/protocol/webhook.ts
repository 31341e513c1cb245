/** What a webhook's object answers to: it takes no messages. */
import type { Result } from "../../contract/problem.ts";
import type { WebhookDeadLetter, WebhookFilter, WebhookReplay, WebhookStanding } from "../../contract/views/webhook.ts";

/** Which events: those of one thread, where it names one. */
export type EventFilter = WebhookFilter & { thread?: string };

/** What goes with the notifications of an A2A task, as its client said; empty: nothing does. */
export interface PushForm {
  token: string;
  scheme: string;
  credentials: string;
}

/** What is set when a webhook is made. */
export interface NewWebhook {
  url: string;
  filter: EventFilter;
  /** It brings an A2A task's changes, in their order, and ends with the task. Made again, it goes on from where it is. */
  push?: PushForm;
  links: string;
  secret: string;
  /** Position in the log after which events are sent. */
  position: number;
}

/** What is to be sent again: from a position, or what was given up. */
export type ReplayOrder = { after: number } | { deadLetters: number[] | "all" };

export interface WebhookRpc {
  /** Answers when it is durable. */
  create(webhook: NewWebhook): Promise<void>;
  /** The log may have something for it. Answers when that can't be lost any more. */
  wake(): Promise<void>;
  standing(): Promise<WebhookStanding | null>;
  deadLetters(query: { after?: number | undefined; limit: number }): Promise<{ deadLetters: WebhookDeadLetter[]; next: number | null }>;
  /** @param overlap milliseconds for which the former secret signs as well */
  rotate(secret: string, overlap: number): Promise<Result<null>>;
  /** Sends again what was stopped. */
  resume(): Promise<Result<null>>;
  replay(order: ReplayOrder): Promise<Result<WebhookReplay>>;
  /** It sends nothing any more, and stores nothing. */
  remove(): Promise<void>;
}
