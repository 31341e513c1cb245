/**
 * One server per data folder. Two runtimes on one folder would both write the same objects' rows, and a runtime outlives
 * a parent that was killed; so the folder is locked, and what a dead parent left behind is ended before anything is opened.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { endProcess, identifyProcess, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { ServerStartError } from "./server-start-error.ts";

/** `<data>/server.json`: who serves the folder. */
export interface ServerRecord {
  server: ProcessIdentity;
  /** The runtime that writes the data; null until it is spawned. */
  workerd: ProcessIdentity | null;
  /** Null until it answers. */
  url: string | null;
}

/** A data folder that is ours until released. */
export interface DataFolder {
  /** Absolute. */
  path: string;
  /** Pid of a runtime that a killed server had left running here, and that was ended. */
  orphan: number | null;
  /** Notes who serves; synchronous, so that a runtime is on record in the turn in which it is spawned. */
  note(facts: { workerdPid?: number; url?: string }): void;
  /** Gives the folder free; afterwards another server may take it. */
  release(): void;
}

/**
 * Takes a data folder, which is created where absent, and ends the runtime that a killed server left on it.
 * @throws {ServerStartError} `data_folder_in_use` while another server lives
 */
export async function claimDataFolder(data: string): Promise<DataFolder> {
  const path = resolve(data);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const recordPath = join(path, "server.json");
  const lock = lockFolder(path, recordPath);

  try {
    const before = readRecord(recordPath);
    const orphan = before?.workerd && isAlive(before.workerd) ? before.workerd : null;
    if (orphan) await endProcess(orphan);

    const self = identifyProcess(process.pid) ?? { pid: process.pid, started: "unknown" };
    let record: ServerRecord = { server: self, workerd: null, url: null };
    writeRecord(recordPath, record);

    return {
      path,
      orphan: orphan?.pid ?? null,
      note({ workerdPid, url }) {
        record = {
          ...record,
          ...(workerdPid !== undefined && { workerd: identifyProcess(workerdPid) }),
          ...(url !== undefined && { url }),
        };
        writeRecord(recordPath, record);
      },
      release() {
        rmSync(recordPath, { force: true });
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * SQLite's lock is the kernel's: it ends with the process, however that ends, so there is no stale lock to judge and no
 * race between two who judge it. Node has no `flock`.
 */
function lockFolder(path: string, recordPath: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, "server.lock"), { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error; // 5 is SQLITE_BUSY
    throw describeHolder(path, readRecord(recordPath));
  }
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

function writeRecord(recordPath: string, record: ServerRecord): void {
  const next = `${recordPath}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(record)}\n`);
  renameSync(next, recordPath);
}
