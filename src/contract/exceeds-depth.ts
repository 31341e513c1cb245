/** Measures the nesting of JSON, no deeper than it may be: nesting made to overflow a reader's stack does not overflow this one. */

/** Whether arrays and objects nest deeper than `limit`, some hundred at most; a scalar has depth 0. */
export function exceedsDepth(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit <= 0) return true;
  if (Array.isArray(value)) {
    for (const child of value) if (typeof child === "object" && exceedsDepth(child, limit - 1)) return true;
    return false;
  }
  const members = value as { [name: string]: unknown };
  for (const name in members) {
    const child = members[name];
    if (typeof child === "object" && exceedsDepth(child, limit - 1)) return true;
  }
  return false;
}
