/** Messages that are held back, as they are stored, and what each receiver's come to. Knows documents only. */
import type { Message } from "../protocol/envelope.ts";
import { numberKey } from "./store/collections.ts";
import type { Store } from "./store/store.ts";

/** A receiver that cannot be reached, as others are told of it. */
export interface HeldBack {
  receiver: string;
  /** Milliseconds since the epoch. */
  since: number;
  messages: number;
  /** Of the last try. */
  error: string;
}

/** A message on its way to one receiver. */
export interface Parcel {
  id: number;
  sender: string;
  message: Message;
  /** `hold`: it is held, then released; `release`: its receiver holds it. */
  phase: "hold" | "release" | null;
  attempts: number;
  /** Since when deliveries of it fail, in milliseconds since the epoch. */
  failing: number;
}

/** A message in a receiver's queue. */
export interface HeldDoc extends Parcel {
  receiver: string;
  bytes: number;
  /** Of the last try. */
  error: string;
}

/** What one receiver's messages come to. */
export interface HeldSum extends HeldBack {
  bytes: number;
}

export interface HeldDocs {
  sums(): HeldSum[];
  /** The receiver's oldest. */
  next(receiver: string): HeldDoc | undefined;
  /** Each writes what the receiver's messages come to then. */
  add(doc: HeldDoc, sum: HeldSum): void;
  remove(doc: Pick<HeldDoc, "receiver" | "id">, sum: HeldSum): void;
  writeFailure(doc: HeldDoc, attempts: number, sum: HeldSum): void;
  /** Whether a message of a type is among them. */
  holds(type: string): boolean;
}

/** Documents that are looked through at once: each may have a megabyte and more. */
const pageRows = 8;

export function createHeldDocs(store: Pick<Store, "keyed" | "resident">): HeldDocs {
  const held = store.keyed<HeldDoc>(heldCollection);
  const sums = store.resident<HeldSum>(unreachableCollection);
  const writeSum = (sum: HeldSum): void => {
    if (sum.messages > 0) sums.put(sum.receiver, sum);
    else sums.delete(sum.receiver);
  };
  return {
    sums: () => sums.entries().map(([, sum]) => sum),
    next(receiver) {
      const prefix = nameQueue(receiver);
      return held.list({ after: prefix, before: `${prefix}:`, limit: 1 })[0]?.[1];
    },
    add(doc, sum) {
      held.put(nameHeld(doc), doc);
      writeSum(sum);
    },
    remove(doc, sum) {
      held.delete(nameHeld(doc));
      writeSum(sum);
    },
    writeFailure(doc, attempts, sum) {
      held.put(nameHeld(doc), { ...doc, attempts, error: sum.error });
      writeSum(sum);
    },
    holds(type) {
      if (!sums.size()) return false;
      for (let after = ""; ; ) {
        const page = held.list({ after, limit: pageRows });
        if (page.some(([, { message }]) => message.type === type)) return true;
        if (page.length < pageRows) return false;
        after = page.at(-1)?.[0] ?? after;
      }
    },
  };
}

export const heldCollection = "heldBack";
export const unreachableCollection = "unreachable";

/** Sorts by receiver and then by number: between two of one receiver there is nobody else's. */
export function nameHeld({ receiver, id }: Pick<HeldDoc, "receiver" | "id">): string {
  return `${nameQueue(receiver)}${numberKey(id)}`;
}

/** A receiver's address as the beginning of its messages' keys, which ends where the number begins. */
function nameQueue(receiver: string): string {
  return `${encodeURIComponent(receiver)} `;
}
