/** Pings by a clock of its own, and says when the server no longer answers. */
import { afterSilence, type Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";

export interface PingWatch {
  /** The link is open: pings begin. */
  start(): void;
  /** Sets how often a sign of life is due, in milliseconds. */
  beat(everyMs: number): void;
  /** Something came; only an answer to what we sent shows that we are heard. */
  hear(isAnswer: boolean): void;
  stop(): void;
}

export function createPingWatch(clock: Clock, ping: () => void, silent: () => void): PingWatch {
  let everyMs: number = clientLimits.pingMs;
  let started = false;
  let stopTimer = () => {};
  /** Runs from a ping until it is answered; events that come meanwhile, as down a slow line, make it longer. */
  let stopWatch: (() => void) | undefined;
  let pinged = 0;

  /** Pings go by their own clock, whatever comes in: to the server only what we send is a sign of our life. */
  function schedule() {
    stopTimer();
    stopTimer = clock.after(everyMs, () => {
      schedule();
      if (!stopWatch) {
        pinged = clock.now();
        watch(clientLimits.pongMs);
      }
      ping();
    });
  }

  function watch(ms: number) {
    stopWatch?.();
    stopWatch = afterSilence(clock, ms, silent);
  }

  return {
    start() {
      started = true;
      schedule();
    },
    beat(ms) {
      if (ms === everyMs) return;
      everyMs = ms;
      if (started) schedule();
    },
    hear(isAnswer) {
      if (!stopWatch) return;
      const left = pinged + clientLimits.pongMaxMs - clock.now();
      if (!isAnswer) return watch(Math.max(0, Math.min(clientLimits.pongMs, left)));
      stopWatch();
      stopWatch = undefined;
    },
    stop() {
      started = false;
      stopTimer();
      stopWatch?.();
    },
  };
}
