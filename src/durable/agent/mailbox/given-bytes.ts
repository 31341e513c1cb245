/** How much a connection was given and has not acknowledged: what may wait in a socket that says nothing of its buffer. */
import { agentLimits } from "../agent-schema.ts";

export interface GivenBytes {
  add(seq: number, size: number): void;
  full(): boolean;
}

/** @param held what the connection has not acknowledged, by number; the mailbox keeps it */
export function createGivenBytes(held: ReadonlyMap<number, unknown>): GivenBytes {
  const sizes = new Map<number, number>();
  let total = 0;

  function prune(): void {
    for (const [seq, size] of sizes) {
      if (held.has(seq)) continue;
      sizes.delete(seq);
      total -= size;
    }
  }

  return {
    add(seq, size) {
      total += size - (sizes.get(seq) ?? 0);
      sizes.set(seq, size);
      if (sizes.size > 4 * agentLimits.window) prune();
    },
    full() {
      if (total >= agentLimits.windowBytes) prune();
      return total >= agentLimits.windowBytes;
    },
  };
}
