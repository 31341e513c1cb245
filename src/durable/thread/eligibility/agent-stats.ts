/**
 * What `score` sees as `stats`: how an agent did in turns of one role, and overall. Made of the log's newest turns; always
 * numbers, so that whoever has played no turn yet can be ranked beside who has.
 */
import type { TurnOutcome } from "../../../contract/statuses.ts";

/** One past turn. Times in milliseconds since 1970. */
export interface PastTurn {
  outcome: TurnOutcome;
  given_at: number;
  ended_at: number;
  /** What it took of language models, where its agent said so. */
  tokens?: number;
  cost?: number;
}

/** Of at most {@link statsLimits}.turns turns. */
export interface TurnStats {
  /** Turns that ended by the agent's doing: revoked ones are nobody's merit or fault. */
  turns: number;
  answered: number;
  /** Share of turns that were answered, from 0 to 1; 0.5 where there is none. */
  success: number;
  /** Seconds from being given to being answered, of the middle one; without any, what the role allows for a turn. */
  median: number;
  /** Seconds since the last turn ended, at most 30 days, which is also what it is without any. */
  idle: number;
  /** What turns took of language models, of the middle one that said so; without any, 0. */
  tokens: number;
  cost: number;
}

/** `stats`: of this role in this workflow, and of everything that the agent did. */
export interface AgentStats extends TurnStats {
  overall: TurnStats;
}

export const statsLimits = {
  /** Newest turns that are looked at: older ones say little of today. */
  turns: 100,
  /** Milliseconds that an answer is kept: claims of one race read once. */
  held: 5_000,
  /** Seconds: as long as the log keeps turns. */
  idle: 30 * 86_400,
} as const;

/** What a turn's outcome says of the agent that had it; undefined: nothing, for it was nobody's doing. */
const counts: Record<TurnOutcome, "success" | "failure" | undefined> = {
  answered: "success",
  failed: "failure",
  timeout: "failure",
  lost: "failure",
  revoked: undefined,
};

/**
 * Sums up turns.
 * @param now milliseconds since 1970
 * @param timeout milliseconds that the role allows for a turn
 */
export function summariseTurns(turns: readonly PastTurn[], now: number, timeout: number): TurnStats {
  const counted = turns.filter(({ outcome }) => counts[outcome] !== undefined);
  const times = counted
    .filter(({ outcome }) => counts[outcome] === "success")
    .map(({ given_at, ended_at }) => ended_at - given_at)
    .toSorted((a, b) => a - b);
  const last = turns.reduce((latest, { ended_at }) => Math.max(latest, ended_at), Number.NEGATIVE_INFINITY);
  return {
    turns: counted.length,
    answered: times.length,
    success: counted.length ? times.length / counted.length : 0.5,
    median: (times[Math.floor((times.length - 1) / 2)] ?? timeout) / 1000,
    idle: Math.min(statsLimits.idle, Math.max(0, (now - last) / 1000)),
    tokens: findMiddle(turns.map(({ tokens }) => tokens)) ?? 0,
    cost: findMiddle(turns.map(({ cost }) => cost)) ?? 0,
  };
}

function findMiddle(values: (number | undefined)[]): number | undefined {
  const said = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  return said[Math.floor((said.length - 1) / 2)];
}
