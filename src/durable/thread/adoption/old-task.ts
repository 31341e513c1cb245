/** Moves a task that an earlier version kept in its root's object to an object of its own. Knows rows and ports, no machine. */
import type { DeadLetterRow } from "../../host/dead-letters.ts";
import type { Row, Storage } from "../../host/ports.ts";
import type { FormerTables } from "../../host/store/tables.ts";
import type { OldTaskPage, OldTaskPlace } from "../../protocol/old-task.ts";
import type { ThreadBase } from "../thread-base.ts";
import { dropOldTask, oldDeadLetters, readOldTask, setOldTaskAside } from "./old-task-rows.ts";

/** First and last pause between two tries to reach the task's object, in milliseconds. */
const moveFirst = 1_000;
const moveLast = 60_000;

export interface OldTask {
  /** The task's own object does not have all yet. */
  waits(): boolean;
  page(place: OldTaskPlace): OldTaskPage | null;
  /** Has the task's object take it over, and deletes it here. @throws when that object cannot be reached */
  move(): Promise<void>;
  due(): number | undefined;
  /** Tries to move it, where it is time. */
  work(): Promise<void>;
}

/**
 * Called before the object's tables are brought up to date and its actors loaded.
 * @param former all that the object may have of before
 * @returns makes the mover of what was set aside
 * @throws {NewerVersionError} when a newer version of the code has been here: nothing is written
 */
export function findOldTask(
  storage: Storage,
  former: Readonly<Record<string, FormerTables>>,
): (base: ThreadBase, adopt: () => Promise<void>) => OldTask {
  const found = setOldTaskAside(storage, former);
  return (base, adopt) => createOldTask(base, adopt, found);
}

function createOldTask({ storage, clock, host, deadLetters }: ThreadBase, adopt: () => Promise<void>, found: boolean): OldTask {
  let waits = found;
  let tries = 0;
  let nextAt = 0;
  let moving: Promise<void> | undefined;

  async function run(): Promise<void> {
    tries += 1;
    nextAt = clock.now() + Math.min(moveFirst * 2 ** (tries - 1), moveLast);
    await adopt();
    host.committer.commit(() => {
      deadLetters.move(storage.exec<DeadLetterRow & Row>(`SELECT * FROM ${oldDeadLetters}`));
      dropOldTask(storage);
    });
    waits = false;
  }

  const move = async (): Promise<void> => {
    if (!waits) return;
    moving ??= run().finally(() => {
      moving = undefined;
    });
    await moving;
  };

  return {
    waits() {
      return waits;
    },
    page: (place) => (waits ? (readOldTask(storage, place) ?? null) : null),
    move,
    due: () => (waits ? Math.max(nextAt, 1) : undefined),
    async work() {
      if (waits && nextAt <= clock.now())
        await move().catch((error: unknown) => console.warn(JSON.stringify({ at: "old task", tries, error: String(error) })));
    },
  };
}
