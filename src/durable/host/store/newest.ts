/** A collection of which the newest are kept, such as the ids of what was taken: a repeat comes soon, or never. */
import type { Keyed } from "./collections.ts";

/** Documents that are put between two looks whether there are too many, which walk them all. */
const betweenLooks = 256;

export interface Newest<T> {
  read(key: string): T | undefined;
  /** @param at when, in milliseconds since the epoch */
  put(key: string, value: T, at: number): void;
}

/**
 * Holds at most about so many: as many more as are put between two looks.
 * @param most those without a time, as earlier versions put them, come beside them
 */
export function createNewest<T>(documents: Pick<Keyed<T>, "read" | "put" | "deleteBeyond">, most: number): Newest<T> {
  // Anywhere between two looks: an object may be loaded for one document at a time.
  let left = Math.floor(Math.random() * betweenLooks);
  return {
    read: (key) => documents.read(key),
    put(key, value, at) {
      documents.put(key, value, at);
      left -= 1;
      if (left >= 0) return;
      left = betweenLooks - 1;
      documents.deleteBeyond(most);
    },
  };
}
