/** The outbox as it is stored. Knows SQL, no receivers' state. */
import type { Message } from "../protocol/envelope.ts";
import type { Row, Storage } from "./ports.ts";

interface OutboxRow extends Row {
  id: number;
  /** Address of the sending actor. */
  actor: string;
  receivers: string;
  spread: number;
  message: string;
  attempts: number;
  next_at: number;
  failing: number | null;
}

/** A message that has not been delivered to all its receivers. */
export interface Waiting {
  id: number;
  sender: string;
  /** Null: refused for good. */
  receivers: (string | null)[];
  message: Message;
  spread: boolean;
  /** Failed deliveries that may be the message's own fault: so many that the receiver makes it a dead letter. */
  attempts: number;
  /** Failed deliveries of this life, which lengthen the pause. */
  pauses: number;
  nextAt: number;
  /** Since when its deliveries fail, in milliseconds since the epoch; null: they don't. */
  failing: number | null;
  phase: "hold" | "release";
  /** Who has answered in this phase: an attempt asks the others only. */
  answered: Set<string>;
}

export interface OutboxRows {
  load(): Waiting[];
  add(sender: string, receivers: string[], message: Message, spread: boolean): Waiting;
  /** A receiver need not be asked again. */
  dropReceiver(head: Waiting, to: string): void;
  /** Written ahead of a try that may crash the object; an answer, or a failure, writes the true count. */
  countAttempt(head: Waiting): void;
  writeFailure(head: Waiting): void;
  deleteThrough(id: number): void;
}

export function createOutboxRows(storage: Storage): OutboxRows {
  return {
    load: () =>
      storage.exec<OutboxRow>("SELECT * FROM outbox ORDER BY id").map((row) => ({
        ...makeWaiting(
          row.id,
          row.actor,
          JSON.parse(row.receivers) as (string | null)[],
          JSON.parse(row.message) as Message,
          row.spread === 1,
        ),
        attempts: row.attempts,
        pauses: row.attempts,
        nextAt: row.next_at,
        failing: row.failing,
      })),
    add(sender, receivers, message, spread) {
      const row = storage.exec<{ id: number }>(
        "INSERT INTO outbox (actor, receivers, message, spread) VALUES (?, ?, ?, ?) RETURNING id",
        sender,
        JSON.stringify(receivers),
        JSON.stringify(message),
        spread ? 1 : 0,
      )[0];
      if (!row) throw new Error("the outbox gave no id");
      return makeWaiting(row.id, sender, receivers, message, spread);
    },
    dropReceiver(head, to) {
      if (head.receivers.length === 1) {
        storage.exec("DELETE FROM outbox WHERE id = ?", head.id);
        return;
      }
      // Read the row again: other receivers may have refused in this attempt. Keep the refused one's place in the list, so that after a restart the message still goes out in two phases.
      const stored = storage.exec<{ receivers: string }>("SELECT receivers FROM outbox WHERE id = ?", head.id)[0]?.receivers ?? "[]";
      const rest = (JSON.parse(stored) as (string | null)[]).map((receiver) => (receiver === to ? null : receiver));
      storage.exec("UPDATE outbox SET receivers = ? WHERE id = ?", JSON.stringify(rest), head.id);
    },
    countAttempt: ({ id, attempts }) => void storage.exec("UPDATE outbox SET attempts = ? WHERE id = ?", attempts + 1, id),
    writeFailure: ({ id, attempts, nextAt, failing }) =>
      void storage.exec("UPDATE outbox SET attempts = ?, next_at = ?, failing = ? WHERE id = ?", attempts, nextAt, failing, id),
    deleteThrough: (id) => void storage.exec("DELETE FROM outbox WHERE id <= ?", id),
  };
}

function makeWaiting(id: number, sender: string, receivers: (string | null)[], message: Message, spread: boolean): Waiting {
  return { id, sender, receivers, message, spread, attempts: 0, pauses: 0, nextAt: 0, failing: null, phase: "hold", answered: new Set() };
}
