/**
 * What one agent plays: the roles that it holds, and the claims whose verdict is still to come. Each takes a slot, and each
 * has a time for which the agent may be silent. Knows rows and mail, not clocks nor other objects.
 */
import type { Row, Storage } from "../../host/ports.ts";
import type { Mail } from "../../protocol/agent.ts";

/** A part in a thread, as its thread is told of it. A claim has no generation yet. */
export interface Part {
  thread: string;
  role: string;
  generation?: number;
}

export interface Assignment extends Row {
  thread: string;
  role: string;
  workflow: string;
  type: string;
  generation: number;
  /** Milliseconds between two signs of life. */
  every: number;
  /** Milliseconds of silence that make its holder away. */
  silence: number;
  /** Milliseconds away that make its holder lost; null: it is waited for, however long. */
  grace: number | null;
  since: number;
  away: number;
}

export interface Assignments {
  /** Takes in what mail says of roles and offers; within its transaction. */
  note(mail: Mail, now: number): void;
  /** A claim is on its way. */
  reserve(claim: { offer: string; thread: string; role: string; silence: number; at: number }): void;
  /** The claim came to nothing. */
  release(offer: string): void;
  /** Slots in use, but for the claim of that offer. */
  countUsed(offer?: string): number;
  list(): Assignment[];
  /** Claims whose verdict is to come. */
  listClaims(): { offer: string; thread: string; role: string }[];
  /** The threads that the agent plays in or may soon. */
  listThreads(): string[];
  /** Whether the agent has any part. */
  readonly any: boolean;
  /** The shortest silence that makes it away from one of its parts. */
  readonly shortest: number | undefined;
  /** Whether a thread was told that the agent is away and plays on in it. */
  readonly away: boolean;
  /** When the first part is silent for too long, if the last sign was at `sign`. */
  findSilentAt(sign: number, now: number): number | undefined;
  /** When the first of those who are away is lost. */
  findLostAt(sign: number, now: number): number | undefined;
  /** Marks parts away whose time is over, at most so many, and returns them; within a transaction. */
  takeSilent(sign: number, now: number, limit: number): Part[];
  /** Marks parts as there again, at most so many, and returns those that hold a role; within a transaction. */
  takeAway(limit: number): Part[];
  /** The clock went back: what was given later than now was given now; within a transaction. */
  reset(now: number): void;
  /** Forgets claims of before that time: their verdict never comes. */
  expire(before: number): void;
  /** The agent is gone; within a transaction. */
  clear(): void;
  /** The transaction was rolled back. */
  undo(): void;
}

// The later of the last sign and the assignment, but never in the future, in case the clock went back.
const heard = "min(?, max(since, ?))";

export function createAssignments(storage: Storage): Assignments {
  let facts: { parts: number; shortest: number | null; away: number } | undefined;

  function read(): NonNullable<typeof facts> {
    facts ??= storage.exec<{ parts: number; shortest: number | null; away: number }>(
      "SELECT count(*) AS parts, min(silence) AS shortest, count(*) FILTER (WHERE away = 1) AS away FROM (SELECT silence, away FROM seat UNION ALL SELECT silence, 0 FROM claiming)",
    )[0];
    return facts as NonNullable<typeof facts>;
  }

  const changed = (): void => {
    facts = undefined;
  };

  return {
    note({ seat, ends, claim, endsThread }, now) {
      if (ends === undefined && claim === undefined && endsThread === undefined && !seat) return;
      changed();
      for (const offer of [ends, claim]) if (offer !== undefined) storage.exec("DELETE FROM claiming WHERE offer = ?", offer);
      if (endsThread !== undefined) {
        storage.exec("DELETE FROM seat WHERE thread = ?", endsThread);
        storage.exec("DELETE FROM claiming WHERE thread = ?", endsThread);
      }
      if (seat?.held)
        storage.exec(
          "INSERT OR REPLACE INTO seat (thread, role, workflow, generation, type, every, silence, grace, since, away) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
          seat.thread,
          seat.role,
          seat.workflow,
          seat.generation,
          seat.type,
          seat.every,
          seat.silence,
          seat.grace,
          now,
        );
      else if (seat)
        storage.exec("DELETE FROM seat WHERE thread = ? AND role = ? AND generation <= ?", seat.thread, seat.role, seat.generation);
    },
    reserve({ offer, thread, role, silence, at }) {
      changed();
      storage.exec(
        "INSERT OR IGNORE INTO claiming (offer, thread, role, silence, since, away) VALUES (?, ?, ?, ?, ?, 0)",
        ...[offer, thread, role, silence, at],
      );
    },
    release(offer) {
      changed();
      storage.exec("DELETE FROM claiming WHERE offer = ?", offer);
    },
    countUsed: (offer = "") =>
      storage.exec<{ n: number }>("SELECT (SELECT count(*) FROM seat) + (SELECT count(*) FROM claiming WHERE offer != ?) AS n", offer)[0]
        ?.n ?? 0,
    list: () => storage.exec<Assignment>("SELECT * FROM seat ORDER BY thread, role"),
    listClaims: () =>
      storage.exec<{ offer: string; thread: string; role: string }>("SELECT offer, thread, role FROM claiming ORDER BY since, offer"),
    listThreads: () =>
      storage.exec<{ thread: string }>("SELECT thread FROM seat UNION SELECT thread FROM claiming").map(({ thread }) => thread),
    get any() {
      return read().parts > 0;
    },
    get shortest() {
      return read().shortest ?? undefined;
    },
    get away() {
      return read().away > 0;
    },
    findSilentAt: (sign, now) =>
      storage.exec<{ at: number | null }>(
        `SELECT min(at) AS at FROM (SELECT ${heard} + silence AS at FROM seat WHERE away = 0 UNION ALL SELECT ${heard} + silence FROM claiming WHERE away = 0)`,
        ...[now, sign, now, sign],
      )[0]?.at ?? undefined,
    findLostAt: (sign, now) =>
      storage.exec<{ at: number | null }>(
        `SELECT min(${heard} + silence + grace) AS at FROM seat WHERE away = 1 AND grace IS NOT NULL`,
        ...[now, sign],
      )[0]?.at ?? undefined,
    takeSilent(sign, now, limit) {
      changed();
      const assignments = storage.exec<{ thread: string; role: string; generation: number }>(
        `UPDATE seat SET away = 1 WHERE (thread, role) IN (SELECT thread, role FROM seat WHERE away = 0 AND ${heard} + silence <= ? LIMIT ?) RETURNING thread, role, generation`,
        ...[now, sign, now, limit],
      );
      const claims = storage.exec<{ thread: string; role: string }>(
        `UPDATE claiming SET away = 1 WHERE offer IN (SELECT offer FROM claiming WHERE away = 0 AND ${heard} + silence <= ? LIMIT ?) RETURNING thread, role`,
        ...[now, sign, now, Math.max(0, limit - assignments.length)],
      );
      return [...assignments, ...claims];
    },
    takeAway(limit) {
      changed();
      // Don't revive a dropped claim: its verdict is on its way.
      return storage.exec<{ thread: string; role: string; generation: number }>(
        "UPDATE seat SET away = 0 WHERE (thread, role) IN (SELECT thread, role FROM seat WHERE away = 1 LIMIT ?) RETURNING thread, role, generation",
        limit,
      );
    },
    reset(now) {
      for (const table of ["seat", "claiming"]) storage.exec(`UPDATE ${table} SET since = ? WHERE since > ?`, now, now);
    },
    expire(before) {
      changed();
      storage.exec("DELETE FROM claiming WHERE since < ?", before);
    },
    clear() {
      changed();
      storage.exec("DELETE FROM seat");
      storage.exec("DELETE FROM claiming");
    },
    undo: changed,
  };
}
