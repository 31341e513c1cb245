/** Gathers what comes in bursts, and hands it over once a frame: however much comes, the page is drawn once. */

/** Calls back before the next frame is drawn, as `requestAnimationFrame` does. */
export type Schedule = (work: () => void) => void;

export interface FrameBatch<Item> {
  add(items: readonly Item[]): void;
}

/** @param most items kept for one frame, the latest: a page that is not drawn, as a hidden one is not, holds no more */
export function createFrameBatch<Item>(schedule: Schedule, most: number, hand: (items: Item[], lost: number) => void): FrameBatch<Item> {
  let waiting: Item[] = [];
  let lost = 0;
  return {
    add(items) {
      if (items.length === 0) return;
      if (waiting.length === 0)
        schedule(() => {
          const [batch, left] = [waiting, lost];
          [waiting, lost] = [[], 0];
          hand(batch, left);
        });
      waiting = waiting.concat(items);
      if (waiting.length <= most) return;
      lost += waiting.length - most;
      waiting = waiting.slice(-most);
    },
  };
}
