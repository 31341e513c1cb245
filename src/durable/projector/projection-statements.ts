/**
 * Rows of the projection as D1 statements. Rows travel as one JSON parameter that SQLite unfolds: D1 binds at most 100
 * parameters a statement, and takes thousands of rows a second this way where single inserts are hundreds.
 */
import { exceedsBytes } from "../../contract/limits.ts";
import { inOnePiece } from "../../contract/one-piece.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import type { ProjectedTable } from "./projected-table.ts";
import type { SizedRows } from "./projection-batcher.ts";
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

/** Rows of one table that came together, ready for {@link prepareProjection}. */
export interface EncodedRows extends SizedRows {
  /** One, where only the newest of a key is written. */
  rows: ProjectionRow[];
  /** Their JSON, a comma between each two; empty where their table encodes them with others. */
  text: string;
}

/** How a table is treated where its rows are of it. */
type AnyTable = ProjectedTable<ProjectionRow["table"]>;

const tableNames = Object.keys(tables) as ProjectionRow["table"][];

/** Characters of one JSON parameter: half of D1's 2 MB for a bound value, so that any one row fits too. */
const parameterCharacters = 1_000_000;

/** Bytes of it. */
const jsonBytes = 1_900_000;

/** Characters of rows that are made JSON at once: they go in one parameter, however many bytes each takes. */
const groupCharacters = 500_000;

/** About the characters of a row that its table encodes with others. */
const encodedCharacters = 200;

/** Prepares rows that came together for {@link prepareProjection}. @throws of a table that a later version has */
export function encodeRows(rows: readonly ProjectionRow[]): EncodedRows[] {
  const encoded: EncodedRows[] = [];
  for (const [name, group] of groupByTable(rows)) {
    if (!Object.hasOwn(tables, name)) throw new Error(`the projection has no table ${name}`);
    const { newest, encode } = tables[name] as AnyTable;
    if (encode) encoded.push({ rows: group, count: group.length, text: "", characters: encodedCharacters * group.length });
    else if (newest) for (const row of keepNewest(group, newest)) encoded.push(encodeGroup([row]));
    else {
      const whole = encodeGroup(group);
      if (group.length === 1 || whole.characters <= groupCharacters) encoded.push(whole);
      else for (const row of group) encoded.push(encodeGroup([row]));
    }
  }
  return encoded;
}

/** The same for one. */
export function encodeRow(row: ProjectionRow): EncodedRows {
  return encodeRows([row])[0] as EncodedRows;
}

function encodeGroup(rows: ProjectionRow[]): EncodedRows {
  const text = JSON.stringify(rows).slice(1, -1);
  return { rows, count: rows.length, text, characters: text.length };
}

function groupByTable(rows: readonly ProjectionRow[]): Map<ProjectionRow["table"], ProjectionRow[]> {
  const groups = new Map<ProjectionRow["table"], ProjectionRow[]>();
  for (const row of rows) {
    const group = groups.get(row.table);
    if (group) group.push(row);
    else groups.set(row.table, [row]);
  }
  return groups;
}

/** The statements, for one batch, that write these rows. Idempotent: writing a row twice changes nothing. */
export function prepareProjection<Statement>(
  db: { prepare(sql: string): { bind(json: string): Statement } },
  encoded: readonly EncodedRows[],
): Statement[] {
  return listStatements(encoded).map(({ sql, json }) => db.prepare(inOnePiece(sql)).bind(json));
}

/** The same for any SQLite: each takes its JSON as its one parameter. */
export function listStatements(encoded: readonly EncodedRows[]): { sql: string; json: string }[] {
  const groups = new Map<string | undefined, EncodedRows[]>();
  for (const each of encoded) {
    const table = each.rows[0]?.table;
    const group = groups.get(table);
    if (group) group.push(each);
    else groups.set(table, [each]);
  }
  const listed: { sql: string; json: string }[] = [];
  for (const name of tableNames) {
    const group = groups.get(name);
    if (group) listTable(tables[name] as AnyTable, group, listed);
  }
  return listed;
}

function listTable({ newest, encode, statements }: AnyTable, encoded: EncodedRows[], listed: { sql: string; json: string }[]): void {
  const kept = newest ? keepNewest(encoded, ({ rows: [row] }) => newest(row as ProjectionRow)) : encoded;
  const rows = kept.flatMap((each) => each.rows);
  const packs = packTexts(encode ? encode(rows) : kept.map(({ text }) => text));
  for (const statement of statements)
    if (typeof statement === "string") for (const json of packs) listed.push({ sql: statement, json });
    else
      for (const json of packTexts(rows.filter(statement.needs).map((row) => JSON.stringify(row))))
        listed.push({ sql: statement.sql, json });
}

/** Of what changed several times meanwhile, only the newest is worth a write. */
function keepNewest<Item>(items: readonly Item[], newest: (item: Item) => { key: string; order: number }): Item[] {
  const kept = new Map<string, { item: Item; order: number }>();
  for (const item of items) {
    const { key, order } = newest(item);
    const before = kept.get(key);
    if (!before || before.order <= order) kept.set(key, { item, order });
  }
  return Array.from(kept.values(), ({ item }) => item);
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
  const json = ["[", texts.join(","), "]"].join("");
  if (texts.length === 1 || !exceedsBytes(json, jsonBytes)) return [json];
  const half = Math.ceil(texts.length / 2);
  return [texts.slice(0, half), texts.slice(half)].flatMap(joinTexts);
}
