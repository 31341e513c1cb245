/** Reads a mailbox and the offers beside it as one: by their numbers, each once, in order. Changes nothing. */
import type { Channel } from "../../../contract/channels.ts";
import type { MailQueries, MailQuery, MailRow } from "../mailbox/mail-queries.ts";
import type { OfferItem, ShownOffers } from "./shown-offers.ts";

export type MergedQueries = Pick<MailQueries, "read" | "has" | "readSome" | "readAbout" | "readBetween" | "listThrough" | "countWaiting">;

const channel: Channel = "open";

/** @param mail what the mailbox itself answers */
export function readWithOffers(mail: MergedQueries & { firstHeld(): number }, offers: Pick<ShownOffers, "list">): MergedQueries {
  const toRow = ({ seq, event, offer }: OfferItem): MailRow => ({ seq, channel, event, about: offer });

  function listWaiting(): OfferItem[] {
    return offers.list().filter(({ acked, seq }) => !acked && seq < mail.firstHeld());
  }

  function select({ channels, after, only }: Omit<MailQuery, "limit">): OfferItem[] {
    return channels.includes(channel) ? listWaiting().filter(({ seq }) => seq > after && (only === undefined || only(seq))) : [];
  }

  /** In order, whichever they are. */
  function merge<Row extends { seq: number }>(rows: Row[], offered: Row[]): Row[] {
    return offered.length ? [...rows, ...offered].sort((a, b) => a.seq - b.seq) : rows;
  }

  const among = (seqs: readonly number[]): OfferItem[] => {
    const wanted = new Set(seqs);
    return listWaiting().filter(({ seq }) => wanted.has(seq));
  };

  return {
    read: (query) => merge(mail.read(query), select(query).slice(0, query.limit).map(toRow)).slice(0, query.limit),
    has: (query) => mail.has(query) || select(query).length > 0,
    readSome: (seqs) => merge(mail.readSome(seqs), among(seqs).map(toRow)),
    readAbout: (seqs) =>
      merge(
        mail.readAbout(seqs),
        among(seqs).map(({ seq, offer }) => ({ seq, about: offer })),
      ),
    readBetween: (of) =>
      merge(
        mail.readBetween(of),
        select(of).flatMap(({ seq, offer }) => (seq <= of.through ? [{ seq, about: offer }] : [])),
      ),
    listThrough: (through, wanted) =>
      wanted === undefined || wanted === channel
        ? [...mail.listThrough(through, wanted), ...listWaiting().flatMap(({ seq }) => (seq <= through ? [seq] : []))].sort((a, b) => a - b)
        : mail.listThrough(through, wanted),
    countWaiting: () => mail.countWaiting() + listWaiting().length,
  };
}
