/** What a list of kinds and prefixes listens to. */

/** Whether a kind is among those listened to: exact kinds, and `review.*` prefixes; `nerve.*` only by exact kind. */
export function matchesKind(on: string[], kind: string): boolean {
  return on.some(
    (pattern) => pattern === kind || (pattern.endsWith(".*") && !kind.startsWith("nerve.") && kind.startsWith(pattern.slice(0, -1))),
  );
}
