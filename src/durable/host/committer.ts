/**
 * One object's commits: each is one transaction that also sweeps the outbox and keeps the one alarm at the earliest
 * thing due. Shared by the actor host and the objects that are no actors. Knows no tables but the outbox.
 */

import type { Refused } from "./deliver-message.ts";
import { hostLimits } from "./limits.ts";
import type { Outbox, OutboxOptions } from "./outbox.ts";
import { createOutbox } from "./outbox.ts";
import type { World } from "./ports.ts";
import { toStoreFailure } from "./receiver-state.ts";
import { createStore, type Store } from "./store/store.ts";

export interface Committer {
  outbox: Outbox;
  /** What the object keeps: its commits are the store's transactions. */
  store: Store;
  /** Runs `body` in a transaction, then starts sending what it appended. A throw undoes all of it. */
  commit<T>(body: () => T): T;
  /**
   * The alarm rang: the next is set, then `run` does what is due and what waits in the outbox is sent. What `run`
   * throws is logged, and seen to again {@link hostLimits.safetyNet} later.
   * @throws only if the next alarm could not be set: then the platform must ring again
   */
  alarm(run: () => Promise<void>): Promise<void>;
  /** Sets the alarm if something is due and this life of the object hasn't set one: a lost alarm is mended by any call. */
  rearm(): void;
  /** Sets the alarm earlier if something has become due earlier without a commit. */
  arm(): void;
}

export interface CommitterOptions {
  /** Absent: one is opened, under the object's own address. */
  store?: Store;
  /** When things other than the outbox are due, read after each commit's writes. */
  dueTimes: () => (number | undefined)[];
  refused: Refused;
  /** What the outbox holds back for a receiver changed; called within the transaction. */
  heldBack?: OutboxOptions["heldBack"];
  /** Called once per commit, for the metrics. */
  counted?: () => void;
  /** Writes last in every transaction: what others gathered in it. */
  beforeCommit?: () => void;
  /** The transaction was rolled back, and with it what `dueTimes` may remember of it. */
  onRollback?: () => void;
}

export function createCommitter(world: World, options: CommitterOptions): Committer {
  const { storage, clock, scheduler } = world;
  const store = options.store ?? createStore(storage, world.address);
  const outbox = createOutbox(world, {
    refused: options.refused,
    record: (write) => committer.commit(write),
    ...(options.heldBack && { heldBack: options.heldBack }),
  });
  let armedAt: number | undefined;
  // Whether the alarm that is set only guards against a crash in the present one; the next commit replaces it.
  let guarding = false;

  const findEarliest = (): number | undefined => {
    const times = [outbox.due(), ...options.dueTimes()].filter((time) => time !== undefined);
    if (!times.length) return undefined;
    const now = clock.now();
    // Rounded up to whole milliseconds: an alarm that rings within the millisecond before would find nothing due and be set again at once.
    return Math.ceil(Math.min(Math.max(Math.min(...times), now), now + hostLimits.alarmAhead));
  };

  const set = (at: number): void => {
    storage.setAlarm(at);
    armedAt = at;
    guarding = false;
  };

  const arm = (): void => {
    const earliest = findEarliest();
    // Leave an earlier alarm in place: letting it ring for nothing is cheaper than moving it with each commit.
    if (earliest !== undefined && (armedAt === undefined || guarding || armedAt > earliest)) set(earliest);
  };

  /** The alarm for the case that the present one does not come to its end. */
  const guard = (): void => {
    const earliest = findEarliest();
    if (earliest === undefined) return;
    const overdue = earliest <= clock.now();
    set(overdue ? clock.now() + hostLimits.safetyNet : earliest);
    guarding = overdue;
  };

  const rearmAhead = (): void => {
    const earliest = findEarliest();
    if (earliest !== undefined && earliest > clock.now()) set(earliest);
  };

  function transact<T>(body: () => T, thenArm: () => void): T {
    const before = { armedAt, guarding };
    let result: T;
    try {
      result = store.transaction(() => {
        outbox.sweep();
        const value = body();
        options.beforeCommit?.();
        thenArm();
        return value;
      });
    } catch (error) {
      ({ armedAt, guarding } = before);
      outbox.settle(false);
      options.onRollback?.();
      throw toStoreFailure(error);
    }
    outbox.settle(true);
    options.counted?.();
    // After the caller's own work: whoever receives a message of this commit, even in this object, must find the committed state.
    if (outbox.size) scheduler.background(Promise.resolve().then(outbox.flush));
    return result;
  }

  const committer: Committer = {
    outbox,
    store,
    commit: (body) => transact(body, arm),
    async alarm(run) {
      armedAt = undefined;
      if (findEarliest() !== undefined || outbox.unswept) transact(() => {}, guard);
      try {
        await run();
        await outbox.flush();
        if (outbox.unswept) committer.commit(() => {});
        // Nothing was written: what seemed overdue is gone. Set the real alarm again, for it may be due before the guard.
        else if (guarding) rearmAhead();
      } catch (error) {
        console.error(JSON.stringify({ at: "alarm", address: world.address, error: String(error) }));
      }
    },
    rearm() {
      if (armedAt === undefined) arm();
    },
    arm,
  };
  return committer;
}
