/**
 * Waits for much with few timers: what is due at nearly the same time waits for one. The platform lets an object have so many
 * timers and no more, and past that nothing of it can wait for anything: an agent that opens streams and polls by the hundred
 * would have an object that answers nothing but faults. Knows time only.
 */

/** Milliseconds by which something may be late, so that it shares a timer; what is due sooner has one of its own. */
export const timerGrain = 64;

export type Later = (milliseconds: number, work: () => void) => void;

/**
 * @param later the platform's timers
 * @param now milliseconds
 */
export function createSharedTimers(later: Later, now: () => number): Later {
  const due = new Map<number, (() => void)[]>();

  return (milliseconds, work) => {
    if (milliseconds < timerGrain) {
      later(milliseconds, work);
      return;
    }
    const began = now();
    const at = Math.ceil((began + milliseconds) / timerGrain);
    const waiting = due.get(at);
    if (waiting) {
      waiting.push(work);
      return;
    }
    const works = [work];
    due.set(at, works);
    later(at * timerGrain - began, () => {
      due.delete(at);
      runEach(works);
    });
  };
}

/** @throws what the first of them threw that did, once all have run */
function runEach(works: readonly (() => void)[]): void {
  const thrown: unknown[] = [];
  for (const work of works) {
    try {
      work();
    } catch (error) {
      thrown.push(error);
    }
  }
  if (thrown.length > 0) throw thrown[0];
}
