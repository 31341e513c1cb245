/** What a world gives to the contract: actors by name, one per object, and power over time and evictions. */

import type { Json } from "../../src/contract/event.ts";
import type { ActorView, SendAnswer } from "../../src/durable/host/actor-host.ts";
import type { DeadLetterRow } from "../../src/durable/host/dead-letters.ts";
import type { HistoryEntry } from "../../src/durable/host/history.ts";
import type { SqlValue } from "../../src/durable/host/ports.ts";
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";

/** An event as a test sends it. */
export interface TestEvent {
  type: string;
  [fact: string]: Json;
}

export interface ContractWorld {
  start(actor: string, logic: string, input?: Json): Promise<SendAnswer>;
  send(actor: string, event: TestEvent): Promise<SendAnswer>;
  deliver(envelope: Envelope): Promise<Delivery>;
  read(actor: string): Promise<ActorView | undefined>;
  history(actor: string, page?: { after?: number; limit?: number }): Promise<HistoryEntry[]>;
  deadLetters(actor: string): Promise<DeadLetterRow[]>;
  retry(actor: string, id: number): Promise<SendAnswer>;
  drop(actor: string, id: number): Promise<boolean>;
  forget(actor: string): Promise<boolean>;
  /** Reads, or spoils, the object's rows. */
  query(actor: string, sql: string, ...values: SqlValue[]): Promise<Record<string, SqlValue>[]>;
  /** Drops the object's memory; its store stays. */
  evict(actor: string): Promise<void>;
  evictAll(): Promise<void>;
  /** Ends the object where it is, whatever it does. */
  kill(actor: string): Promise<void>;
  /** Ends the object the next time it comes to the write `crash`, in the middle of its transaction. */
  crashOnce(actor: string): void;
  /** Until nothing runs in any object, but works that a test holds. */
  settle(): Promise<void>;
  /** Moves the clock and rings the alarms that are due, each at its time. */
  advance(milliseconds: number): Promise<void>;
  /** When the object's alarm is set, in milliseconds since the epoch. */
  alarm(actor: string): Promise<number | undefined>;
  now(): number;
  /** Turns the clock without ringing anything. */
  turnClock(by: number): void;
}
