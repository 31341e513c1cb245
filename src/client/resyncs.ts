/** Asks the server what is held while offers wait for a slot: what was lost while the word of it got lost too, its list tells. */
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { Me, MeReader } from "./me.ts";

export interface Resyncs {
  /** Asks now, or when it may be asked again. */
  ask(): void;
  /** Asking was of use: the next waits as short as the first. */
  hurry(): void;
  stop(): void;
}

export function createResyncs({
  me,
  clock,
  resync,
  consider,
}: {
  me: Pick<MeReader, "read">;
  clock: Clock;
  /** Takes the answer, and when it was asked for. */
  resync: (now: Me, asked: number) => void;
  /** It may be asked again, or the answer did not come. */
  consider: () => void;
}): Resyncs {
  let next = 0;
  let wait: number = clientLimits.resyncMs;
  let stopTimer: (() => void) | undefined;
  return {
    ask() {
      const asked = clock.now();
      if (asked < next) {
        stopTimer ??= clock.after(next - asked, () => {
          stopTimer = undefined;
          consider();
        });
        return;
      }
      next = asked + wait;
      wait = Math.min(clientLimits.resyncMaxMs, wait * 2);
      void me.read().then(
        (now) => resync(now, asked),
        () => consider(),
      );
    },
    hurry() {
      wait = clientLimits.resyncMs;
    },
    stop() {
      stopTimer?.();
    },
  };
}
