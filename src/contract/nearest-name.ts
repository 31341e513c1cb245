/** Guesses which name was meant. */

/** Edit distance with swaps of neighbours counting one; stops early above `limit`. */
export function measureDistance(a: string, b: string, limit = 4): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Letters only, so that `maxQueue`, `max-queue` and `max_queue` are one. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s$]/g, "");
}

/** The candidate that `name` is most likely a misspelling of, if one is near enough: at most a third of its letters wrong. */
export function findNearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > 128) return undefined;
  const folded = fold(name);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const other = fold(candidate);
    const limit = Math.max(1, Math.floor(Math.max(folded.length, other.length) / 3));
    const distance = folded === other ? 0 : measureDistance(folded, other, limit);
    const shares = folded.length > 2 || distance === 0;
    if (distance <= limit && distance < bestDistance && shares) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
