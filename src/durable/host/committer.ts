/**
 * One object's commits: each is one transaction, that adds an entry to the journal where it has something to say, and keeps the one
 * alarm at the earliest thing due. Shared by the actor host and the objects that are no actors.
 */

import type { Refused } from "./deliver-message.ts";
import { type Added, createEntryWriter, type Entry, type EntryWriter } from "./entry.ts";
import { formerHost } from "./former-tables.ts";
import { sentCursor } from "./head-notes.ts";
import { createInbox, drawLife, type Inbox } from "./inbox.ts";
import { hostLimits } from "./limits.ts";
import type { Outbox, OutboxOptions } from "./outbox.ts";
import { createOutbox } from "./outbox.ts";
import type { World } from "./ports.ts";
import { toStoreFailure } from "./receiver-state.ts";
import type { Journal } from "./store/journal.ts";
import { createStore, type Store } from "./store/store.ts";

export interface Committer {
  outbox: Outbox;
  /** The last message of each sender. */
  inbox: Inbox;
  /** What the object keeps: its commits are the store's transactions. */
  store: Store;
  /** Runs `body` in a transaction, then starts sending what it appended. A throw undoes all of it. */
  commit<T>(body: () => T): T;
  /**
   * Runs `body` first in the object's next transaction, which comes before anything is written that follows from it: many such bodies are
   * one commit. At once where the store writes each commit by itself. What `body` throws is logged: nobody waits for it.
   */
  commitLate(body: () => void): void;
  /** Commits what {@link commitLate} was given, where it has to be read. */
  settle(): void;
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
  /** All has left, and no commit will follow that would say so: the alarm need not ring to find that out. Only where that costs less. */
  rest(): void;
}

/** What the log is told of each commit: it leaves by a way of its own. */
export interface LogSource {
  /** Its cursor in the journal. */
  cursor: string;
  /** Asked last in every transaction. @returns rows of it */
  take(): unknown[];
  /** The transaction held: under which numbers its rows are in the journal. */
  added(entries: readonly Added<unknown>[]): void;
}

/** Lives of objects. */
const lifeFact = "life";

export interface CommitterOptions {
  /** Absent: one is opened, under the object's own address. */
  store?: Store;
  /** When things other than the outbox are due, read after each commit's writes. */
  dueTimes: () => (number | undefined)[];
  refused: Refused;
  /** What the outbox holds back for a receiver changed; called within the transaction. */
  heldBack?: OutboxOptions["heldBack"];
  isUnordered?: OutboxOptions["isUnordered"];
  /** Called once per commit, when it has held. */
  counted?: () => void;
  /** Writes first in every transaction: what was noted since the last. */
  noted?: () => void;
  /** Writes last in every transaction: what others gathered in it. */
  beforeCommit?: () => void;
  /** Absent: nothing is said to a log. */
  log?: LogSource;
  /** Entries that the journal keeps when all in them has left: 0 by default. */
  keepEntries?: number;
  /** All messages of a commit have left, or must wait. */
  flushed?: () => void;
  /** The transaction was rolled back, and with it what `dueTimes` may remember of it. */
  onRollback?: () => void;
}

/** The journal of commits: what they say is written last in each, and deleted when all of it has left. */
interface CommitJournal {
  entry: EntryWriter;
  life(): number | undefined;
  /** Last in a transaction. @param mustSave positions too, where no entry carries them */
  write(mustSave: boolean): ReturnType<EntryWriter["write"]>;
}

function createCommitJournal(world: World, store: Store, { log, keepEntries = 0 }: CommitterOptions): CommitJournal {
  const journal = store.journal as Journal<Entry>;
  const entry = createEntryWriter(journal);
  let trimmed: number | undefined;

  /** Through which entry nothing is needed any more. */
  const findSpent = (): number =>
    Math.min(journal.position(sentCursor), log ? journal.position(log.cursor) : Number.POSITIVE_INFINITY, journal.last() - keepEntries);

  /** Seldom, for each entry costs a row: as soon as so many can go, counted from where this life began. */
  function trim(): void {
    const spent = findSpent();
    trimmed ??= Math.floor(spent / hostLimits.journalTrim) * hostLimits.journalTrim;
    if (spent - trimmed < hostLimits.journalTrim) return;
    journal.trim(spent);
    trimmed = spent;
  }

  return {
    entry,
    life: () => journal.carried(lifeFact) as number | undefined,
    write(mustSave) {
      if (log) entry.log(log.take());
      if (!entry.isEmpty() && journal.carried(lifeFact) === undefined) journal.carry(lifeFact, drawLife(world.clock.now()));
      const added = entry.write(world.clock.now());
      if (journal.hasUncarried() || (mustSave && journal.hasMoved())) journal.save();
      if (added.length) trim();
      return added;
    },
  };
}

/** What waits to be run first in the next transaction. @param commit runs a body as one of its own */
function createLateBodies({ storage, address }: World, commit: (body: () => void) => void) {
  let waiting: (() => void)[] = [];
  /** They were rolled back with another's work: each goes by itself, so that none is in another's way. */
  let isCareful = false;

  function settle(): void {
    while (waiting.length) {
      try {
        commit(() => {});
      } catch (error) {
        // The next commit takes each by itself.
        if (!isCareful) throw error;
      }
    }
  }

  function commitEach(): void {
    isCareful = false;
    const bodies = waiting;
    waiting = [];
    for (const body of bodies) {
      try {
        commit(body);
      } catch (error) {
        console.error(JSON.stringify({ at: "late commit", address, error: String(error) }));
      }
    }
  }

  return {
    settle,
    add(body: () => void): void {
      const { beforeWrite } = storage;
      if (!beforeWrite) {
        commit(body);
        return;
      }
      waiting.push(body);
      if (waiting.length === 1) beforeWrite(settle);
    },
    /** For the transaction that begins. */
    take(): readonly (() => void)[] {
      if (isCareful) commitEach();
      if (!waiting.length) return none;
      const bodies = waiting;
      waiting = [];
      return bodies;
    },
    /** The transaction was rolled back. */
    giveBack(bodies: readonly (() => void)[]): void {
      if (!bodies.length) return;
      waiting = [...bodies, ...waiting];
      isCareful = true;
      storage.beforeWrite?.(settle);
    },
  };
}

/** When an alarm must ring; undefined: nothing is due. */
function findAlarm(first: number | undefined, others: readonly (number | undefined)[], now: number): number | undefined {
  let earliest = first;
  for (const time of others) if (time !== undefined && (earliest === undefined || time < earliest)) earliest = time;
  if (earliest === undefined) return undefined;
  // Rounded up to whole milliseconds: an alarm that rings within the millisecond before would find nothing due and be set again at once.
  return Math.ceil(Math.min(Math.max(earliest, now), now + hostLimits.alarmAhead));
}

const none: readonly (() => void)[] = [];

export function createCommitter(world: World, options: CommitterOptions): Committer & { entry: EntryWriter } {
  const { storage, clock, scheduler } = world;
  const store = options.store ?? createStore(storage, world.address, formerHost);
  const journal = createCommitJournal(world, store, options);
  const { entry } = journal;
  const inbox = createInbox(store, clock);
  const outbox = createOutbox(world, store, entry, journal.life, {
    refused: options.refused,
    record: (write) => committer.commit(write),
    ...(options.heldBack && { heldBack: options.heldBack }),
    ...(options.isUnordered && { isUnordered: options.isUnordered }),
  });
  const late = createLateBodies(world, (body) => committer.commit(body));
  let armedAt: number | undefined;
  // Whether the alarm that is set only guards against a crash in the present one; the next commit replaces it.
  let guarding = false;

  const findEarliest = (): number | undefined => findAlarm(outbox.due(), options.dueTimes(), clock.now());

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

  function transact<T>(body: () => T, thenArm: () => void, mustSave = false): T {
    const bodies = late.take();
    const before = { armedAt, guarding };
    let result: { value: T; added: ReturnType<EntryWriter["write"]> };
    try {
      result = store.transaction(() => {
        options.noted?.();
        for (const each of bodies) each();
        const value = body();
        options.beforeCommit?.();
        const added = journal.write(mustSave);
        thenArm();
        return { value, added };
      });
    } catch (error) {
      ({ armedAt, guarding } = before);
      entry.clear();
      outbox.settle(undefined);
      inbox.reread();
      options.onRollback?.();
      late.giveBack(bodies);
      throw toStoreFailure(error);
    }
    const { value, added } = result;
    outbox.settle(added);
    options.log?.added(added.map(({ seq, size, log }) => ({ seq, size, parts: log })));
    options.counted?.();
    // After the caller's own work: whoever receives a message of this commit, even in this object, must find the committed state.
    if (outbox.size()) scheduler.background(Promise.resolve().then(outbox.flush).then(options.flushed));
    return value;
  }

  const committer: Committer & { entry: EntryWriter } = {
    outbox,
    inbox,
    entry,
    store,
    commit: (body) => transact(body, arm),
    commitLate: late.add,
    settle: late.settle,
    async alarm(run) {
      armedAt = undefined;
      if (findEarliest() !== undefined) transact(() => {}, guard);
      try {
        await run();
        await outbox.flush();
        // What has left need not be sent again in the next life: the alarm has rung anyhow, and none is set for this alone.
        if (store.journal.hasMoved()) transact(() => {}, arm, true);
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
    rest() {
      const { postponeAlarm } = storage;
      if (!postponeAlarm || armedAt === undefined) return;
      const earliest = findEarliest();
      if (earliest !== undefined && earliest <= armedAt) return;
      // No commit: what a crash forgets of it is sent again, and known.
      if (store.journal.hasMoved()) store.journal.saveLater();
      postponeAlarm(earliest);
      armedAt = earliest;
      guarding = false;
    },
  };
  return committer;
}
