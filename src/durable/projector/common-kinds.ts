/** Kinds that the log has so many of that no index is kept of them. Knows no database. */

/**
 * Every thread has some, so whoever asks for them finds them by reading on from a position; an entry in an index of each would cost a
 * row at the insert and another at the delete. This list only grows: rows that were written before are in the index or not.
 */
export const commonKinds: ReadonlySet<string> = new Set([
  "nerve.offer.opened",
  "nerve.offer.claim",
  "nerve.offer.closed",
  "nerve.claim.accepted",
  "nerve.role.assigned",
  "nerve.thread.started",
  "nerve.thread.completed",
  "nerve.turn.assigned",
  "nerve.turn.progress",
  "nerve.turn.respond",
]);

/** Whether the log has an index entry for each event of a kind. */
export function isIndexedKind(type: string): boolean {
  return !commonKinds.has(type);
}

/** Whether a prefix `x.*` takes kinds that are not indexed. */
export function takesCommonKinds(prefix: string): boolean {
  const start = prefix.slice(0, -1);
  return [...commonKinds].some((kind) => kind.startsWith(start));
}
