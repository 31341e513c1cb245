/** Sets and maps that forget their oldest members, for what is worth remembering but must not grow for ever. */

/** A set of at most so many. */
export interface BoundedSet {
  has(key: string): boolean;
  /** Adds a key, or makes it the youngest; beyond the bound the oldest is forgotten. */
  add(key: string): void;
}

/** Makes a {@link BoundedSet}. */
export function createBoundedSet(bound: number): BoundedSet {
  // A Set iterates in the order of insertion: its first member is the oldest.
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    add(key) {
      keys.delete(key);
      keys.add(key);
      if (keys.size <= bound) return;
      const [oldest] = keys;
      if (oldest !== undefined) keys.delete(oldest);
    },
  };
}

/** A map of at most so many. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined;
  /** Sets a key and makes it the youngest; beyond the bound the oldest is forgotten. */
  set(key: K, value: V): void;
}

/** Makes a {@link BoundedMap}. */
export function createBoundedMap<K, V>(bound: number): BoundedMap<K, V> {
  const entries = new Map<K, V>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > bound) for (const oldest of entries.keys()) return void entries.delete(oldest);
    },
  };
}
