/** Whether a data folder may be opened: what must not be opened is refused with the reason, before anything is written. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { objectRooms } from "../durable/object-tables.ts";
import { replaceFile } from "../replace-file.ts";
import { version } from "../version.ts";
import { explainUnusable, findUnwritable } from "./data-folder.ts";
import { ServerStartError } from "./server-start-error.ts";
import { dropMark, findBare, findCorruption, findD1, findState, listDatabases, listFiles, readMigrations } from "./state-files.ts";

/** Lies in a data folder while a restore writes it. */
export const restoreMark = "restore-unfinished";

/** `<data>/folder.json`: which version wrote here, so that an older one keeps off. */
export interface FolderFacts {
  format: 1;
  version: string;
  /** Versions of the objects' tables, by room. */
  rooms: { [room: string]: number };
  migrations: string[];
  /** When a server last began or ended to use it. */
  usedAt: string;
}

/** Milliseconds that a clock may go back between two uses: what setting it right takes. */
const clockSlack = 60_000;

/** Notes that the present version writes here. */
export function noteFolder(data: string, migrations: readonly string[], now = Date.now()): void {
  const facts: FolderFacts = {
    format: 1,
    version,
    rooms: { ...objectRooms },
    migrations: [...migrations],
    usedAt: new Date(now).toISOString(),
  };
  replaceFile(join(data, "folder.json"), `${JSON.stringify(facts)}\n`);
}

/** What follows from a clock that is behind the folder's last use; null: it is not. */
export function describeClock(data: string, now: number): string | null {
  const { usedAt } = readFacts(data);
  if (usedAt === undefined || !(now < Date.parse(usedAt) - clockSlack)) return null;
  const times = `It is ${new Date(now).toISOString()} by this machine's clock, and this data folder was last used at ${usedAt}.`;
  return `${times} Until the clock is past that, timers and deadlines ring late: set the clock.`;
}

/**
 * Judges a data folder that nobody has open.
 * @param options.copiedInUse every file is checked, for such a copy may have caught a file in the middle of a write
 * @returns the migrations that are applied
 * @throws {ServerStartError} with what is wrong and what to do
 */
export function inspectFolder(data: string, migrations: readonly string[], options: { copiedInUse?: boolean } = {}): string[] {
  if (existsSync(join(data, restoreMark))) {
    throw new ServerStartError("data_folder_damaged", `A restore into ${data} did not come to its end.`, {
      hint: "Delete the folder and restore again.",
    });
  }
  refuseNewer(data, readFacts(data), migrations);
  const state = findState(data);
  const files = listFiles(state);
  refuseWithoutLogs(data, files);
  if (options.copiedInUse) refuseTorn(data, files);
  const d1 = findD1(files);
  if (d1 === undefined) return [];
  let applied: string[];
  try {
    applied = readMigrations(join(state, d1));
  } catch (error) {
    // On a full disk SQLite can't read either, and says only that.
    const fault = findUnwritable(data);
    if (fault !== undefined) throw explainUnusable(data, fault);
    throw new ServerStartError("data_folder_damaged", `The index of ${data} cannot be read: ${(error as Error).message}.`, {
      hint: `It is state/${d1}. \`nerveflare doctor --data ${data}\` says what is broken, and mends it where it can; else restore a backup.`,
      cause: error,
    });
  }
  refuseNewer(data, { migrations: applied }, migrations);
  return applied;
}

function refuseWithoutLogs(data: string, files: string[]): void {
  const bare = findBare(files);
  if (bare.length === 0) return;
  throw new ServerStartError("data_folder_damaged", `${data} lacks the write-ahead logs (*.sqlite-wal) of a server that was running.`, {
    hint: `What it accepted last is in them: state/${bare[0]}-wal is one of ${bare.length} that are missing. Copy the folder again with every file, or take a copy with \`nerveflare backup\`, which needs none.\nTo open it all the same, and lose what was in them: \`nerveflare doctor --data ${data} --fix\`.`,
  });
}

function refuseTorn(data: string, files: string[]): void {
  dropMark(findState(data));
  for (const file of listDatabases(files)) {
    const fault = findCorruption(join(findState(data), file));
    if (fault === null) continue;
    throw new ServerStartError("data_folder_damaged", `${data} was copied while a server used it, and state/${file} is broken: ${fault}.`, {
      hint: "Take a copy of a running server with `nerveflare backup`.",
    });
  }
}

/** @throws {ServerStartError} when a version wrote there that this one does not know */
export function refuseNewer(data: string, facts: Partial<FolderFacts>, migrations: readonly string[]): void {
  const unknown = [
    ...(facts.migrations ?? []).filter((name) => !migrations.includes(name)).map((name) => `migration ${name}`),
    ...Object.entries(facts.rooms ?? {})
      .filter(([room, at]) => at > (objectRooms[room] ?? 0))
      .map(([room, at]) => `version ${at} of the tables of ${room}`),
  ];
  if (unknown.length === 0) return;
  throw new ServerStartError(
    "data_folder_too_new",
    `A newer version wrote in ${data}: this one (${version}) does not know ${unknown.join(", ")}.`,
    {
      hint: `Start it with ${facts.version && facts.version !== version ? `version ${facts.version}` : "the version that wrote it"}, or restore a backup from before the upgrade: see docs/backup.md.`,
    },
  );
}

function readFacts(data: string): Partial<FolderFacts> {
  try {
    return JSON.parse(readFileSync(join(data, "folder.json"), "utf8")) as FolderFacts;
  } catch {
    return {};
  }
}
