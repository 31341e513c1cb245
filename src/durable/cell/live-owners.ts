/**
 * The actors of a cell that are in memory: a bounded number and a bounded size of them, those that rest leaving first that were not asked
 * for longest. One that is at work never leaves. Knows addresses, not what actors do.
 */
import { cellLimits } from "./cell-limits.ts";

/** One life of an actor in memory. */
export interface OwnerLife {
  readonly owner: string;
  /** What of it is under way: calls, timers, work in the background. */
  busy: number;
  /** Characters that it read and wrote. */
  characters: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** It has left: nothing of it may read or write any more. */
  over: boolean;
}

export interface LiveOwners<Held> {
  /** The actor, in memory from now on. */
  open(owner: string): { life: OwnerLife; held: Held };
  /** Counts a work of the actor's until it is done. */
  begin(life: OwnerLife): void;
  end(life: OwnerLife): void;
  /** It read or wrote so many characters. */
  count(life: OwnerLife, characters: number): void;
  /** It leaves if it rests. @returns whether it did, or was not there */
  evict(owner: string): boolean;
  /** All leave, at work or not. */
  endAll(): void;
  readonly size: number;
  readonly bytes: number;
  owners(): string[];
}

export interface LiveOwnersPorts<Held> {
  /** @throws what keeps the actor from being loaded */
  make(life: OwnerLife): Held;
  /** It stays, resting or not: what it knows is stored nowhere. */
  stays(owner: string): boolean;
  now(): number;
  warn(entry: { [fact: string]: unknown }): void;
  limits?: { owners: number; bytes: number };
}

/** What of an actor can't be told from what it read and wrote. */
const sizeOf = ({ characters }: OwnerLife): number => cellLimits.ownerBytes + characters;

export function createLiveOwners<Held>({ make, stays, now, warn, limits = cellLimits }: LiveOwnersPorts<Held>): LiveOwners<Held> {
  /** Those that were asked for longest ago first. */
  const live = new Map<string, { life: OwnerLife; held: Held }>();
  let counted = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;

  function leave(life: OwnerLife): void {
    life.over = true;
    if (live.get(life.owner)?.life === life) live.delete(life.owner);
    counted -= sizeOf(life);
  }

  const isFull = (): boolean => live.size > limits.owners || counted > limits.bytes;

  function makeRoom(but: OwnerLife): void {
    if (!isFull()) return;
    let looked = 0;
    for (const { life } of live.values()) {
      if (!isFull()) return;
      if (looked++ >= cellLimits.looked) break;
      if (life === but || stays(life.owner)) continue;
      if (life.busy === 0) leave(life);
      // Looked at again when others have been.
      else touch(life.owner);
    }
    if (!isFull() || now() - warnedAt < cellLimits.warned) return;
    warnedAt = now();
    warn({
      at: "cell",
      owners: live.size,
      bytes: counted,
      error: "more actors are at work than fit in memory: it goes on with what it has",
    });
  }

  function touch(owner: string): { life: OwnerLife; held: Held } | undefined {
    const found = live.get(owner);
    if (!found) return undefined;
    live.delete(owner);
    live.set(owner, found);
    return found;
  }

  return {
    open(owner) {
      const found = touch(owner);
      if (found) {
        makeRoom(found.life);
        return found;
      }
      const life: OwnerLife = { owner, busy: 0, characters: 0, since: now(), over: false };
      const opened = { life, held: make(life) };
      live.set(owner, opened);
      counted += sizeOf(life);
      makeRoom(life);
      return opened;
    },
    begin(life) {
      life.busy += 1;
    },
    end(life) {
      life.busy -= 1;
      if (life.busy > 0 || life.over || stays(life.owner)) return;
      // By what it read and wrote it seems to grow without end: made anew it is what it is.
      if (life.characters > cellLimits.countedBytes && now() - life.since > cellLimits.countedAnew) leave(life);
    },
    count(life, characters) {
      life.characters += characters;
      if (live.get(life.owner)?.life === life) counted += characters;
    },
    evict(owner) {
      const found = live.get(owner);
      if (!found) return true;
      if (found.life.busy > 0 || stays(owner)) return false;
      leave(found.life);
      return true;
    },
    endAll() {
      for (const { life } of [...live.values()]) leave(life);
    },
    get size() {
      return live.size;
    },
    get bytes() {
      return counted;
    },
    owners: () => [...live.keys()],
  };
}
