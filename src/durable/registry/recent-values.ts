/** A bounded cache of immutable values by key: the least recently used goes first. Knows nothing of what it holds. */

export interface RecentValues<V> {
  get(key: string): V | undefined;
  /** @param weight in the unit of the bound; a value heavier than the whole bound is not kept */
  set(key: string, value: V, weight: number): void;
}

/** @param bound the sum of weights that is kept at most */
export function createRecentValues<V>(bound: number): RecentValues<V> {
  // A Map keeps the order of insertion, so taking out and putting back is "used just now".
  const entries = new Map<string, { value: V; weight: number }>();
  let total = 0;

  function drop(key: string): void {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, weight) {
      drop(key);
      if (weight > bound) return;
      entries.set(key, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= bound) break;
        drop(oldest);
      }
    },
  };
}
