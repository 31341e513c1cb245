/**
 * Left by connections that dropped, with none to take it: for polls that are past its numbers. What is lent to a poll and goes
 * unacknowledged for a time, as where the poll's client is gone, is lent to the next. Memory only.
 */
import type { Channel } from "../../../contract/channels.ts";
import { agentLimits } from "../agent-schema.ts";
import type { MailQueries, MailRow } from "./mail-queries.ts";

export interface ReturnedMail {
  add(seq: number): void;
  /** It is somebody's, or acknowledged. @returns whether it was here */
  take(seq: number): boolean;
  listThrough(seq: number): number[];
  /** For a poll that has come to a number: what no poll has up to it, then what is behind it. */
  lendBefore(after: number, query: { channels: readonly Channel[]; limit: number }): MailRow[];
  clear(): void;
}

export function createReturnedMail(rows: Pick<MailQueries, "read">, now: () => number): ReturnedMail {
  /** With each number, until when it is with a poll. */
  const returned = new Map<number, number>();
  return {
    add: (seq) => void returned.set(seq, 0),
    take: (seq) => returned.delete(seq),
    listThrough: (seq) => [...returned.keys()].filter((each) => each <= seq),
    lendBefore(after, { channels, limit }) {
      const isFree = (seq: number): boolean => seq <= after && (returned.get(seq) ?? Number.POSITIVE_INFINITY) <= now();
      const lent = rows.read({ channels, after: 0, limit, only: isFree });
      for (const { seq } of lent) returned.set(seq, now() + agentLimits.pollHold);
      return [...lent, ...rows.read({ channels, after, limit: limit - lent.length })];
    },
    clear: () => returned.clear(),
  };
}
