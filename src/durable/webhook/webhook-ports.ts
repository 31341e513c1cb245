/** What a webhook is given from outside, so that tests have its clock, its log and its receiver in their hands. */
import type { LogEntry } from "../../contract/views/log.ts";
import type { Store } from "../host/store/store.ts";
import type { EventFilter } from "../protocol/webhook.ts";
import type { Attempt } from "./attempt-delivery.ts";
import type { MatchingPage } from "./read-matching.ts";
import type { WebhookSettings } from "./webhook-documents.ts";

export interface WebhookPorts {
  store: Store;
  /** Milliseconds since 1970. */
  now(): number;
  setAlarm(at: number): void;
  read(filter: EventFilter, from: { after: number; limit: number; now: number }): Promise<MatchingPage>;
  readAt(positions: readonly number[]): Promise<LogEntry[]>;
  /** Never throws. */
  attempt(settings: WebhookSettings, entry: LogEntry): Promise<Attempt>;
  warn(entry: { [fact: string]: unknown }): void;
}
