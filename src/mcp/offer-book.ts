/** The offers that a model has been shown, and what becomes of its claims. */

import { createBoundedMap, createBoundedSet } from "../client/bounded.ts";
import type { OfferOpened } from "../client/contract-types.ts";
import type { Note } from "../client/note.ts";
import { mcpLimits } from "./limits.ts";

/** Decides which offers are claimed without asking. */
type IsWanted = (workflow: string, role: string) => boolean;

/** What became of a claim, or of a refusal to claim. */
export type Verdict =
  | { kind: "accepted" }
  | { kind: "declined" }
  /** Somebody else has it, or it is not open any more. */
  | { kind: "lost"; message: string; code?: string };

export interface OfferBook {
  /** An offer is open. */
  see(offer: OfferOpened): void;
  find(offer: string): OfferOpened | undefined;
  /** Whether there is one that no result has shown. */
  hasNew(): boolean;
  /** Those of them that are to be claimed without asking. */
  wanted(): OfferOpened[];
  /** Of those that no result has shown only these are open. */
  keep(open: ReadonlySet<string>): void;
  /** A result shows it. */
  show(offer: string): void;
  isNew(offer: string): boolean;
  /** Hears what became of claims. */
  note(note: Note): void;
  /** Settles with the verdict; ask before the claim is sent. */
  verdict(offer: string): Promise<Verdict>;
}

/** Makes an {@link OfferBook}; `changed` is called when an offer comes. */
export function createOfferBook(isWanted: IsWanted, changed: () => void): OfferBook {
  const seen = createBoundedMap<string, OfferOpened>(mcpLimits.offersSeen);
  const shown = createBoundedSet(mcpLimits.offersSeen);
  const fresh = new Set<string>();
  const waiting = new Map<string, ((verdict: Verdict) => void)[]>();

  function settle(offer: string, verdict: Verdict) {
    fresh.delete(offer);
    for (const resolve of waiting.get(offer) ?? []) resolve(verdict);
    waiting.delete(offer);
  }

  return {
    see(offer) {
      seen.set(offer.offer, offer);
      if (shown.has(offer.offer)) return;
      fresh.add(offer.offer);
      const [oldest] = fresh;
      if (fresh.size > mcpLimits.offersSeen && oldest !== undefined) fresh.delete(oldest);
      changed();
    },
    find: (offer) => seen.get(offer),
    hasNew: () => fresh.size > 0,
    wanted: () => [...fresh].flatMap((id) => seen.get(id) ?? []).filter(({ workflow, role }) => isWanted(workflow, role)),
    keep(open) {
      for (const offer of fresh) if (!open.has(offer)) fresh.delete(offer);
    },
    isNew: (offer) => !shown.has(offer),
    show(offer) {
      fresh.delete(offer);
      shown.add(offer);
    },
    note({ what, offer, message, code }) {
      if (offer === undefined) return;
      if (what === "claim.accepted") settle(offer, { kind: "accepted" });
      else if (what === "offer.decline") settle(offer, { kind: "declined" });
      else if (what === "claim.rejected" || what === "claim.settled" || what === "offer.lost")
        settle(offer, { kind: "lost", message, ...(code !== undefined && { code }) });
    },
    verdict: (offer) =>
      new Promise((resolve) => {
        const others = waiting.get(offer) ?? [];
        waiting.set(offer, [...others, resolve]);
      }),
  };
}
