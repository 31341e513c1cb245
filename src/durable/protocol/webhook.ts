/** What a webhook's object answers to: it takes no messages. */
import type { Result } from "../../contract/problem.ts";
import type { WebhookDeadLetter, WebhookFilter, WebhookReplay, WebhookStanding } from "../../contract/views/webhook.ts";

/** What is set when a webhook is made. */
export interface NewWebhook {
  url: string;
  filter: WebhookFilter;
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
