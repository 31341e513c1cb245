/**
 * An agent's claims whose verdict is to come: in memory at once, and written with the agent's next commit, which most verdicts are. Knows
 * documents, not offers.
 */
import type { Resident } from "../../host/store/collections.ts";

/** A claim whose verdict is to come, by its offer. */
export interface Claim {
  thread: string;
  role: string;
  /** Milliseconds of silence that make who claims away. */
  silence: number;
  since: number;
  away: boolean;
}

/** What changes them is called within a transaction, but for `reserve` and `drop`. */
export interface PendingClaims extends Pick<Resident<Claim>, "get" | "put" | "delete" | "clear" | "entries" | "values" | "size"> {
  /** It counts from now on, and is written first in the next transaction. */
  reserve(offer: string, claim: Claim): void;
  isUnwritten(offer: string): boolean;
  /** Forgets a claim that is not written. @returns whether it was such */
  drop(offer: string): boolean;
  /** First in every transaction. @returns whether it wrote anything */
  write(): boolean;
  /** The transaction held. */
  keep(): void;
  /** The transaction was rolled back, or did not begin. */
  undo(): void;
}

export function createPendingClaims(stored: Resident<Claim>): PendingClaims {
  let unwritten = new Map<string, Claim>();
  /** What the present transaction writes. */
  let written = none;
  return {
    get: (offer) => unwritten.get(offer) ?? stored.get(offer),
    put: (offer, claim) => stored.put(offer, claim),
    delete: (offer) => stored.delete(offer),
    clear: () => stored.clear(),
    entries: () => (unwritten.size ? [...stored.entries(), ...unwritten] : stored.entries()),
    values: () => (unwritten.size ? [...stored.values(), ...unwritten.values()] : stored.values()),
    size() {
      return stored.size() + unwritten.size;
    },
    reserve: (offer, claim) => void unwritten.set(offer, claim),
    isUnwritten: (offer) => unwritten.has(offer),
    drop: (offer) => unwritten.delete(offer),
    write() {
      written = unwritten;
      if (!written.size) return false;
      unwritten = new Map();
      for (const [offer, claim] of written) stored.put(offer, claim);
      return true;
    },
    keep() {
      written = none;
    },
    undo() {
      for (const [offer, claim] of written) unwritten.set(offer, claim);
      written = none;
    },
  };
}

const none: ReadonlyMap<string, Claim> = new Map();
