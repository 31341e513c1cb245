/** Offers that are being judged or claimed, and those that had their verdict. Each takes a slot until it ends. */
import type { OfferOpened } from "../contract/kinds/offer.ts";
import { createBoundedMap } from "./bounded.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { Me } from "./me.ts";
import type { TakeNote } from "./note.ts";

/** An offer that is being judged or claimed. */
interface Claim {
  offer: OfferOpened;
  /**
   * `taken`: the server has the claim, and its verdict is to come. `conflict`: it has one of another body, whose verdict may have come
   * already. Both since `since`.
   */
  state: "sending" | "taken" | "conflict";
  since: number;
}

export interface Claims {
  begin(offer: OfferOpened): void;
  find(offer: string): OfferOpened | undefined;
  size(): number;
  hasConflict(): boolean;
  /** The server has the claim. False if its verdict came before the claim's own answer did. */
  mark(offer: string, state: "taken" | "conflict"): boolean;
  /** Frees its slot; false if it had none. */
  end(offer: string): boolean;
  /** From now on an older list of offers does not apply to this one. */
  noteVerdict(offer: string): void;
  hadVerdictSince(offer: string, time: number): boolean;
  /** Ends claims whose verdict will never come: the server's list of that time does not have them. */
  dropUnknown(claims: Me["claims"], asked: number): void;
  /** Settles when none is left, and `wakeDecided` says so. */
  decided(): Promise<void>;
  wakeDecided(): void;
}

export function createClaims(clock: Clock, note: TakeNote): Claims {
  const claiming = new Map<string, Claim>();
  const settled = createBoundedMap<string, number>(clientLimits.settledOffers);
  const deciders: (() => void)[] = [];
  return {
    begin: (offer) => void claiming.set(offer.offer, { offer, state: "sending", since: clock.now() }),
    find: (offer) => claiming.get(offer)?.offer,
    size: () => claiming.size,
    hasConflict: () => [...claiming.values()].some(({ state }) => state === "conflict"),
    mark(offer, state) {
      const claim = claiming.get(offer);
      if (!claim) return false;
      // The conflicting claim was taken earlier: any list that is asked for after sending includes it.
      Object.assign(claim, { state, since: state === "taken" ? clock.now() : claim.since - 1 });
      return true;
    },
    end: (offer) => claiming.delete(offer),
    noteVerdict: (offer) => settled.set(offer, clock.now()),
    hadVerdictSince: (offer, time) => (settled.get(offer) ?? Number.NEGATIVE_INFINITY) >= time,
    dropUnknown(claims, asked) {
      const pending = new Set((claims ?? []).map(({ offer }) => offer));
      for (const [id, { offer, state, since }] of claiming) {
        const known = state === "sending" || since >= asked || pending.has(id) || (state === "taken" && !claims);
        if (known) continue;
        claiming.delete(id);
        settled.set(id, clock.now());
        note({ level: "info", what: "claim.settled", message: "the server holds no such claim any more", offer: id, thread: offer.thread });
      }
    },
    decided: () => (claiming.size === 0 ? Promise.resolve() : new Promise((resolve) => deciders.push(resolve))),
    wakeDecided() {
      if (claiming.size === 0) for (const wake of deciders.splice(0)) wake();
    },
  };
}
