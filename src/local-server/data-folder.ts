/**
 * One server per data folder. Two runtimes on one folder would both write the same objects' rows, and a runtime may outlive
 * a parent that was killed; so the folder is locked, and what a dead parent left behind is ended before anything is opened.
 * A copied folder brings its original's record along: that one's processes are none of ours.
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { replaceFile } from "../replace-file.ts";
import { type FolderIdentity, identifyFolder, relateFolders } from "./folder-identity.ts";
import { openDatabase } from "./open-database.ts";
import { endProcess, hasFilesIn, identifyProcess, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { ServerStartError } from "./server-start-error.ts";

/** Where a server takes orders from this machine's user: see control-server.ts. */
export interface ControlAddress {
  url: string;
  token: string;
}

/** `<data>/server.json`: who serves the folder. It is gone after a server that stopped in order. */
export interface ServerRecord {
  /** The folder that this is about; absent in records of versions before. */
  folder?: FolderIdentity;
  server: ProcessIdentity;
  /** The runtime that writes the data; null until it is spawned. */
  workerd: ProcessIdentity | null;
  /** Null until it answers. */
  url: string | null;
  control?: ControlAddress;
}

/** A data folder that is ours until released. */
export interface DataFolder {
  /** Absolute. */
  path: string;
  /** What became of an earlier server's traces, a sentence each. */
  remarks: string[];
  /** The folder is a copy of one that a server was using when it was copied. */
  copiedInUse: boolean;
  /** Begins to serve: from here on the folder says that it is in use. */
  begin(): void;
  /** Notes who serves; synchronous, so that a runtime is on record in the turn in which it is spawned. */
  note(facts: { workerdPid?: number; url?: string; control?: ControlAddress }): void;
  /** Why what is written here is lost or will be: the folder was deleted or replaced. Null: it is in its place. */
  findFault(): string | null;
  /** Gives the folder free; afterwards another server may take it. */
  release(): void;
}

/**
 * Takes a data folder, which is created where absent, and ends the runtime that a killed server left on it.
 * @throws {ServerStartError} `data_folder_in_use` while another process may write in it, `data_folder_unusable` where nobody could
 */
export async function claimDataFolder(data: string): Promise<DataFolder> {
  const path = resolve(data);
  const recordPath = join(path, "server.json");
  const lock = openFolder(path, recordPath);

  try {
    const identity = identifyFolder(path);
    const before = readRecord(recordPath);
    const { remark, copiedInUse } = before ? await settleRecord(before, identity) : { remark: null, copiedInUse: false };

    const self = identifyProcess(process.pid) ?? { pid: process.pid, started: "unknown" };
    let record: ServerRecord = { folder: identity, server: self, workerd: null, url: null };
    let begun = false;
    const lockInode = statSync(join(path, "server.lock")).ino;

    return {
      path,
      remarks: remark === null ? [] : [remark],
      copiedInUse,
      begin() {
        // The runtime would make it, but one that is missing later is a fault.
        mkdirSync(join(path, "state"), { recursive: true });
        begun = true;
        writeRecord(recordPath, record);
      },
      note({ workerdPid, url, control }) {
        record = {
          ...record,
          ...(workerdPid !== undefined && { workerd: identifyProcess(workerdPid) }),
          ...(url !== undefined && { url }),
          ...(control !== undefined && { control }),
        };
        // A folder that is gone is not made again by a note.
        if (findFault(identity, lockInode) === null) writeRecord(recordPath, record);
      },
      findFault: () => findFault(identity, lockInode),
      release() {
        if (begun && findFault(identity, lockInode) === null) rmSync(recordPath, { force: true });
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Bytes that a folder must take for a server to start: a new one's databases are half as large. */
const spaceToStart = 1024 * 1024;

/** Why nothing can be stored below a folder, as the operating system says it; undefined: something can. */
export function findUnwritable(path: string): unknown {
  const probe = join(path, `probe.${process.pid}`);
  try {
    writeFileSync(probe, Buffer.alloc(spaceToStart), { mode: 0o600 });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    rmSync(probe, { force: true });
  }
}

function findFault({ path, device, inode }: FolderIdentity, lockInode: number): string | null {
  try {
    const now = statSync(path);
    if (now.dev !== device || now.ino !== inode) return "Another folder is in the place of the data folder.";
    if (statSync(join(path, "server.lock")).ino !== lockInode || !statSync(join(path, "state")).isDirectory())
      return "The data folder's files were replaced.";
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "The data folder was deleted or moved away.";
    return `The data folder cannot be looked at (${(error as NodeJS.ErrnoException).code}).`;
  }
}

/**
 * What an earlier record means for us. Only a runtime that certainly writes in this very folder is ended.
 * @throws {ServerStartError} where a live one may
 */
async function settleRecord(before: ServerRecord, now: FolderIdentity): Promise<{ remark: string | null; copiedInUse: boolean }> {
  const relation = before.folder ? relateFolders(before.folder, now) : "moved";
  const runtime = before.workerd && isAlive(before.workerd) ? before.workerd : null;
  switch (relation) {
    case "same":
      if (runtime) await endProcess(runtime);
      return {
        remark: runtime && `ended process ${runtime.pid}, a runtime that a killed server had left on ${now.path}`,
        copiedInUse: false,
      };
    case "moved":
      if (!runtime) return { remark: null, copiedInUse: false };
      // The record of an older version does not say of which folder it was; the kernel does.
      if (hasFilesIn(runtime.pid, join(realpathSync(now.path), "state"))) {
        await endProcess(runtime);
        return { remark: `ended process ${runtime.pid}, a runtime that a killed server had left on ${now.path}`, copiedInUse: false };
      }
      throw new ServerStartError(
        "data_folder_in_use",
        `Process ${runtime.pid} may still write in ${now.path}: a killed server left it${before.folder ? ` when this folder was ${before.folder.path}` : ""}.`,
        { hint: `Look at it (ps -fp ${runtime.pid}); if it is a workerd of nerveflare, end it (kill -9 ${runtime.pid}) and start again.` },
      );
    case "other":
      return {
        remark: `${now.path} is a copy of ${before.folder?.path}, made while a server used that: its server.json is ignored`,
        copiedInUse: true,
      };
    default:
      return relation satisfies never;
  }
}

function openFolder(path: string, recordPath: string): DatabaseSync {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    closeToOthers(path);
    return lockFolder(path, recordPath);
  } catch (error) {
    throw error instanceof ServerStartError ? error : explainUnusable(path, error);
  }
}

/**
 * A folder that was there before may be open to others: it holds what everybody said, and tokens. What is the server's own in it is
 * closed too, and nothing else, for a folder may hold more than that. One that is another user's is theirs to close.
 */
function closeToOthers(path: string): void {
  if (process.platform === "win32" || (statSync(path).mode & 0o077) === 0) return;
  const state = join(path, "state");
  const own = readdirSync(path, { withFileTypes: true }).filter(({ name }) => ownFiles.test(name));
  const kept = existsSync(state) ? readdirSync(state, { recursive: true, withFileTypes: true }) : [];
  try {
    chmodSync(path, 0o700);
    for (const entry of [...own, ...kept]) {
      if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o700);
      else if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o600);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

/** What the server writes in its folder. */
const ownFiles = /^(admin-token|folder\.json|server\.(json|lock)|runtime\..*|state)$/;

/**
 * SQLite's lock is the kernel's: it ends with the process, however that ends, so there is no stale lock to judge and no
 * race between two who judge it. Node has no `flock`.
 */
function lockFolder(path: string, recordPath: string): DatabaseSync {
  const lockPath = join(path, "server.lock");
  // By hand first, for SQLite's own error does not say why. Never opened where it exists: closing it would drop our own lock.
  if (existsSync(lockPath)) accessSync(lockPath, constants.R_OK | constants.W_OK);
  else writeFileSync(lockPath, "", { flag: "a", mode: 0o600 });
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  const lock = openDatabase(lockPath, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error; // 5 is SQLITE_BUSY
    throw describeHolder(path, readRecord(recordPath));
  }
}

/** What the operating system says of a folder that cannot be used, and what to do about it. */
export function explainUnusable(path: string, error: unknown): ServerStartError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const elsewhere = "name another folder with --data or NERVEFLARE_DATA.";
  const hints: Record<string, string> = {
    EACCES: `${describeOwner(path)}Run this as the user who owns it, give this user the right to write there, or ${elsewhere}`,
    EPERM: `${describeOwner(path)}Run this as the user who owns it, give this user the right to write there, or ${elsewhere}`,
    // What Node says of a folder that it cannot make on a read-only file system.
    ENOENT: `Its parent folder cannot be written in, or is mounted read-only: mend that, or ${elsewhere}`,
    EROFS: `It is on a file system that is mounted read-only: mount it writable, or ${elsewhere}`,
    ENOSPC: `The disk is full: make room, or ${elsewhere}`,
    EDQUOT: `This user's share of the disk is used up: make room, or ${elsewhere}`,
    ENOTDIR: `A part of the path is a file: ${elsewhere}`,
    EEXIST: `It is a file: ${elsewhere}`,
  };
  if (code === "ENOENT" && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    hints["ENOENT"] = `It is a symbolic link to what is not there: make that folder, or ${elsewhere}`;
  return new ServerStartError("data_folder_unusable", `The data folder ${path} cannot be used: ${message}.`, {
    hint: hints[code] ?? `Mend that, or ${elsewhere}`,
    cause: error,
  });
}

function describeOwner(path: string): string {
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  const self = process.getuid?.();
  return owner === undefined || owner === self ? "" : `It belongs to user ${owner}, and this process runs as ${self}. `;
}

function describeHolder(path: string, record: ServerRecord | null): ServerStartError {
  const elsewhere = "start this one on another folder with --data or NERVEFLARE_DATA.";
  if (!record || !isAlive(record.server)) {
    return new ServerStartError("data_folder_in_use", `Another nerveflare server is just starting on ${path}.`, {
      hint: `Use that one, or ${elsewhere}`,
    });
  }
  const { pid } = record.server;
  const where = record.url ? ` at ${record.url}` : "";
  return new ServerStartError("data_folder_in_use", `A nerveflare server already runs on ${path}: process ${pid}${where}.`, {
    hint: `Use it, stop it (kill ${pid}), or ${elsewhere}`,
  });
}

/** Reads who serves a data folder; null where nobody does or the record can't be read. */
export function readRecord(recordPath: string): ServerRecord | null {
  try {
    return JSON.parse(readFileSync(recordPath, "utf8")) as ServerRecord;
  } catch {
    return null;
  }
}

/** Where the server that runs on a data folder says that it listens; undefined: none runs there. */
export function findServedUrl(data: string): string | undefined {
  const record = readRecord(join(data, "server.json"));
  if (!record?.server || !record.url || !isAlive(record.server)) return undefined;
  // A server on this machine listens here. Whoever wrote something else into a folder in which somebody stands would get a token.
  return URL.parse(record.url)?.hostname === "127.0.0.1" ? record.url : undefined;
}

function writeRecord(recordPath: string, record: ServerRecord): void {
  replaceFile(recordPath, `${JSON.stringify(record)}\n`);
}
