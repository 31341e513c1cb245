/**
 * Who may still be stored in a mailbox: what somebody sent is bounded by sender and in all, so that turns, offers and what threads
 * tell always find room. Counts only; knows rows by their class and size.
 */
import { countBytes, limits } from "../../../contract/limits.ts";
import type { Mail } from "../../protocol/agent.ts";
import { agentLimits } from "../agent-schema.ts";

/** A row's part in what is counted: who sent it, null for what a thread's machines say. */
export interface RoomTaken {
  source: string | null;
  bytes: number;
}

export interface MailRoom {
  /** Rows that there are. */
  rows(): number;
  /** Why there is no room for mail that somebody sent; undefined: there is. */
  refuse(taken: RoomTaken): string | undefined;
  add(taken: RoomTaken): void;
  remove(taken: RoomTaken): void;
}

interface Sum {
  rows: number;
  bytes: number;
}

/** What of a mailbox the mail takes: bytes count where somebody sent it. */
export function measureMail(mail: Mail): RoomTaken {
  if (!mail.receipt) return { source: null, bytes: 0 };
  return { source: mail.event.source, bytes: countBytes(JSON.stringify(mail.event)) };
}

export function createMailRoom(): MailRoom {
  const senders = new Map<string, Sum>();
  const sent: Sum = { rows: 0, bytes: 0 };
  let rows = 0;

  function change({ source }: RoomTaken, byRows: number, byBytes: number): void {
    rows += byRows;
    if (source === null) return;
    const own = senders.get(source) ?? { rows: 0, bytes: 0 };
    for (const sum of [own, sent]) {
      sum.rows += byRows;
      sum.bytes += byBytes;
    }
    if (own.rows > 0) senders.set(source, own);
    else senders.delete(source);
  }

  return {
    rows() {
      return rows;
    },
    refuse({ source, bytes }) {
      if (source === null) return undefined;
      // Operators are exempt: their events must reach agents whose mailboxes others have flooded.
      const own = source.startsWith("/operators/") ? undefined : senders.get(source);
      if (own && own.rows >= agentLimits.mailOfSender) return `${own.rows} events of ${source} wait to be acknowledged`;
      if (own && own.bytes + bytes > agentLimits.mailOfSenderBytes) return `${own.bytes} bytes of ${source} wait to be acknowledged`;
      const room = source.startsWith("/operators/") ? 2 : 1;
      if (sent.rows >= agentLimits.mailSent * room || rows >= limits.mailboxRows) return `${rows} events wait to be acknowledged`;
      if (sent.bytes + bytes > agentLimits.mailSentBytes * room) return `${sent.bytes} bytes wait to be acknowledged`;
      return undefined;
    },
    add: (taken) => change(taken, 1, taken.bytes),
    remove: (taken) => change(taken, -1, -taken.bytes),
  };
}
