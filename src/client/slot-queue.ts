/** Places of which there are so many: who comes when all are taken waits in line. */
export interface SlotQueue {
  /** Takes a place, if there is one. */
  tryTake(): boolean;
  /** Settles with a place, or when all who wait are let go; either way it is given back as ever. */
  wait(): Promise<void>;
  /** Gives a place back, to whoever waits longest. */
  release(): void;
  /** Lets all who wait go on. */
  letGo(): void;
}

export function createSlotQueue(slots: number): SlotQueue {
  const queue: (() => void)[] = [];
  let free = Math.max(1, slots);
  return {
    tryTake() {
      if (free <= 0) return false;
      free--;
      return true;
    },
    async wait() {
      await new Promise<void>((resolve) => queue.push(resolve));
      free--;
    },
    release() {
      free++;
      queue.shift()?.();
    },
    letGo() {
      for (const wake of queue.splice(0)) wake();
    },
  };
}
