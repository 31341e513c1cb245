/**
 * Who may still be stored in a mailbox: what somebody sent is bounded by sender and in all, so that turns, offers and what threads
 * tell always find room. Counts only; knows rows by their class and size.
 */
import { limits } from "../../../contract/limits.ts";
import type { Storage } from "../../host/ports.ts";
import type { Mail } from "../../protocol/agent.ts";
import { agentLimits } from "../agent-schema.ts";

/** A row's part in what is counted: who sent it, undefined for what a thread's machines say; and whether it is an offer. */
export interface RoomTaken {
  source: string | null;
  bytes: number;
  isOffer: boolean;
}

export interface MailRoom {
  /** Rows that there are. */
  readonly rows: number;
  /** Why there is no room for mail that somebody sent, or for an offer; undefined: there is. */
  refuse(taken: RoomTaken): string | undefined;
  add(taken: RoomTaken): void;
  remove(taken: RoomTaken): void;
  /** Counts the rows anew. */
  recount(): void;
}

interface Sum {
  rows: number;
  bytes: number;
}

/** What of a mailbox the mail takes. @param bytes of its event */
export function measureMail(mail: Mail, bytes: number): RoomTaken {
  return { source: mail.receipt ? mail.event.source : null, bytes, isOffer: mail.offer !== undefined };
}

export function createMailRoom(storage: Storage): MailRoom {
  const senders = new Map<string, Sum>();
  const sent: Sum = { rows: 0, bytes: 0 };
  let rows = 0;
  let offers = 0;

  function recount(): void {
    senders.clear();
    Object.assign(sent, { rows: 0, bytes: 0 });
    for (const { source, rows, bytes } of storage.exec<{ source: string; rows: number; bytes: number }>(
      "SELECT source, count(*) AS rows, sum(bytes) AS bytes FROM mailbox WHERE source IS NOT NULL GROUP BY source",
    ))
      change({ source, bytes, isOffer: false }, rows, bytes);
    rows = count("SELECT count(*) AS n FROM mailbox");
    offers = count("SELECT count(*) AS n FROM mailbox WHERE offer IS NOT NULL");
  }

  function count(sql: string): number {
    return storage.exec<{ n: number }>(sql)[0]?.n ?? 0;
  }

  function change({ source, isOffer }: RoomTaken, byRows: number, byBytes: number): void {
    rows += byRows;
    if (isOffer) offers += byRows;
    if (source === null) return;
    const own = senders.get(source) ?? { rows: 0, bytes: 0 };
    for (const sum of [own, sent]) {
      sum.rows += byRows;
      sum.bytes += byBytes;
    }
    if (own.rows > 0) senders.set(source, own);
    else senders.delete(source);
  }

  recount();
  return {
    get rows() {
      return rows;
    },
    refuse({ source, bytes, isOffer }) {
      if (isOffer && offers >= agentLimits.mailOffers) return `${offers} offers wait to be answered`;
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
    recount,
  };
}
