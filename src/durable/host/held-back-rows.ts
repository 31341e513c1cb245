/** Messages that are held back, as they are stored. Knows SQL only. */
import type { Row, Storage } from "./ports.ts";

export interface HeldRow extends Row {
  receiver: string;
  id: number;
  actor: string;
  message: string;
  bytes: number;
  phase: "hold" | "release" | null;
  failing: number;
  attempts: number;
  error: string;
}

/** What one receiver's messages come to. */
export interface HeldSum extends Row {
  receiver: string;
  since: number;
  messages: number;
  bytes: number;
  error: string;
}

export interface HeldRows {
  sum(): HeldSum[];
  /** The receiver's oldest. */
  next(receiver: string): HeldRow | undefined;
  add(row: HeldRow): void;
  remove(row: Pick<HeldRow, "receiver" | "id">): void;
  writeFailure(row: HeldRow, attempts: number, error: string): void;
}

export function createHeldRows(storage: Storage): HeldRows {
  return {
    sum: () =>
      storage.exec<HeldSum>(
        "SELECT receiver, min(failing) AS since, count(*) AS messages, sum(bytes) AS bytes, error FROM held_back GROUP BY receiver",
      ),
    next: (receiver) => storage.exec<HeldRow>("SELECT * FROM held_back WHERE receiver = ? ORDER BY id LIMIT 1", receiver)[0],
    add: ({ receiver, id, actor, message, bytes, phase, failing, attempts, error }) =>
      void storage.exec(
        "INSERT OR REPLACE INTO held_back (receiver, id, actor, message, bytes, phase, failing, attempts, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ...[receiver, id, actor, message, bytes, phase, failing, attempts, error],
      ),
    remove: ({ receiver, id }) => void storage.exec("DELETE FROM held_back WHERE receiver = ? AND id = ?", receiver, id),
    writeFailure: ({ receiver, id }, attempts, error) =>
      void storage.exec("UPDATE held_back SET attempts = ?, error = ? WHERE receiver = ? AND id = ?", attempts, error, receiver, id),
  };
}
