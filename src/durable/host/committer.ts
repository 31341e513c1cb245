/**
 * One object's commits: each is one transaction that also sweeps the outbox and keeps the one alarm at the earliest
 * thing due. Shared by the actor host and the objects that are no actors. Knows no tables but the outbox.
 */
import type { Outbox, Undeliverable } from "./outbox.ts";
import { createOutbox } from "./outbox.ts";
import type { World } from "./ports.ts";

export interface Committer {
  outbox: Outbox;
  /** Runs `body` in a transaction, then starts sending what it appended. A throw undoes all of it. */
  commit<T>(body: () => T): T;
  /** The alarm rang: it has to be set again. `run` does what is due; it must not throw. */
  alarm(run: () => Promise<void>): Promise<void>;
}

/**
 * @param dueTimes when things other than the outbox are due, read after each commit's writes
 * @param counted called once per commit, for the metrics
 */
export function createCommitter(
  world: World,
  options: {
    dueTimes: () => (number | undefined)[];
    refused: (undeliverable: Undeliverable, actor: string) => void | Promise<void>;
    counted?: () => void;
  },
): Committer {
  const { storage, clock, scheduler } = world;
  const outbox = createOutbox(world, options.refused);
  let armedAt: number | undefined;

  const arm = (): void => {
    const times = [outbox.due(), ...options.dueTimes()].filter((time) => time !== undefined);
    if (!times.length) return;
    const earliest = Math.max(Math.min(...times), clock.now());
    // An earlier alarm is left in place: it rings, finds little to do and is set again; cheaper than moving it each commit.
    if (armedAt !== undefined && armedAt <= earliest) return;
    storage.setAlarm(earliest);
    armedAt = earliest;
  };

  const committer: Committer = {
    outbox,
    commit(body) {
      const armedBefore = armedAt;
      try {
        const result = storage.transaction(() => {
          outbox.sweep();
          const value = body();
          arm();
          return value;
        });
        outbox.settle(true);
        options.counted?.();
        if (outbox.size) scheduler.background(outbox.flush());
        return result;
      } catch (error) {
        armedAt = armedBefore;
        outbox.settle(false);
        throw error;
      }
    },
    async alarm(run) {
      armedAt = undefined;
      try {
        // Set first, so that a crash in what follows is seen to again.
        committer.commit(() => {});
        await run();
        await outbox.flush();
        committer.commit(() => {});
      } catch (error) {
        console.error(JSON.stringify({ at: "alarm", address: world.address, error: String(error) }));
      }
    },
  };
  return committer;
}
