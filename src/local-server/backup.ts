/**
 * A copy of everything that a server keeps, as it was at one instant: whatever was answered before is in it, and nothing
 * in it points at something that is not. `backup.json` is written last, so a copy without it is not whole.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import type { Placement } from "../contract/placement.ts";
import { requiredMigrations } from "../durable/required-migrations.ts";
import type { Report } from "./control-server.ts";
import { copyState } from "./copy-state.ts";
import { claimDataFolder } from "./data-folder.ts";
import { readFolderPlacement } from "./folder-placement.ts";
import { whileFrozen } from "./freeze-process.ts";
import { type FolderFacts, inspectFolder, noteFolder, refuseNewer, restoreMark } from "./inspect-folder.ts";
import { spreadCell } from "./spread-cell.ts";
import { findCorruption, findD1, findState, foldLogs, hasState, listDatabases, listFiles, readMigrations } from "./state-files.ts";

/** A backup that cannot be taken or restored: what happened, and what to do. */
export class BackupError extends Error {
  readonly code:
    | "out_not_empty"
    | "not_a_backup"
    | "backup_damaged"
    | "data_folder_not_empty"
    | "no_data"
    | "backup_running"
    | "not_a_cell";
  readonly hint: string;

  constructor(code: BackupError["code"], message: string, hint: string) {
    super(message);
    this.name = "BackupError";
    this.code = code;
    this.hint = hint;
  }
}

const manifestShape = z.looseObject({
  format: z.literal(1),
  version: z.string(),
  createdAt: z.string(),
  rooms: z.record(z.string(), z.number()),
  migrations: z.array(z.string()),
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
});

type Manifest = z.infer<typeof manifestShape>;

const manifestName = "backup.json";

/** What a backup says when it is done. */
export type BackupFacts = {
  out: string;
  files: number;
  bytes: number;
  /** Milliseconds for which everybody waited. */
  stoodStill: number;
  /** Files that are broken in the original too. */
  broken: string[];
};

/**
 * The first half: copies a data folder's files to `out` as they are at one instant.
 * @param runtime pid of the runtime that writes there; undefined: nobody does
 * @returns for how many milliseconds that one stood still
 */
export async function copyData(data: string, out: string, runtime: number | undefined, report: Report): Promise<number> {
  await makeEmpty(out, "out_not_empty", "A backup goes into a folder of its own.");
  const freeze = runtime === undefined ? undefined : (work: () => Promise<void>) => whileFrozen(runtime, work);
  const stoodStill = await copyState(findState(data), findState(out), freeze, (progress) => report({ step: "copy", ...progress }));
  await copyIfThere(join(data, "admin-token"), join(out, "admin-token"));
  return stoodStill;
}

/** The second half, which needs nobody to wait: folds each log in, looks for broken files, and writes what there is. */
export async function completeBackup(out: string, stoodStill: number, report: Report): Promise<BackupFacts> {
  const state = findState(out);
  const databases = listDatabases(listFiles(state));
  const broken: string[] = [];
  for (const [index, file] of databases.entries()) {
    if (index % 500 === 0) report({ step: "check", done: index, of: databases.length });
    if (!isWhole(state, file)) broken.push(`state/${file}`);
  }
  const d1 = findD1(listFiles(state));
  noteFolder(out, d1 === undefined || broken.includes(`state/${d1}`) ? requiredMigrations : readMigrations(join(state, d1)));

  report({ step: "sum" });
  const files: Manifest["files"] = {};
  for (const file of listFiles(out)) files[file] = await sumUp(join(out, file));
  const facts = JSON.parse(await readFile(join(out, "folder.json"), "utf8")) as FolderFacts;
  const manifest: Manifest = { ...facts, createdAt: new Date().toISOString(), files };
  const unfinished = join(out, `${manifestName}.new`);
  await writeFile(unfinished, `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600 });
  await settle(unfinished);
  await rename(unfinished, join(out, manifestName));
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  return { out, files: Object.keys(files).length, bytes, stoodStill, broken };
}

function isWhole(state: string, file: string): boolean {
  try {
    foldLogs(state, [file]);
  } catch {
    return false;
  }
  return findCorruption(join(state, file)) === null;
}

/** Copies a folder that no server runs on. @throws {ServerStartError} when one does, or the folder is not to be opened */
export async function backUpAtRest(data: string, out: string, report: Report): Promise<BackupFacts> {
  if (!hasState(data)) throw new BackupError("no_data", `There is no data in ${resolve(data)}.`, "Name the data folder with --data.");
  const folder = await claimDataFolder(data);
  try {
    inspectFolder(folder.path, requiredMigrations, { copiedInUse: folder.copiedInUse });
    await copyData(folder.path, out, undefined, report);
  } finally {
    folder.release();
  }
  return completeBackup(out, 0, report);
}

/** What a restore says when it is done. */
export interface RestoreFacts {
  data: string;
  files: number;
  createdAt: string;
  /** Where its actors live now: a server of the other placement does not start on it. */
  placement: Placement;
  /** How many actors of a cell have got an object of their own. */
  objects?: number;
}

/**
 * Makes a data folder of a backup. A start refuses the folder until it is whole.
 * @param placement where its actors are to live; absent: where they lived. A cell's can be moved to objects of their own, and not back
 * @throws {BackupError} when the backup is not whole, or the folder has something in it
 */
export async function restore(backup: string, data: string, report: Report, placement?: Placement): Promise<RestoreFacts> {
  const manifest = readManifest(backup);
  refuseNewer(backup, manifest, requiredMigrations);
  const spreads = placement === "own" && readFolderPlacement(backup) === "cell";
  if (placement === "cell" && readFolderPlacement(backup) !== "cell")
    throw new BackupError(
      "not_a_cell",
      `${resolve(backup)} has an object for each actor, and these cannot be moved into a cell.`,
      "Restore it without --placement. A cell begins with a data folder of its own.",
    );
  const target = resolve(data);
  await makeEmpty(
    target,
    "data_folder_not_empty",
    "Restore into a new folder, and start the server on that; or move the old one away first.",
  );
  const mark = join(target, restoreMark);
  await writeFile(mark, "", { mode: 0o600 });
  const files = Object.entries(manifest.files);
  for (const [index, [file, expected]] of files.entries()) {
    if (index % 500 === 0) report({ step: "copy", done: index, of: files.length });
    await mkdir(dirname(join(target, file)), { recursive: true, mode: 0o700 });
    await copyFile(join(backup, file), join(target, file)).catch(() => damaged(file, "cannot be read"));
    await chmod(join(target, file), 0o600);
    const found = await sumUp(join(target, file));
    if (found.sha256 !== expected.sha256) damaged(file, "is not what was backed up");
  }
  const objects = spreads ? spreadCell(findState(target), report) : undefined;
  await rm(mark);
  return {
    ...{ data: target, files: files.length, createdAt: manifest.createdAt, placement: readFolderPlacement(target) ?? "own" },
    ...(objects !== undefined && { objects }),
  };
}

function readManifest(backup: string): Manifest {
  try {
    const parsed = manifestShape.safeParse(JSON.parse(readFileSync(join(backup, manifestName), "utf8")));
    if (parsed.success) return parsed.data;
    const told = "It was written by another version, or by hand.";
    throw new BackupError("not_a_backup", `${join(backup, manifestName)} cannot be read: ${parsed.error.issues[0]?.message}.`, told);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(
      "not_a_backup",
      `${resolve(backup)} is not a whole backup: it has no readable ${manifestName}.`,
      "That file is written last: take the backup again. A data folder is no backup; a server can be started on a copy of one.",
    );
  }
}

function damaged(file: string, what: string): never {
  throw new BackupError(
    "backup_damaged",
    `${file} of the backup ${what}.`,
    "Use another backup. What was restored so far is refused by `start`: delete it.",
  );
}

async function makeEmpty(folder: string, code: BackupError["code"], hint: string): Promise<void> {
  const { isDirectory, left } = lookInto(folder);
  if (!isDirectory || left.length > 0)
    throw new BackupError(code, `${folder} is ${isDirectory ? `not empty: it has ${left[0]}` : "a file"}.`, hint);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

function lookInto(folder: string): { isDirectory: boolean; left: string[] } {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return { isDirectory: true, left: [] };
  return stat.isDirectory() ? { isDirectory: true, left: readdirSync(folder) } : { isDirectory: false, left: [] };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await copyFile(from, to);
  await chmod(to, 0o600);
}

/** Its sum and size; and it is on disk afterwards. */
async function sumUp(path: string): Promise<{ bytes: number; sha256: string }> {
  await settle(path);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

async function settle(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.sync().finally(() => file.close());
}
