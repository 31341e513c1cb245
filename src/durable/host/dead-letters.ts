/** Dead letters: events that could not be run, each with why, until an operator retries or drops it. Knows SQL and the host's messages. */
import { cutToBytes } from "../../contract/limits.ts";
import type { DeadLetterCode } from "../../contract/refusals.ts";
import type { Message } from "../protocol/envelope.ts";
import type { JobKey } from "./job-table.ts";
import { hostLimits } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Row, World } from "./ports.ts";
import type { TimerKey } from "./timer-table.ts";

export interface DeadLetterRow extends Row {
  id: number;
  actor: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Address of the object that sent it; null: sent by a caller, or the host's own. */
  sender: string | null;
  /** The sender's number of the message. */
  number: number | null;
  /** The timer or job that an event of the host's own came from. */
  origin: string | null;
  event: string;
  /** A {@link DeadLetterCode}, or one of another version. */
  code: string;
  error: string;
}

/** The timer or job that an event came from: kept, without acting, for as long as the actor would still take the event. */
export type Origin = { timer: TimerKey } | { job: JobKey };

/** An event became a dead letter: called in its transaction, which sends what is appended. */
export type OnDeadLetter = (entry: DeadLetterRow, append: (to: string, message: Message) => void) => void;

export interface DeadLetters {
  /**
   * Keeps an event, inside the caller's transaction. One that the state does not take is dropped when enough of them are there.
   * @throws when there is no room and the event threw, so that the sender keeps it
   */
  add(entry: {
    actor: string;
    sender?: string;
    number?: number;
    origin?: Origin;
    event: unknown;
    code: DeadLetterCode;
    error: string;
  }): void;
  isFull(): boolean;
  list(): DeadLetterRow[];
  find(id: number): DeadLetterRow | undefined;
  remove(id: number): void;
  /** Notes that a retry failed. */
  note(id: number, error: string): void;
  /** Removes a child's start that waits here: its parent has stopped it. */
  removeStarts(actor: string): void;
}

export function createDeadLetters(world: World, outbox: () => Outbox, onDeadLetter: OnDeadLetter | undefined): DeadLetters {
  const { storage, clock } = world;
  const count = (where: string): number => storage.exec<{ n: number }>(`SELECT count(*) AS n FROM parked ${where}`)[0]?.n ?? 0;
  const isFull = (): boolean => count("") >= hostLimits.deadLetters;
  const isFullOfIgnored = (): boolean => count("WHERE code IN ('not_taken', 'unknown_event')") >= hostLimits.deadLettersIgnored;
  return {
    isFull,
    add({ actor, sender, number, origin, event, code, error }) {
      // Ignored events must neither stop their sender nor use up the room for events that throw. XState drops them without a trace.
      if ((code === "not_taken" || code === "unknown_event") && (isFullOfIgnored() || isFull())) {
        console.warn(JSON.stringify({ at: "dead letter", address: world.address, actor, dropped: (event as Message).type, error }));
        return;
      }
      if (isFull()) throw new Error(`${hostLimits.deadLetters} events are dead letters; retry or drop some first`);
      const row = storage.exec<DeadLetterRow>(
        "INSERT INTO parked (actor, at, sender, number, origin, event, code, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        actor,
        clock.now(),
        sender ?? null,
        number ?? null,
        origin ? JSON.stringify(origin) : null,
        JSON.stringify(event),
        code,
        cutToBytes(error, hostLimits.errorBytes),
      )[0];
      if (row) onDeadLetter?.(row, (to, message: Message) => outbox().append([to], message));
    },
    list: () => storage.exec<DeadLetterRow>("SELECT * FROM parked ORDER BY id LIMIT ?", hostLimits.deadLetters),
    find: (id) => storage.exec<DeadLetterRow>("SELECT * FROM parked WHERE id = ?", id)[0],
    remove: (id) => void storage.exec("DELETE FROM parked WHERE id = ?", id),
    note: (id, error) =>
      void storage.exec("UPDATE parked SET error = ?, at = ? WHERE id = ?", cutToBytes(error, hostLimits.errorBytes), clock.now(), id),
    removeStarts(actor) {
      for (const row of storage.exec<DeadLetterRow>("SELECT * FROM parked WHERE actor = ? AND sender IS NOT NULL", actor))
        if ((JSON.parse(row.event) as Message).type === "host.start") storage.exec("DELETE FROM parked WHERE id = ?", row.id);
    },
  };
}
