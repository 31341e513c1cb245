/** Documents of a collection of any size, of which memory keeps those that were read or written last: what follows from one event asks for the same few again and again. */
import type { Keyed } from "../host/store/collections.ts";

/** How many it keeps, of a few words each. */
const remembered = 1_000;

export interface Remembered<T> extends Pick<Keyed<T>, "read" | "put" | "delete"> {
  /** What memory has of them may not be what is stored. */
  forget(): void;
}

export function createRemembered<T>(documents: Pick<Keyed<T>, "read" | "put" | "delete">): Remembered<T> {
  /** Undefined: there is none of that key. */
  const memory = new Map<string, T | undefined>();

  function note(key: string, value: T | undefined): void {
    memory.delete(key);
    memory.set(key, value);
    if (memory.size > remembered) for (const oldest of memory.keys().take(1)) memory.delete(oldest);
  }

  return {
    read(key) {
      const value = memory.has(key) ? memory.get(key) : documents.read(key);
      note(key, value);
      return value;
    },
    put(key, value, facts) {
      documents.put(key, value, facts);
      note(key, value);
    },
    delete(key) {
      documents.delete(key);
      note(key, undefined);
    },
    forget: () => memory.clear(),
  };
}
