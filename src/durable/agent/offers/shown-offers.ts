/**
 * The offers that an agent knows of, open ones and what closed since it was shown them. Those that it was shown are one document, written
 * when they have been open for a while, or closed and not acknowledged for a while: what a crash forgets of it the board says again, under
 * another number. Knows no reader.
 */
import type { CloudEvent } from "../../../contract/event.ts";
import { countBytes } from "../../../contract/limits.ts";
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";
import { agentLimits } from "../agent-schema.ts";

/** What is kept of an offer. */
export interface ShownOffer {
  /** Its number in the mailbox; once it is closed, that of what says so. */
  seq: number;
  /** `nerve.offer.opened`; once it is closed, `nerve.offer.closed`. */
  event: CloudEvent;
  /** Milliseconds since the epoch. */
  expires: number;
  acked?: true;
  closed?: true;
  /** The agent declined it: it is none of its open ones, and it is told when it closes. */
  declined?: true;
  /** It came by mail, of a thread of an earlier version: no board need know of it. */
  mailed?: true;
}

/** By the offer's id. */
export type ShownDocument = Readonly<Record<string, ShownOffer>>;

interface Entry extends ShownOffer {
  bytes: number;
  /** It was given to a reader or a poll. */
  shown: boolean;
}

export interface OfferItem {
  seq: number;
  offer: string;
  event: CloudEvent;
  acked: boolean;
  /** The agent may be waited for. */
  isOpen: boolean;
}

export interface ShownOffers {
  /** Of what is open, and of what is closed and the agent has not acknowledged, in the order of the numbers. */
  list(): OfferItem[];
  find(offer: string): Readonly<ShownOffer> | undefined;
  /** Those that are open, as far as is known here. */
  listOpen(): string[];
  /** @returns false: there is no room for more */
  open(offer: string, seq: number, event: CloudEvent, expires: number): boolean;
  /** Whether the object may have shown the offer in a life before, which a crash forgot before it was written. */
  mayHaveForgotten(offer: string, closed: CloudEvent): boolean;
  /**
   * The offer is closed, which is said under a new number; one that was shown to nobody is forgotten. Of one that a crash may have
   * forgotten it is said as well: whoever does not know it loses nothing. @returns whether it is said
   */
  close(offer: string, seq: number, event: CloudEvent): boolean;
  /** The agent declined it. @returns its numbers */
  decline(offer: string): number[];
  /** It is over, and nothing more is said of it. @returns the numbers that it had */
  end(offer: string): number[];
  /** How many there are. */
  size(): number;
  /** Forgets all: what is open is on the board. @returns their numbers */
  drop(): number[];
  /** An event was given to a reader. */
  noteGiven(event: CloudEvent): void;
  /** @returns whether it was the number of an offer */
  ack(seq: number): boolean;
  /** Open offers that were acknowledged and opened before a time, but for those of the ids. */
  countSeen(before: number, except: (offer: string) => boolean): number;
  /** Forgets what has expired. @returns the numbers */
  expire(): number[];
  /** Whether something is to be written, be it due or not, of offers that are open, and of those that have closed. */
  changes(): { open: boolean; closed: boolean };
  /** An offer that came by mail is stored with it, be it shown or not; within a transaction. */
  noteMailed(offer: string): void;
  /** Writes what has changed; within a transaction. */
  keep(): void;
  /** The same, if that was a while ago. */
  beforeCommit(): void;
  /** The agent is gone; within a transaction. */
  clear(): void;
  /** The transaction was rolled back: what it wrote is to be written again. */
  undo(): void;
}

/** The entries in memory, and whether what is kept of them has changed. */
function createEntries(documents: Resident<ShownDocument>, clock: Clock) {
  let entries: Map<string, Entry> | undefined;
  let bytes = 0;
  let changedAt: number | undefined;

  function load(): Map<string, Entry> {
    if (entries) return entries;
    const stored = Object.entries(documents.get("") ?? {});
    entries = new Map(stored.map(([offer, kept]) => [offer, { ...kept, shown: true, bytes: countBytes(JSON.stringify(kept.event)) }]));
    bytes = [...entries.values()].reduce((sum, each) => sum + each.bytes, 0);
    return entries;
  }

  function change(): void {
    changedAt ??= clock.now();
  }

  function forget(offer: string): number[] {
    const entry = load().get(offer);
    if (!entry) return [];
    load().delete(offer);
    bytes -= entry.bytes;
    if (entry.shown) change();
    return [entry.seq];
  }

  const isLive = ({ expires }: Entry): boolean => expires > clock.now();

  function toDocument(): ShownDocument {
    const kept = [...load()].filter(([, entry]) => entry.shown && isLive(entry));
    return Object.fromEntries(kept.map(([offer, { bytes: _, shown: __, ...of }]) => [offer, of]));
  }

  /** What came and went since it was written last is no change. */
  function findChanges(): { open: boolean; closed: boolean } {
    if (changedAt === undefined) return { open: false, closed: false };
    const [present, stored] = [toDocument(), documents.get("") ?? {}];
    const found = { open: false, closed: false };
    for (const offer of new Set([...Object.keys(present), ...Object.keys(stored)])) {
      if (JSON.stringify(present[offer]) === JSON.stringify(stored[offer])) continue;
      // One that is gone, or closed, need not be written for being open.
      if (present[offer] && !present[offer].closed) found.open = true;
      else found.closed = true;
    }
    if (!found.open && !found.closed) changedAt = undefined;
    return found;
  }

  function write(): void {
    const kept = toDocument();
    if (Object.keys(kept).length) documents.put("", kept);
    else documents.delete("");
    changedAt = undefined;
  }

  function keep(): void {
    const { open, closed } = findChanges();
    if (open || closed) write();
  }

  function put(offer: string, of: Omit<Entry, "bytes">): boolean {
    const size = countBytes(JSON.stringify(of.event));
    if (load().size >= agentLimits.offers || bytes + size > agentLimits.offerBytes) return false;
    load().set(offer, { ...of, bytes: size });
    bytes += size;
    return true;
  }

  return {
    load,
    put,
    forget,
    change,
    isLive,
    findChanges,
    write,
    keep,
    isOld: () => changedAt !== undefined && clock.now() - changedAt >= agentLimits.offersLazy,
    clear() {
      load().clear();
      bytes = 0;
      changedAt = undefined;
      documents.delete("");
    },
  };
}

export function createShownOffers(documents: Resident<ShownDocument>, clock: Clock): ShownOffers {
  const entries = createEntries(documents, clock);
  const { load, put, forget, change, isLive, keep } = entries;
  const begun = clock.now();

  function mayHaveForgotten(offer: string, { time = "" }: CloudEvent): boolean {
    return !load().has(offer) && Date.parse(time) < begun + agentLimits.offersForgotten;
  }

  return {
    list: () =>
      [...load()]
        .filter(([, entry]) => isLive(entry))
        .map(([offer, { seq, event, acked = false, closed, declined }]) => ({ seq, offer, event, acked, isOpen: !closed && !declined }))
        .sort((a, b) => a.seq - b.seq),
    find(offer) {
      const entry = load().get(offer);
      return entry && isLive(entry) ? entry : undefined;
    },
    listOpen: () => [...load()].flatMap(([offer, { closed }]) => (closed ? [] : [offer])),
    open(offer, seq, event, expires) {
      forget(offer);
      return put(offer, { seq, event, expires, shown: false });
    },
    mayHaveForgotten,
    close(offer, seq, event) {
      const entry = load().get(offer);
      if (entry?.closed) return false;
      const isSaid = entry ? entry.shown : mayHaveForgotten(offer, event);
      forget(offer);
      if (!isSaid) return false;
      change();
      return put(offer, { seq, event, expires: clock.now() + agentLimits.closedKept, closed: true, shown: true });
    },
    decline(offer) {
      const entry = load().get(offer);
      if (!entry || entry.closed) return [];
      Object.assign(entry, { acked: true, declined: true, shown: true });
      change();
      return [entry.seq];
    },
    end: forget,
    size() {
      return load().size;
    },
    drop: () => [...load().keys()].flatMap(forget),
    noteGiven(event) {
      if (event.type !== "nerve.offer.opened") return;
      const entry = load().get((event.data as { offer: string }).offer);
      if (!entry || entry.shown) return;
      entry.shown = true;
      change();
    },
    ack(seq) {
      const found = [...load()].find(([, entry]) => entry.seq === seq);
      if (!found) return false;
      const [offer, entry] = found;
      if (entry.closed) forget(offer);
      else if (!entry.acked) {
        entry.acked = true;
        change();
      }
      return true;
    },
    countSeen: (before, except) =>
      [...load()].filter(([offer, entry]) => {
        const { acked, closed, declined, event } = entry;
        return acked && !closed && !declined && isLive(entry) && Date.parse(event.time ?? "") <= before && !except(offer);
      }).length,
    expire() {
      const over = [...load()].filter(([, entry]) => !isLive(entry));
      return over.flatMap(([offer]) => forget(offer));
    },
    changes() {
      return entries.findChanges();
    },
    noteMailed(offer) {
      const entry = load().get(offer);
      if (!entry) return;
      Object.assign(entry, { shown: true, mailed: true });
      entries.write();
    },
    keep,
    beforeCommit() {
      if (entries.isOld()) keep();
    },
    clear: entries.clear,
    undo: change,
  };
}
