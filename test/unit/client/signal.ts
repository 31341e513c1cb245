/** Waiting for something to be so, without sleeping: whoever changes something notifies, whoever waits looks then. */

export interface Signal {
  notify(): void;
  /** Settles when the predicate holds; looked at now and after each notification. */
  until(predicate: () => boolean): Promise<void>;
}

export function createSignal(): Signal {
  const waiting = new Set<() => void>();
  return {
    notify() {
      for (const look of waiting) look();
    },
    until: (predicate) =>
      new Promise((resolve) => {
        const look = () => {
          if (!predicate()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
