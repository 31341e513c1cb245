/** Measures the nesting of JSON without recursion, so that nesting made to overflow a reader's stack does not overflow this one. */
import type { Json } from "./event.ts";

/** Whether arrays and objects nest deeper than `limit`; a scalar has depth 0. */
export function exceedsDepth(value: unknown, limit: number): boolean {
  const waiting: { value: Json; depth: number }[] = [{ value: value as Json, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    if (next.depth >= limit) return true;
    for (const child of Object.values(next.value)) {
      if (typeof child === "object" && child !== null) waiting.push({ value: child, depth: next.depth + 1 });
    }
  }
  return false;
}
