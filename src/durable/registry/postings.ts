/** The offers on the board, each with the agents that were given it: bounded in number, in bytes and in notes of who was. Memory only. */
import { countBytes } from "../../contract/limits.ts";
import type { OpenOffer } from "../protocol/board.ts";
import { boardLimits } from "./board-limits.ts";

export interface Posting {
  offer: OpenOffer;
  bytes: number;
  /** Until when it stays unless it is renewed. */
  until: number;
  /** Agents that were given it. */
  told: Set<string>;
}

export interface Postings {
  has(id: string): boolean;
  find(id: string): Posting | undefined;
  /** Those that are open. */
  list(): Iterable<Posting>;
  /** Puts it there, or renews it. @returns undefined where there is no room */
  keep(offer: OpenOffer): Posting | undefined;
  drop(id: string): void;
  noteTold(posting: Posting, agent: string): void;
  /** Forgets who was given the oldest, where that is too much. */
  forgetTold(): void;
}

export function createPostings(now: () => number): Postings {
  const offers = new Map<string, Posting>();
  let bytes = 0;
  let told = 0;

  function drop(id: string): void {
    const posting = offers.get(id);
    if (!posting) return;
    offers.delete(id);
    bytes -= posting.bytes;
    told -= posting.told.size;
  }

  const isOver = ({ until, offer }: Posting, at: number): boolean => until <= at || offer.expires <= at;

  function dropOld(): void {
    const at = now();
    for (const [id, posting] of offers) if (isOver(posting, at)) drop(id);
  }

  function forgetTold(): void {
    for (const posting of offers.values()) {
      if (told <= boardLimits.told) return;
      told -= posting.told.size;
      posting.told.clear();
    }
  }

  /** @returns undefined where there is no room */
  function keep(offer: OpenOffer): Posting | undefined {
    const before = offers.get(offer.offer);
    drop(offer.offer);
    const size = countBytes(JSON.stringify(offer));
    dropOld();
    if (offers.size >= boardLimits.offers || bytes + size > boardLimits.offerBytes) return undefined;
    const posting: Posting = { offer, bytes: size, until: now() + boardLimits.kept, told: before?.told ?? new Set() };
    offers.set(offer.offer, posting);
    bytes += size;
    told += posting.told.size;
    return posting;
  }

  return {
    has(id) {
      const posting = offers.get(id);
      return posting !== undefined && !isOver(posting, now());
    },
    find: (id) => offers.get(id),
    list() {
      dropOld();
      return offers.values();
    },
    keep,
    drop,
    noteTold({ told: known }, agent) {
      if (known.has(agent)) return;
      known.add(agent);
      told += 1;
    },
    forgetTold,
  };
}
