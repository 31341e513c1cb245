/**
 * What is known without a query of the documents that an owner does not have: nobody else writes what is an owner's. Knows keys, and
 * no documents.
 */
import type { Storage } from "../ports.ts";
import type { Staging } from "./staging.ts";

export const knownKeysLimits = {
  /** Keys of an owner whose every document is known: those of a thread's beginning, and of a short one. */
  all: 256,
  /** Queries that found nothing, after which an owner's keys are worth being read. */
  misses: 64,
  /** Keys that are read at once, with a query that found nothing: nobody waits long for it. */
  piece: 256,
  /** Bits of a filter, 32 KB: with ten thousand keys one query in thirty is made that finds nothing. */
  bits: 2 ** 18,
} as const;

/** Which documents an owner has put since its first. */
export function createAllKeys() {
  const known = new Map<string, Set<string>>();
  let count = 0;
  return {
    /** Whether there may be such a document, or any of the collection. */
    has: (collection: string, key?: string) => (key === undefined ? known.has(collection) : known.get(collection)?.has(key) === true),
    /** @returns false: they are too many to be known */
    add(staging: Staging): boolean {
      for (const [collection, changes] of staging.all()) {
        const keys = known.get(collection) ?? new Set();
        known.set(collection, keys);
        count -= keys.size;
        for (const key of changes.keys()) keys.add(key);
        count += keys.size;
      }
      return count <= knownKeysLimits.all;
    },
  };
}

/** Which documents an owner may have that had some when it was loaded: made once many were looked for that it has not. */
export interface KeyFilter {
  /** False: there is none for sure. */
  mayHave(collection: string, key: string): boolean;
  /** A query found nothing: outside of it, nothing is read. */
  missed(): void;
  /** What a transaction has put. */
  add(staging: Staging): void;
}

export function createKeyFilter({ storage, owner }: { storage: Storage; owner: string }): KeyFilter {
  let misses = 0;
  let bits: Uint32Array | undefined;
  let isWhole = false;
  /** The last key that was read. */
  let last: [collection: string, key: string] = ["", ""];

  function note(collection: string, key: string): void {
    const bit = hash(collection, key);
    if (bits) bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31));
  }

  function readPiece(): void {
    bits ??= new Uint32Array(knownKeysLimits.bits / 32);
    const rows = storage.exec<{ collection: string; key: string }>(
      "SELECT collection, key FROM document WHERE owner = ? AND (collection, key) > (?, ?) ORDER BY collection, key LIMIT ?",
      ...[owner, ...last, knownKeysLimits.piece],
    );
    for (const { collection, key } of rows) note(collection, key);
    const end = rows.at(-1);
    if (end) last = [end.collection, end.key];
    isWhole = rows.length < knownKeysLimits.piece;
  }

  return {
    mayHave(collection, key) {
      if (!isWhole || !bits) return true;
      const bit = hash(collection, key);
      return ((bits[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
    },
    missed() {
      misses += 1;
      if (!isWhole && misses > knownKeysLimits.misses) readPiece();
    },
    add(staging) {
      if (!bits) return;
      for (const [collection, changes] of staging.all()) for (const key of changes.keys()) note(collection, key);
    },
  };
}

/** FNV-1a, of both with something between them. */
function hash(collection: string, key: string): number {
  return (hashOn(hashOn(0x811c9dc5, collection) ^ 0xff, key) >>> 0) % knownKeysLimits.bits;
}

function hashOn(hash: number, text: string): number {
  let on = hash;
  for (let at = 0; at < text.length; at++) on = Math.imul(on ^ text.charCodeAt(at), 0x01000193);
  return on;
}
