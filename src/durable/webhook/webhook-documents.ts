/** All that a webhook's object keeps: each collection once, with what it holds and what bounds it. */
import { type Indexed, numberKey, type Resident } from "../host/store/collections.ts";
import type { Store } from "../host/store/store.ts";
import type { EventFilter, PushForm } from "../protocol/webhook.ts";

export interface WebhookSettings {
  url: string;
  filter: EventFilter;
  /** It pushes an A2A task's changes. */
  push?: PushForm;
  /** Where the links in what is sent lead. */
  links: string;
  secret: string;
  /** Signs as well until then, in milliseconds since 1970. */
  former: { secret: string; until: number } | null;
}

/** How far it is, and how it goes. Times in milliseconds since 1970. */
export interface WebhookMarks {
  /** Position in the log up to which events were taken. */
  position: number;
  delivered: number;
  lastDeliveredAt: number | null;
  /** Attempts that failed since one did not. */
  failures: number;
  failingSince: number | null;
  lastError: string | null;
  /** Since when nothing is sent any more, as a sentence; null: it is. */
  stopped: string | null;
  /** While the receiver is down: when an event that was not tried yet may be. */
  freshAt: number;
  /** The thread whose changes it pushes has ended, and that was taken from the log. */
  ended?: true;
}

/** An event that was taken from the log and not delivered. */
export interface PendingEvent {
  position: number;
  attempts: number;
  next: number;
}

/** An event that was given up. */
export interface DeadEvent {
  position: number;
  id: string;
  type: string;
  attempts: number;
  error: string;
  at: number;
}

export interface WebhookDocuments {
  settings: Resident<WebhookSettings>;
  marks: Resident<WebhookMarks>;
  pending: Resident<PendingEvent>;
  dead: Indexed<DeadEvent, number>;
}

/** The key of a collection's one document. */
export const theOne = "one";

/** Opens all of them before any is read, so that waking reads what stays in memory by one query. */
export function openWebhookDocuments(store: Store): WebhookDocuments {
  return {
    // One.
    settings: store.resident("settings"),
    // One.
    marks: store.resident("marks"),
    // 256 at most, by position.
    pending: store.resident("pending"),
    // 1,000 at most, by position.
    dead: store.indexed("dead", ({ position }) => position),
  };
}

export const positionKey = numberKey;
