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
  /** Characters that it holds, at most. */
  characters: number;
  /** Those of them that may have replaced others since it was looked how many it stores. */
  unsure: number;
  /** From how many of those on it may be looked again. */
  lookedAt: number;
  /** It said that it has nothing to do any more, and was not asked since. */
  rests: boolean;
  /** It has left: nothing of it may read or write any more. */
  over: boolean;
}

export interface LiveOwners<Held> {
  /** The actor, in memory from now on. */
  open(owner: string): { life: OwnerLife; held: Held };
  /** Counts a work of the actor's until it is done. */
  begin(life: OwnerLife): void;
  end(life: OwnerLife): void;
  /** It has nothing to do any more: it leaves when nothing of it is under way, and nobody has asked it again. */
  rest(life: OwnerLife): void;
  /**
   * It read or wrote so many characters: where there is no room it is looked how many it stores, for what was replaced it holds no more.
   * @param unsure those that may have replaced others; all by default
   */
  count(life: OwnerLife, characters: number, unsure?: number): void;
  /** It leaves if it rests. @returns whether it did, or was not there */
  evict(owner: string): boolean;
  /** It leaves, at work or not. */
  drop(owner: string): void;
  /** All leave, at work or not. */
  endAll(): void;
  size(): number;
  /** No fewer than they hold. Asking reads nothing: who asks may be outside of the object. */
  bytes(): number;
  /** How often there was no room, with more at work than fit. */
  overfull(): number;
  owners(): string[];
}

export interface LiveOwnersPorts<Held> {
  /** @throws what keeps the actor from being loaded */
  make(life: OwnerLife): Held;
  /** It stays, resting or not: what it knows is stored nowhere. */
  stays(owner: string): boolean;
  /** @returns how many characters an actor stores */
  measure(owner: string): number;
  now(): number;
  warn(entry: { [fact: string]: unknown }): void;
  limits?: { owners: number; bytes: number };
}

/** What of an actor can't be told from what it read and wrote. */
const sizeOf = ({ characters }: OwnerLife): number => cellLimits.ownerBytes + characters;

/** Bytes of those that are in memory: no fewer than they hold, and close to it for those that were looked at. */
function createSizes(measure: (owner: string) => number) {
  /** Those that may have replaced much since it was looked how many they store. */
  const grown = new Set<OwnerLife>();
  let total = 0;

  function look(atMost: number): void {
    let looked = 0;
    for (const life of grown) {
      if (looked++ >= atMost) return;
      grown.delete(life);
      const { characters } = life;
      life.characters = Math.min(characters, measure(life.owner));
      life.unsure = 0;
      life.lookedAt = Math.max(cellLimits.countedBytes, life.characters);
      total += life.characters - characters;
    }
  }

  return {
    total() {
      return total;
    },
    add(life: OwnerLife): void {
      total += sizeOf(life);
      if (life.unsure > life.lookedAt) grown.add(life);
    },
    remove(life: OwnerLife): void {
      total -= sizeOf(life);
      grown.delete(life);
    },
    /** One that was added has read or written. */
    count(life: OwnerLife, characters: number): void {
      total += characters;
      if (life.unsure > life.lookedAt) grown.add(life);
    },
    /** Looks how many characters those store that have grown. */
    look,
    lookAll: () => look(grown.size),
  };
}

export function createLiveOwners<Held>(ports: LiveOwnersPorts<Held>): LiveOwners<Held> {
  const { make, stays, measure, now, warn, limits = cellLimits } = ports;
  /** Those that were asked for longest ago first. */
  const live = new Map<string, { life: OwnerLife; held: Held }>();
  const sizes = createSizes(measure);
  let overfull = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;

  function leave(life: OwnerLife): void {
    life.over = true;
    if (live.get(life.owner)?.life === life) live.delete(life.owner);
    sizes.remove(life);
  }

  const isFull = (): boolean => live.size > limits.owners || sizes.total() > limits.bytes;

  function makeRoom(but: OwnerLife): void {
    if (sizes.total() > limits.bytes) sizes.lookAll();
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
    if (!isFull()) return;
    overfull += 1;
    if (now() - warnedAt < cellLimits.warned) return;
    warnedAt = now();
    warn({
      at: "cell",
      owners: live.size,
      bytes: sizes.total(),
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
      const life: OwnerLife = { owner, busy: 0, characters: 0, unsure: 0, lookedAt: cellLimits.countedBytes, rests: false, over: false };
      const opened = { life, held: make(life) };
      live.set(owner, opened);
      sizes.add(life);
      makeRoom(life);
      return opened;
    },
    begin(life) {
      life.busy += 1;
      life.rests = false;
    },
    end(life) {
      life.busy -= 1;
      if (life.rests && life.busy === 0 && !life.over && !stays(life.owner)) leave(life);
    },
    rest(life) {
      life.rests = true;
    },
    count(life, characters, unsure = characters) {
      life.characters += characters;
      life.unsure += unsure;
      if (live.get(life.owner)?.life !== life) return;
      sizes.count(life, characters);
      if (sizes.total() > limits.bytes) sizes.look(cellLimits.looked);
    },
    evict(owner) {
      const found = live.get(owner);
      if (!found) return true;
      if (found.life.busy > 0 || stays(owner)) return false;
      leave(found.life);
      return true;
    },
    drop(owner) {
      const found = live.get(owner);
      if (found) leave(found.life);
    },
    endAll() {
      for (const { life } of [...live.values()]) leave(life);
    },
    size() {
      return live.size;
    },
    bytes() {
      return sizes.total();
    },
    overfull() {
      return overfull;
    },
    owners: () => [...live.keys()],
  };
}
