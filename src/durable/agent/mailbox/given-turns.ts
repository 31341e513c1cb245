/** When turns were first given to a connection or a poll, for traces: memory only, the newest of them. */
import type { CloudEvent } from "../../../contract/event.ts";

/** Turns that are remembered: more than an agent works on at once. */
const remembered = 1_000;

export interface GivenTurns {
  /** The event is on its way out. */
  note(event: CloudEvent, now: number): void;
  /** Milliseconds since the epoch; undefined: not in this life of the object. */
  find(turn: string): number | undefined;
}

export function createGivenTurns(): GivenTurns {
  const given = new Map<string, { event: string; at: number }>();
  return {
    note({ id, type, data }, now) {
      if (type !== "nerve.turn.assigned") return;
      const { turn } = data as { turn: string };
      // A repeated turn was not just posted; each new attempt is a new event.
      if (given.get(turn)?.event === id) return;
      given.delete(turn);
      given.set(turn, { event: id, at: now });
      if (given.size > remembered) for (const oldest of given.keys()) return void given.delete(oldest);
    },
    find: (turn) => given.get(turn)?.at,
  };
}
