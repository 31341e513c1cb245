/** Notes when things happen to threads while agents play, and makes figures of what fell into the measured window. */
import { pickQuantile } from "./pick-quantile.ts";

/** What a window held. Times are milliseconds. */
export interface Figures {
  seconds: number;
  turns: number;
  threads: number;
  turnsPerSecond: number;
  threadsPerSecond: number;
  /** From an answer sent to that thread's next turn received. */
  nextTurn: { p50: number; p99: number };
  /** From the event that starts a thread to its first turn. */
  firstTurn: { p50: number; p99: number };
}

/** Told by a play what happens; `thread` is any name that stays the same for one thread. */
export interface Recorder {
  /** Whether another thread may be started. */
  mayStart(): boolean;
  /** The event that starts a thread is sent. */
  started(thread: string): void;
  /** A turn is received and will be answered in the same instant. */
  given(thread: string): void;
  /** The thread's end is received. */
  ended(thread: string): void;
  /** Something that must not happen did: the whole run ends with it. */
  failed(why: string): void;
}

/** A recorder with its controls. */
export interface RecorderControls extends Recorder {
  openWindow(): void;
  closeWindow(): Figures;
  /** Lets threads be started, or no more; at first they may. */
  allowStarts(allowed: boolean): void;
  /** Threads that were started and have not ended. */
  readonly runningCount: number;
  /** Threads that ended since the beginning. */
  readonly endedCount: number;
  /** Turns received since the beginning. */
  readonly turnCount: number;
}

/**
 * Makes a recorder.
 * @param onFail told the first failure
 * @param threads how many threads may be started; absent: without end
 */
export function createRecorder(onFail: (why: string) => void, threads = Number.POSITIVE_INFINITY): RecorderControls {
  const startedAt = new Map<string, number>();
  const answeredAt = new Map<string, number>();
  let allowed = true;
  let startedCount = 0;
  let endedCount = 0;
  let turnCount = 0;
  let openedAt: number | undefined;
  let windowTurns = 0;
  let windowThreads = 0;
  let next: number[] = [];
  let first: number[] = [];

  return {
    mayStart: () => allowed && startedCount < threads,
    started(thread) {
      startedCount += 1;
      startedAt.set(thread, performance.now());
    },
    given(thread) {
      const now = performance.now();
      turnCount += 1;
      const start = startedAt.get(thread);
      const answer = answeredAt.get(thread);
      if (openedAt !== undefined) {
        windowTurns += 1;
        if (answer !== undefined) next.push(now - answer);
        else if (start !== undefined) first.push(now - start);
      }
      startedAt.delete(thread);
      answeredAt.set(thread, now);
    },
    ended(thread) {
      endedCount += 1;
      if (openedAt !== undefined) windowThreads += 1;
      answeredAt.delete(thread);
    },
    failed: onFail,
    openWindow() {
      openedAt = performance.now();
      windowTurns = 0;
      windowThreads = 0;
      next = [];
      first = [];
    },
    closeWindow() {
      const seconds = (performance.now() - (openedAt ?? performance.now())) / 1000;
      openedAt = undefined;
      return {
        seconds,
        turns: windowTurns,
        threads: windowThreads,
        turnsPerSecond: windowTurns / seconds,
        threadsPerSecond: windowThreads / seconds,
        nextTurn: { p50: pickQuantile(next, 0.5), p99: pickQuantile(next, 0.99) },
        firstTurn: { p50: pickQuantile(first, 0.5), p99: pickQuantile(first, 0.99) },
      };
    },
    allowStarts(now) {
      allowed = now;
    },
    get runningCount() {
      return startedCount - endedCount;
    },
    get endedCount() {
      return endedCount;
    },
    get turnCount() {
      return turnCount;
    },
  };
}
