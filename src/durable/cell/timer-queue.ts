/**
 * Any number of timers by one of the platform's, of which an object may have only so many. Work of one moment runs in the order in
 * which it was given. Knows time only.
 */

export interface TimerQueue {
  /** @returns takes it back */
  add(milliseconds: number, work: () => void): () => void;
  /** How often the platform's timers have rung. */
  rings(): number;
}

interface Timer {
  at: number;
  order: number;
  work: (() => void) | undefined;
}

/** @param later the platform's timers @param failed hears what a work threw; others run regardless */
export function createTimerQueue(
  later: (milliseconds: number, work: () => void) => void,
  now: () => number,
  failed: (error: unknown) => void,
): TimerQueue {
  const waiting = createHeap<Timer>((a, b) => a.at - b.at || a.order - b.order);
  let order = 0;
  let rings = 0;
  /** When the platform's timers ring, the earliest last: one that is set beside another is set earlier. */
  const armed: number[] = [];

  function arm(): void {
    const first = waiting.first();
    if (!first || first.at >= (armed.at(-1) ?? Number.POSITIVE_INFINITY)) return;
    const { at } = first;
    armed.push(at);
    later(Math.max(0, at - now()), () => {
      rings += 1;
      armed.splice(armed.lastIndexOf(at), 1);
      run();
    });
  }

  function run(): void {
    const time = now();
    const last = order;
    // What is given meanwhile waits for the next turn of the event loop, however soon it is due.
    for (let first = waiting.first(); first && first.at <= time && first.order <= last; first = waiting.first()) {
      waiting.take();
      try {
        first.work?.();
      } catch (error) {
        failed(error);
      }
    }
    arm();
  }

  return {
    rings: () => rings,
    add(milliseconds, work) {
      order += 1;
      const timer: Timer = { at: now() + Math.max(0, milliseconds), order, work };
      waiting.add(timer);
      arm();
      return () => {
        timer.work = undefined;
      };
    },
  };
}

export interface Heap<Item> {
  add(item: Item): void;
  first(): Item | undefined;
  /** Takes the first. */
  take(): Item | undefined;
  size(): number;
}

/** A binary heap: the first is the least. */
export function createHeap<Item>(compare: (a: Item, b: Item) => number): Heap<Item> {
  const items: Item[] = [];
  const at = (index: number): Item => items[index] as Item;

  function swap(a: number, b: number): void {
    [items[a], items[b]] = [at(b), at(a)];
  }

  function sink(index: number): void {
    for (let above = index; ; ) {
      const left = 2 * above + 1;
      if (left >= items.length) return;
      const least = left + 1 < items.length && compare(at(left + 1), at(left)) < 0 ? left + 1 : left;
      if (compare(at(above), at(least)) <= 0) return;
      swap(above, least);
      above = least;
    }
  }

  return {
    add(item) {
      let index = items.push(item) - 1;
      for (let above = (index - 1) >> 1; index > 0 && compare(item, at(above)) < 0; above = (index - 1) >> 1) {
        swap(index, above);
        index = above;
      }
    },
    first: () => items[0],
    take() {
      const first = items[0];
      const last = items.pop();
      if (items.length && last !== undefined) {
        items[0] = last;
        sink(0);
      }
      return first;
    },
    size() {
      return items.length;
    },
  };
}
