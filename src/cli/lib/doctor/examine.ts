/**
 * Examines a data folder that nobody has open: each file by itself, then the objects against the index and the log. Mends, if
 * it is asked to, what can be mended without taking anything away.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { encodeRow, listStatements } from "../../../durable/projector/projection-statements.ts";
import { parseRetention } from "../../../durable/projector/retention.ts";
import type { ProjectionRow } from "../../../durable/protocol/projector.ts";
import { requiredMigrations } from "../../../durable/required-migrations.ts";
import { claimDataFolder } from "../../../local-server/data-folder.ts";
import { refuseNewer, restoreMark } from "../../../local-server/inspect-folder.ts";
import { findClassFolder, findObjectFile, isCellFile } from "../../../local-server/object-names.ts";
import { ServerStartError } from "../../../local-server/server-start-error.ts";
import {
  dropMark,
  findBare,
  findCorruption,
  findD1,
  findState,
  hasState,
  listDatabases,
  listFiles,
  readMigrations,
  withDatabase,
} from "../../../local-server/state-files.ts";
import { type Compared, compareIndex } from "./compare-index.ts";
import { findUnreadable } from "./find-unreadable.ts";
import type { Finding } from "./finding.ts";
import { type ObjectReading, type Pending, readObjects } from "./read-objects.ts";

export interface Examination {
  data: string;
  files: number;
  objects: number;
  /** Objects with rows for the log that are on their way. */
  pending: number;
  findings: Finding[];
}

export interface ExamineOptions {
  fix: boolean;
  /** As the server's NERVEFLARE_RETENTION. */
  retention: string | undefined;
  report: (done: number, of: number) => void;
}

/** @throws {ServerStartError} when a server runs on the folder, or it is of a newer version */
export async function examine(data: string, options: ExamineOptions): Promise<Examination> {
  if (!hasState(data)) {
    throw new ServerStartError("data_folder_damaged", `There is no data in ${data}.`, {
      hint: "Name the data folder, or a backup, with --data.",
    });
  }
  const folder = await claimDataFolder(data);
  try {
    if (existsSync(join(folder.path, restoreMark))) {
      throw new ServerStartError("data_folder_damaged", `A restore into ${data} did not come to its end.`, {
        hint: "Delete the folder and restore again.",
      });
    }
    const files = listFiles(findState(folder.path));
    const lost = examineLogs(folder.path, files, options.fix);
    const copied: Finding[] = folder.copiedInUse
      ? [
          {
            code: "copied_in_use",
            severity: "warning",
            message: folder.remarks.join(),
            hint: "It may lack what was written while it was copied: what does not fit together is said below.",
            mendable: false,
          },
        ]
      : [];
    const examined = examineFiles(folder.path, listDatabases(files), options);
    return { ...examined, data: folder.path, findings: [...lost, ...copied, ...examined.findings] };
  } finally {
    folder.release();
  }
}

/** The write-ahead logs of a server that was killed, or was copied while it ran. */
function examineLogs(data: string, files: string[], fix: boolean): Finding[] {
  const bare = findBare(files);
  // Opening what is left takes nothing more away: what was in the logs is not here.
  if (fix || bare.length === 0) dropMark(findState(data));
  if (bare.length === 0) return [];
  return [
    {
      code: "logs_missing",
      severity: "error",
      message: `The write-ahead logs of a running server are missing (state/${bare[0]}-wal and others), and with them what it accepted last.`,
      hint: "Copy the folder again with every file, or restore a backup. --fix lets the server start without them.",
      mendable: true,
      ...(fix && { mended: true }),
    },
  ];
}

function examineFiles(data: string, databases: string[], { fix, retention, report }: ExamineOptions): Omit<Examination, "data"> {
  const state = findState(data);
  const broken = new Map<string, Finding>();
  for (const [index, file] of databases.entries()) {
    if (index % 500 === 0) report(index, databases.length);
    const finding = examineFile(state, file, fix);
    if (finding) broken.set(file, finding);
  }
  /** Of a cell with unreadable rows the other actors are read. */
  const isReadable = (file: string): boolean => {
    const finding = broken.get(file);
    return finding === undefined || finding.mended === true || (finding.code === "row_unreadable" && isCellFile(file));
  };
  const readable = databases.filter(isReadable);
  const pending: Pending = { events: new Set(), threads: new Map() };
  const unreadable = new Set<string>();
  const objects = readObjects(data, readable, pending, unreadable);
  const counts = { files: databases.length, objects: objects.length, pending: objects.filter((object) => object.pending).length };

  const d1 = findD1(databases);
  if (d1 === undefined || !readable.includes(d1)) {
    const told = d1 === undefined && objects.length > 0 ? [describeMissingIndex()] : [];
    return { ...counts, findings: [...broken.values(), ...told, ...describeVersions(objects)] };
  }
  const applied = readMigrations(join(state, d1));
  refuseNewer(data, { migrations: applied }, requiredMigrations);
  if (applied.length === 0) {
    const told = objects.length > 0 ? [describeMissingIndex()] : [];
    return { ...counts, findings: [...broken.values(), ...told, ...describeVersions(objects)] };
  }
  const read = parseRetention(retention);
  if (!read.ok) throw new ServerStartError("bad_setting", read.error);
  const compared = withDatabase(join(state, d1), (db) => {
    nameBroken(db, broken);
    const found = compareIndex({
      d1: db,
      objects,
      broken: new Set([...broken.keys().filter((file) => !isReadable(file)), ...unreadable]),
      cell: databases.find(isCellFile),
      pending,
      retention: read.retention,
      now: Date.now(),
    });
    // Rows are written into the tables of this version.
    const isCurrent = requiredMigrations.every((name) => applied.includes(name));
    const hint = "Start the server once, which brings the database up to this version; then --fix mends it.";
    return found.map((finding) => (finding.rows && !isCurrent ? { ...finding, hint } : fix ? mend(db, finding) : finding));
  });
  return { ...counts, findings: [...broken.values(), ...describeVersions(objects), ...compared.map(({ rows: _, ...finding }) => finding)] };
}

function examineFile(state: string, file: string, fix: boolean): Finding | undefined {
  const fault = findCorruption(join(state, file));
  if (fault === null) return file.startsWith("do/") ? examineRows(state, file) : undefined;
  // What stands beside the rows can be made anew of them.
  const onlyIndexes = /missing from index|wrong # of entries in index/.test(fault);
  const mended = fix && onlyIndexes && rebuildIndexes(join(state, file));
  return {
    code: "file_broken",
    severity: "error",
    message: `state/${file} is broken: ${fault}.`,
    hint: onlyIndexes ? "Its rows are whole: --fix makes its indexes anew." : "Restore a backup: what is in it cannot be read.",
    file: `state/${file}`,
    mendable: onlyIndexes,
    ...(mended && { mended }),
  };
}

function examineRows(state: string, file: string): Finding | undefined {
  const places = findUnreadable(join(state, file));
  if (!places.length) return undefined;
  return {
    code: "row_unreadable",
    severity: "error",
    message: `state/${file} has what cannot be read: ${places.join(", ")}.`,
    hint: "Restore a backup, for what stood there is lost. Until then the object shows what it can read, and sends nothing from there on.",
    file: `state/${file}`,
    mendable: false,
  };
}

function rebuildIndexes(path: string): boolean {
  withDatabase(path, (db) => db.exec("REINDEX"));
  return findCorruption(path) === null;
}

/** Says of broken files which thread or agent they are: only D1 knows the names to try. */
function nameBroken(d1: DatabaseSync, broken: Map<string, Finding>): void {
  if (![...broken.keys()].some((file) => file.startsWith("do/"))) return;
  const name = (what: "thread" | "agent", className: string): void => {
    const rows = d1.prepare(`SELECT id FROM ${what}`).all() as { id: string }[];
    for (const { id } of rows) {
      const finding = broken.get(findObjectFile(className, id));
      if (!finding) continue;
      finding[what] = id;
      finding.message = `${finding.message.slice(0, -1)}. It is ${what} ${id}.`;
    }
  };
  name("thread", "RecruitmentObject");
  name("agent", "AgentObject");
  for (const [file, finding] of broken)
    if (isCellFile(file) && finding.code === "file_broken" && !finding.mended)
      finding.hint += " It is the cell, which has all agents, workflows and threads: nothing is said of them below.";
    else if (file.startsWith(findClassFolder("WorkflowObject")))
      finding.hint += " It is a workflow's queue: threads that run are not in it.";
}

/** Of objects that this version cannot take over. */
function describeVersions(objects: ObjectReading[]): Finding[] {
  const tooLarge = objects.flatMap(({ file, tooLarge: actors }) =>
    actors.map(
      (actor): Finding => ({
        code: "former_too_large",
        severity: "error",
        message: `state/${file} has the actor ${actor}, of an earlier version, which is larger than this one stores.`,
        hint: "Nothing of it is touched, and nothing reaches it. Restore a backup from before the upgrade with that version, and let it end there.",
        file: `state/${file}`,
        mendable: false,
      }),
    ),
  );
  const newer = objects
    .filter((object) => object.newer.length > 0)
    .map(
      ({ file, actor, newer }): Finding => ({
        code: "table_newer",
        severity: "error",
        message: `state/${file} was written by a newer version (${newer.join(", ")}).`,
        hint: "Start it with that version, or restore a backup from before the upgrade.",
        file: `state/${file}`,
        ...(actor && { actor }),
        mendable: false,
      }),
    );
  return [...tooLarge, ...newer];
}

function describeMissingIndex(): Finding {
  return {
    code: "index_missing",
    severity: "error",
    message: "D1 has no tables, and so no registry of agents and workflows, while there are objects.",
    hint: "Copy the folder again with state/d1, or restore a backup.",
    mendable: false,
  };
}

function mend(db: DatabaseSync, finding: Compared): Compared {
  if (!finding.rows) return finding;
  writeRows(db, finding.rows);
  return { ...finding, mended: true };
}

/** As the projector writes them. */
function writeRows(db: DatabaseSync, rows: ProjectionRow[]): void {
  db.exec("BEGIN");
  try {
    for (const { sql, json } of listStatements(rows.map(encodeRow))) db.prepare(sql).run(json);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
