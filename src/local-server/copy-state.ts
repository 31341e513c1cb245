/**
 * Copies a state's files as they are at one instant. Most of them do not change while they are copied, so they are copied
 * before that instant, and at it only those that did: how long everybody waits depends on the load, not on the data.
 */
import { constants, statSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inUseMark, listFiles } from "./state-files.ts";

const limits = {
  /** Files that are copied side by side. */
  together: 8,
  /** Milliseconds by which a file must have been old when it was copied: its time of change is coarser than its changes. */
  coarse: 1_000,
  /** Passes before the instant: each leaves less to copy, if the copying is faster than the load. */
  passes: 3,
} as const;

/** What a file looked like when its copying began. */
interface Seen {
  size: number;
  changed: number;
  inode: number;
  at: number;
}

export interface CopyProgress {
  pass: number;
  files: number;
  bytes: number;
}

/**
 * @param freeze holds the writer still for the time of what it is given; undefined: nobody writes
 * @returns for how many milliseconds the writer stood still
 */
export async function copyState(
  from: string,
  to: string,
  freeze: ((work: () => Promise<void>) => Promise<{ milliseconds: number }>) | undefined,
  report: (progress: CopyProgress) => void,
): Promise<number> {
  const seen = new Map<string, Seen>();
  let pass = 0;
  async function copyChanged(): Promise<number> {
    const copied = await copyPass(from, to, seen);
    pass += 1;
    report({ pass, ...copied });
    return copied.files;
  }
  if (!freeze) {
    await copyChanged();
    return 0;
  }
  let left = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < limits.passes; tries++) {
    const copied = await copyChanged();
    // No less than before: the load changes them as fast as they are copied.
    if (copied >= left || copied === 0) break;
    left = copied;
  }
  const { milliseconds } = await freeze(async () => void (await copyChanged()));
  return milliseconds;
}

/** Copies what is new or may have changed since it was copied, and removes what is gone. */
async function copyPass(from: string, to: string, seen: Map<string, Seen>): Promise<{ files: number; bytes: number }> {
  const present = listFiles(from).filter((file) => isKept(file));
  const stale = present.filter((file) => isStale(look(from, file), seen.get(file)));
  let bytes = 0;
  const queue = [...stale];
  async function work(): Promise<void> {
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      const copied = await copyOne(from, to, file, seen);
      bytes += copied;
    }
  }
  await Promise.all(Array.from({ length: limits.together }, work));
  const gone = [...seen.keys()].filter((file) => !present.includes(file));
  for (const file of gone) {
    await rm(join(to, file), { force: true });
    seen.delete(file);
  }
  return { files: stale.length, bytes };
}

/** An index of a log (`-shm`) is made anew from the log, and the mark is about the original. */
function isKept(file: string): boolean {
  return !file.endsWith(".sqlite-shm") && file !== inUseMark;
}

async function copyOne(from: string, to: string, file: string, seen: Map<string, Seen>): Promise<number> {
  const before = look(from, file);
  if (!before) return 0;
  seen.set(file, before);
  await mkdir(dirname(join(to, file)), { recursive: true, mode: 0o700 });
  try {
    await copyFile(join(from, file), join(to, file), constants.COPYFILE_FICLONE);
  } catch (error) {
    // A log that its database was closed with.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return before.size;
}

function look(from: string, file: string): Seen | undefined {
  const stat = statSync(join(from, file), { throwIfNoEntry: false });
  return stat && { size: stat.size, changed: stat.mtimeMs, inode: stat.ino, at: Date.now() };
}

function isStale(now: Seen | undefined, copied: Seen | undefined): boolean {
  if (!now || !copied) return now !== undefined;
  const same = now.size === copied.size && now.changed === copied.changed && now.inode === copied.inode;
  return !same || copied.at - copied.changed < limits.coarse;
}
