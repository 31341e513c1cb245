/** Who is due next, of owners whose times move. Knows no alarm. */
import { createHeap } from "./timer-queue.ts";

/** An owner, with when it is due; undefined: not, or not now. */
export interface Due {
  at: number | undefined;
}

export interface DueOrder<Owner extends Due> {
  /** The owner's time was set. */
  add(owner: Owner, at: number): void;
  /** Whoever is due first. */
  first(): Owner | undefined;
}

/** Moved times that stay among the others before all of those are left out. */
const movedAtMost = 64;

/** @param count how many owners have a time */
export function createDueOrder<Owner extends Due>(count: () => number): DueOrder<Owner> {
  const create = () => createHeap<{ at: number; owner: Owner }>((a, b) => a.at - b.at);
  let order = create();

  /** What was moved stays in order until it is its time. */
  function leaveMoved(): void {
    const left = order;
    order = create();
    for (let next = left.take(); next; next = left.take()) if (next.owner.at === next.at) order.add(next);
  }

  return {
    add(owner, at) {
      if (order.size() > movedAtMost + 4 * count()) leaveMoved();
      order.add({ owner, at });
    },
    first() {
      for (let next = order.first(); next; next = order.first()) {
        if (next.owner.at === next.at) return next.owner;
        order.take();
      }
      return undefined;
    },
  };
}
