/**
 * Where Miniflare's entry listens. It runs cron triggers, keeps mails and names services for whoever asks, without a token, and a page in a
 * browser could ask a port: so it is a socket in a folder that only this user may enter.
 */
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identifyFolder } from "./folder-identity.ts";

/** Bytes of a socket's path that every system takes. */
const pathAtMost = 100;

export interface EntrySocket {
  /** Undefined where there is no folder for one. */
  path: string | undefined;
  remove(): void;
}

/**
 * In a temporary folder, for a data folder may be on a file system without sockets; in that where none can be made. Who serves the same
 * data folder later, after one that was killed, takes the same.
 */
export function createEntrySocket(data: string, temporary: string = tmpdir()): EntrySocket {
  const nowhere = { path: undefined, remove: () => {} };
  if (process.platform === "win32") return nowhere;
  const { device, inode } = identifyFolder(data);
  const name = `nerveflare-${device.toString(36)}-${inode.toString(36)}`;
  const folder = fits(join(temporary, name, "entry.sock")) ? makeFolder(join(temporary, name)) : null;
  const path = join(folder ?? data, "entry.sock");
  return fits(path) ? { path, remove: () => rmSync(folder ?? path, { recursive: true, force: true }) } : nowhere;
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= pathAtMost;
}

/** Null: it cannot be made, or is not ours alone. */
function makeFolder(path: string): string | null {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isOurs(path)) return null;
  }
  return path;
}

/** Where everybody may make a folder, somebody may have made it for us. */
function isOurs(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}
