/**
 * What became of the events that somebody sent to this agent by name, capability or subscription: noted when one is acknowledged,
 * kept for as long as ids are remembered. Turns and offers have none. Knows its documents only.
 */
import type { Clock } from "../../host/ports.ts";
import type { KeyedInPage } from "../../host/store/page.ts";
import type { MailEntry } from "./mail-index.ts";

/** An event that the agent has acknowledged. */
export interface Receipt {
  seq: number;
  /** Milliseconds since the epoch. */
  acked: number;
}

export interface Receipts {
  /** Within the transaction that deletes the mail. */
  acknowledge(mail: Iterable<MailEntry>): void;
  find(event: { source: string; id: string }): Receipt | undefined;
}

export function createReceipts(receipts: KeyedInPage<Receipt>, clock: Clock): Receipts {
  const nameOf = (source: string, id: string): string => `${source} ${id}`;
  return {
    acknowledge(mail) {
      const now = clock.now();
      for (const { seq, source, id } of mail)
        if (source !== undefined && id !== undefined) receipts.put(nameOf(source, id), { seq, acked: now }, now);
    },
    find: ({ source, id }) => receipts.read(nameOf(source, id)),
  };
}
