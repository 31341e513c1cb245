/**
 * Rows of the projection as D1 statements. Rows travel as one JSON parameter that SQLite unfolds: D1 binds at most 100
 * parameters a statement, and takes thousands of rows a second this way where single inserts are hundreds.
 */
import { exceedsBytes } from "../../contract/limits.ts";
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

/** A row as the statements read it. */
export type EncodedRow = SizedRow & { table: ProjectionRow["table"]; values: Values; newest?: { key: string; order: number } };

type Values = ReturnType<ProjectedTable<ProjectionRow["table"]>["encode"]>["values"];

/** Characters of one JSON parameter, as texts say: half of D1's 2 MB for a bound value, so that any one row fits too. */
const parameterCharacters = 1_000_000;

/** Bytes of it as it is, with what JSON adds. */
const jsonBytes = 1_900_000;

/** Prepares a row for {@link prepareProjection}. */
export function encodeRow(row: ProjectionRow): EncodedRow {
  const { values, newest } = (tables[row.table] as ProjectedTable<typeof row.table>).encode(row as never);
  return { table: row.table, values, characters: countCharacters(values), ...(newest && { newest }) };
}

/** About the characters of a value as JSON, without making it: texts are what counts. What has more bytes is divided once it is made. */
function countCharacters(value: Values[string] | Values): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  return Object.entries(value).reduce((characters, [name, item]) => characters + name.length + 4 + countCharacters(item), 2);
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
  return Object.entries(tables).flatMap(([table, { statements }]) =>
    packRows(keepNewest(rows.filter((row) => row.table === table))).flatMap((json) => statements.map((sql) => ({ sql, json }))),
  );
}

/** Of what changed several times meanwhile, only the newest row is worth a write. */
function keepNewest(rows: EncodedRow[]): EncodedRow[] {
  const newest = new Map<string | EncodedRow, EncodedRow>();
  for (const row of rows) {
    const before = row.newest && newest.get(row.newest.key);
    if (!before?.newest || !row.newest || before.newest.order <= row.newest.order) newest.set(row.newest?.key ?? row, row);
  }
  return [...newest.values()];
}

/** Joins rows into JSON arrays within the bound: each is made at once. */
function packRows(rows: EncodedRow[]): string[] {
  const packs: Values[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (characters + row.characters > parameterCharacters) {
      packs.push([]);
      characters = 0;
    }
    packs.at(-1)?.push(row.values);
    characters += row.characters + 1;
  }
  return packs.flatMap(encodePack);
}

function encodePack(pack: Values[]): string[] {
  const json = JSON.stringify(pack);
  if (pack.length === 1 || !exceedsBytes(json, jsonBytes)) return [json];
  const half = Math.ceil(pack.length / 2);
  return [pack.slice(0, half), pack.slice(half)].flatMap(encodePack);
}
