/**
 * Where Miniflare's entry listens. It runs cron triggers, keeps mails and names services for whoever asks, without a token, and a page in a
 * browser could ask a port: so it is a socket in a folder that only this user may enter.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bytes of a socket's path that every system takes. */
const pathAtMost = 100;

export interface EntrySocket {
  /** Undefined where there is no folder for one. */
  path: string | undefined;
  remove(): void;
}

/** In a temporary folder, for a data folder may be on a file system without sockets; in that where none can be made. */
export function createEntrySocket(data: string, temporary: string = tmpdir()): EntrySocket {
  if (process.platform === "win32") return { path: undefined, remove: () => {} };
  const folder = makeFolder(temporary);
  const path = join(folder ?? data, "entry.sock");
  if (Buffer.byteLength(path) > pathAtMost) {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    return folder === null ? { path: undefined, remove: () => {} } : createEntrySocket(data, "");
  }
  return { path, remove: () => rmSync(folder ?? path, { recursive: true, force: true }) };
}

function makeFolder(temporary: string): string | null {
  if (temporary === "") return null;
  try {
    return mkdtempSync(join(temporary, "nerveflare-"));
  } catch {
    return null;
  }
}
