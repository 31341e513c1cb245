/** What became of an agent's turns, read off what passes: how often each was answered, and whether one was performed more than once. */
import { createHash } from "node:crypto";
import { chaosLimits } from "./limits.ts";
import type { Witness } from "./read-traffic.ts";

/** What became of them. */
export interface TurnCounts {
  /** Turns that the server gave, however often. */
  given: number;
  /** Turns of which the server took an answer, or the word that it failed. */
  answered: number;
  failed: number;
  /** Answers that came again under the same id: sent anew for the first was not heard of. They count once. */
  repeated: number;
  /** Turns that were given, and have no answer yet. */
  open: string[];
  /** Turns of which a second answer came that says something else, under the id of the first or after it was taken: the agent performed them twice. */
  twice: string[];
}

/** Counts turns. */
export interface TurnCounter extends Witness {
  read(): TurnCounts;
}

interface Turn {
  given: boolean;
  /** The event whose answer counts. */
  taken: string | undefined;
  /** Ids of its answers, each with what it says, hashed. */
  events: Map<string, string>;
  twice: boolean;
}

/** Makes a {@link TurnCounter}; `taken` hears of each turn that is answered. */
export function createTurnCounter(taken: (turn: string, kind: "answered" | "failed") => void = () => {}): TurnCounter {
  const turns = new Map<string, Turn>();
  const answers = new Map<string, { turn: string; failed: boolean }>();
  const forgotten = { given: 0, answered: 0 };
  let failed = 0;
  let repeated = 0;

  function find(id: string): Turn {
    const known = turns.get(id);
    if (known) return known;
    const turn: Turn = { given: false, taken: undefined, events: new Map(), twice: false };
    turns.set(id, turn);
    const [oldest] = turns;
    if (turns.size > chaosLimits.turns && oldest) forget(...oldest);
    return turn;
  }

  function forget(id: string, turn: Turn) {
    turns.delete(id);
    for (const event of turn.events.keys()) answers.delete(event);
    if (turn.given) forgotten.given++;
    if (turn.taken) forgotten.answered++;
  }

  return {
    given(event) {
      const { type, data } = readEvent(event);
      if (type === "nerve.turn.assigned" && typeof data.turn === "string") find(data.turn).given = true;
    },
    sent(event) {
      const { id, type, data } = readEvent(event);
      if ((type !== "nerve.turn.respond" && type !== "nerve.turn.fail") || typeof id !== "string" || typeof data.turn !== "string") return;
      const turn = find(data.turn);
      const says = hash(data);
      const before = turn.events.get(id);
      if (before !== undefined) {
        repeated++;
        if (before !== says) turn.twice = true;
        return;
      }
      if (turn.taken !== undefined && turn.events.get(turn.taken) !== says) turn.twice = true;
      if (turn.events.size >= chaosLimits.answersOfTurn) return;
      turn.events.set(id, says);
      answers.set(id, { turn: data.turn, failed: type === "nerve.turn.fail" });
    },
    answered(answer) {
      const { id, status, type } = (answer ?? {}) as { id?: unknown; status?: unknown; type?: unknown };
      const accepted = status === "accepted" || type === "accepted";
      const about = typeof id === "string" ? answers.get(id) : undefined;
      const turn = about && turns.get(about.turn);
      if (!accepted || !turn || turn.taken) return;
      // A turn that failed may be given again, as another attempt: then its answer is no second one.
      if (about.failed) failed++;
      else turn.taken = id as string;
      taken(about.turn, about.failed ? "failed" : "answered");
    },
    read() {
      const all = [...turns];
      const ids = (holds: (turn: Turn) => boolean) => all.filter(([, turn]) => holds(turn)).map(([id]) => id);
      return {
        given: forgotten.given + ids(({ given }) => given).length,
        answered: forgotten.answered + ids((turn) => turn.taken !== undefined).length,
        ...{ failed, repeated },
        open: ids(({ given, taken: by, events }) => given && !by && events.size === 0),
        twice: ids(({ twice }) => twice),
      };
    },
  };
}

/** What an answer says, whatever lease it is under. */
function hash({ output, error, body }: { output?: unknown; error?: unknown; body?: unknown }): string {
  return createHash("sha256")
    .update(JSON.stringify([output, error, body]))
    .digest("base64");
}

function readEvent(event: unknown): {
  id?: unknown;
  type?: unknown;
  data: { turn?: unknown; output?: unknown; error?: unknown; body?: unknown };
} {
  const { id, type, data } = (typeof event === "object" && event !== null ? event : {}) as { id?: unknown; type?: unknown; data?: unknown };
  return { id, type, data: typeof data === "object" && data !== null ? data : {} };
}
