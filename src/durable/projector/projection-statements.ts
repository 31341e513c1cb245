/**
 * Rows of the projection as D1 statements. Rows travel as one JSON parameter that SQLite unfolds: D1 binds at most 100
 * parameters a statement, and takes thousands of rows a second this way where single inserts are hundreds.
 */
import { exceedsBytes } from "../../contract/limits.ts";
import { factText } from "../host/entry.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import type { ProjectedTable } from "./projected-table.ts";
import type { SizedRow } from "./projection-batcher.ts";
import { acceptsTable } from "./tables/accepts-table.ts";
import { archiveTable } from "./tables/archive-table.ts";
import { artifactTable } from "./tables/artifact-table.ts";
import { audienceTable } from "./tables/audience-table.ts";
import { deadLetterTable } from "./tables/dead-letter-table.ts";
import { eventTable } from "./tables/event-table.ts";
import { presenceTable } from "./tables/presence-table.ts";
import { threadTable } from "./tables/thread-table.ts";
import { turnTable } from "./tables/turn-table.ts";
import { unreachableTable } from "./tables/unreachable-table.ts";
import { waitTable } from "./tables/wait-table.ts";

/** Every projected table; written in this order. */
const tables: { [Table in ProjectionRow["table"]]: ProjectedTable<Table> } = {
  event: eventTable,
  thread: threadTable,
  parked: deadLetterTable,
  accepts: acceptsTable,
  turn: turnTable,
  wait: waitTable,
  presence: presenceTable,
  audience: audienceTable,
  unreachable: unreachableTable,
  archive: archiveTable,
  artifact: artifactTable,
};

/** A row, ready for {@link prepareProjection}. */
export type EncodedRow = SizedRow & { row: ProjectionRow };

/** Characters of one JSON parameter: half of D1's 2 MB for a bound value, so that any one row fits too. */
const parameterCharacters = 1_000_000;

/** Bytes of it. */
const jsonBytes = 1_900_000;

/** Prepares a row for {@link prepareProjection}. */
export function encodeRow(row: ProjectionRow): EncodedRow {
  return { row, characters: factText(row).length };
}

/** The statements, for one batch, that write these rows. Idempotent: writing a row twice changes nothing. */
export function prepareProjection<Statement>(
  db: { prepare(sql: string): { bind(json: string): Statement } },
  rows: EncodedRow[],
): Statement[] {
  return listStatements(rows).map(({ sql, json }) => db.prepare(sql).bind(json));
}

/** The same for any SQLite: each takes its JSON as its one parameter. */
export function listStatements(rows: EncodedRow[]): { sql: string; json: string }[] {
  const groups = new Map<ProjectionRow["table"], ProjectionRow[]>();
  for (const { row } of rows) {
    const group = groups.get(row.table);
    if (group) group.push(row);
    else groups.set(row.table, [row]);
  }
  // Of a later version, which a Worker of before does not take for its own.
  for (const name of groups.keys()) if (!Object.hasOwn(tables, name)) throw new Error(`the projection has no table ${name}`);
  const listed: { sql: string; json: string }[] = [];
  for (const name of tableNames) {
    const group = groups.get(name);
    if (group) listTable(tables[name] as AnyTable, group, listed);
  }
  return listed;
}

/** How a table is treated where its rows are of it. */
type AnyTable = ProjectedTable<ProjectionRow["table"]>;

const tableNames = Object.keys(tables) as ProjectionRow["table"][];

function listTable({ newest, encode, statements }: AnyTable, group: ProjectionRow[], listed: { sql: string; json: string }[]): void {
  const rows = newest ? keepNewest(group, newest) : group;
  const pack = (some: ProjectionRow[]): string[] => packTexts(encode ? encode(some) : some.map(factText));
  const whole = pack(rows);
  for (const statement of statements) {
    const sql = typeof statement === "string" ? statement : statement.sql;
    for (const json of typeof statement === "string" ? whole : pack(rows.filter(statement.needs))) listed.push({ sql, json });
  }
}

/** Of what changed several times meanwhile, only the newest row is worth a write. */
function keepNewest(rows: ProjectionRow[], newest: NonNullable<AnyTable["newest"]>): ProjectionRow[] {
  const kept = new Map<string, { row: ProjectionRow; order: number }>();
  for (const row of rows) {
    const { key, order } = newest(row);
    const before = kept.get(key);
    if (!before || before.order <= order) kept.set(key, { row, order });
  }
  return Array.from(kept.values(), ({ row }) => row);
}

/** Joins rows into JSON arrays within the bounds. */
function packTexts(texts: string[]): string[] {
  const packs: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const text of texts) {
    if (characters + text.length > parameterCharacters) {
      packs.push([]);
      characters = 0;
    }
    packs.at(-1)?.push(text);
    characters += text.length + 1;
  }
  return packs.flatMap(joinTexts);
}

function joinTexts(texts: string[]): string[] {
  const json = `[${texts.join(",")}]`;
  if (texts.length === 1 || !exceedsBytes(json, jsonBytes)) return [json];
  const half = Math.ceil(texts.length / 2);
  return [texts.slice(0, half), texts.slice(half)].flatMap(joinTexts);
}
