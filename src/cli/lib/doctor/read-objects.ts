/** What the objects' files say: the truth that the index and the log are told of. Reads, and writes nothing. */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { findFormerTooLarge, objectRooms } from "../../../durable/object-tables.ts";
import type { ProjectionRow } from "../../../durable/protocol/projector.ts";
import { type FormerThread, fromFormerThread } from "../../../durable/thread/lifecycle/former-thread.ts";
import { type ThreadRow, threadCollections } from "../../../durable/thread/lifecycle/thread-rows.ts";
import { collections } from "../../../durable/thread/task/task-documents.ts";
import { findActorFile, findClassFolder, isCellFile } from "../../../local-server/object-names.ts";
import { findState, readOwnerNames, withDatabase } from "../../../local-server/state-files.ts";

/** An accepted event, as the log names it. */
export interface EventKey {
  source: string;
  id: string;
}

export interface ObjectReading {
  file: string;
  /** Whose rows of it, where it is a cell's. */
  actor?: string;
  /** It has stored nothing, or lost all of it. */
  isEmpty: boolean;
  /** Rows for the log and the index are on their way: it catches up by itself. */
  pending: boolean;
  thread?: { row: ThreadRow; agents: string[] };
  /** Of a task's object, or of a root's that an earlier version kept the task in: its thread, and who took part in it. */
  task?: { thread: string; agents: string[] };
  /** Answers that a task took; of a thread's root, those of its task. */
  answers: EventKey[];
  /** An agent's own id. */
  agent?: string;
  /** Sets of tables, or `store`, that a newer version wrote. */
  newer: string[];
  /** Actors of an earlier version that are too large for this one. */
  tooLarge: string[];
}

/** What waits in the objects to be written into D1, and will be when they wake. */
export interface Pending {
  /** By {@link nameEvent}. */
  events: Set<string>;
  /** The newest revision number of a thread's row. */
  threads: Map<string, number>;
}

/** Reads every object among the files, of which all can be read but some of a cell's actors. @param pending, unreadable are added to */
export function readObjects(data: string, databases: string[], pending: Pending, unreadable: Set<string>): ObjectReading[] {
  const objects = databases.filter((file) => file.startsWith("do/") && !file.endsWith("/metadata.sqlite"));
  const read = objects.flatMap((file) =>
    withDatabase(join(findState(data), file), (db) =>
      isCellFile(file) ? readCell(db, file, pending, unreadable) : [readObject(db, file, pending)],
    ),
  );
  const tasks = new Map(read.flatMap(({ task, answers }) => (task ? [[task.thread, { ...task, answers }] as const] : [])));
  return read.map((object) => {
    const task = object.thread && tasks.get(object.thread.row.id);
    if (!object.thread || object.task || !task) return object;
    const agents = [...new Set([...object.thread.agents, ...task.agents])];
    return { ...object, thread: { ...object.thread, agents }, answers: [...object.answers, ...task.answers] };
  });
}

/** How an event is named in a set. */
export function nameEvent({ source, id }: EventKey): string {
  return `${source} ${id}`;
}

/** The tables of a cell. */
const cellTables = ["journal", "document", "cursor"];

/** Each actor of a cell as if it had an object of its own: what is read of one is read through views of its rows. */
function readCell(db: DatabaseSync, file: string, pending: Pending, unreadable: Set<string>): ObjectReading[] {
  const addresses = new Map([...readOwnerNames(db)].map(([address, name]) => [name, address]));
  const owners = db.prepare("SELECT owner FROM document UNION SELECT owner FROM journal").all() as { owner: string }[];
  return owners
    .filter(({ owner }) => owner !== "")
    .flatMap(({ owner }) => {
      const actor = addresses.get(owner) ?? owner;
      for (const table of cellTables)
        db.exec(`CREATE TEMP VIEW ${table} AS SELECT * FROM main.${table} WHERE owner IN ('', '${owner.replaceAll("'", "''")}')`);
      try {
        return { ...readObject(db, findActorFile(actor), pending), file, actor };
      } catch {
        // Its rows were named as such.
        unreadable.add(actor);
        return [];
      } finally {
        for (const table of cellTables) db.exec(`DROP VIEW temp.${table}`);
      }
    });
}

function readObject(db: DatabaseSync, file: string, pending: Pending): ObjectReading {
  const tables = new Set(
    (db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]).map((row) => row.name),
  );
  const all = <T>(table: string, sql: string): T[] => (tables.has(table) ? (db.prepare(sql).all() as T[]) : []);
  const rows = [
    ...all<{ body: string }>("projection", "SELECT body FROM projection").flatMap(({ body }) => JSON.parse(body) as ProjectionRow[]),
    ...readUnprojected(all),
  ];
  for (const row of rows) {
    if (row.table === "event") pending.events.add(nameEvent(row.event));
    if (row.table === "thread") pending.threads.set(row.id, Math.max(row.revisionNumber, pending.threads.get(row.id) ?? 0));
  }
  const [thread] = file.startsWith(findClassFolder("RecruitmentObject")) ? readThreads(all) : [];
  const task = readTask(all);
  return {
    file,
    isEmpty: !tables.has("schema_version") && !tables.has("document"),
    pending: rows.length > 0,
    ...(thread && { thread: { row: thread, agents: readAgents(all) } }),
    ...(task && { task: { thread: task, agents: readAgents(all) } }),
    answers: readAnswers(all),
    ...readAgentId(all),
    newer: [
      ...all<{ room: string; version: number }>("schema_version", "SELECT room, version FROM schema_version"),
      ...all<{ room: string; version: number }>(
        "document",
        "SELECT 'store' AS room, CAST(body AS INTEGER) AS version FROM document WHERE owner = '' AND collection = 'format'",
      ),
    ]
      .filter(({ room, version }) => version > (objectRooms[room] ?? 0))
      .map(({ room, version }) => `${room} ${version}`),
    tooLarge: tables.has("actor") ? findFormerTooLarge({ exec: (sql, ...values) => db.prepare(sql).all(...values) as never[] }) : [],
  };
}

type All = <T>(table: string, sql: string) => T[];

/** The thread of a root's object, which may not have woken since it had tables. */
function readThreads(all: All): ThreadRow[] {
  return [
    ...all<{ body: string }>("document", `SELECT body FROM document WHERE collection = '${threadCollections.thread}'`).map(
      ({ body }) => JSON.parse(body) as ThreadRow,
    ),
    ...all<FormerThread>("thread", "SELECT * FROM thread").map(fromFormerThread),
  ];
}

/** The thread of a task's object. An object that no newer version has woken has the tables of before. */
function readTask(all: All): string | undefined {
  return [
    ...all<{ thread: string }>("task", "SELECT thread FROM task"),
    ...all<{ thread: string }>("document", `SELECT body ->> '$.thread' AS thread FROM document WHERE collection = '${collections.start}'`),
  ][0]?.thread;
}

function readAnswers(all: All): EventKey[] {
  const keyed = (collection: string, where: string): string =>
    `SELECT key, body ->> '$.answer.agent' AS agent, body ->> '$.answer.id' AS id FROM document WHERE collection = '${collection}'${where}`;
  const hasAnswer = " AND body ->> '$.answer.id' IS NOT NULL";
  const said = [
    ...all<{ agent: string; id: string }>("answered", "SELECT agent, id FROM answered"),
    ...all<{ agent: string; id: string }>("document", keyed(collections.turns, hasAnswer)),
    ...all<{ key: string; id: string }>("document", keyed(collections.audience, hasAnswer)).map(({ key, id }) => ({
      agent: key.slice(key.lastIndexOf(" ") + 1),
      id,
    })),
    // What ended no turn is named by its agent and its id.
    ...all<{ key: string }>("document", keyed(collections.answered, "")).map(({ key }) => ({
      agent: key.slice(0, key.indexOf(" ")),
      id: key.slice(key.indexOf(" ") + 1),
    })),
  ];
  return said.map(({ agent, id }) => ({ source: `/agents/${agent}`, id }));
}

/** Of an agent that is not removed; its object may not have woken since it had tables. */
function readAgentId(all: All): { agent?: string } {
  const [account] = [
    ...all<{ card: string; removed: number }>(
      "document",
      "SELECT body -> '$.card' AS card, body ->> '$.removed' AS removed FROM document WHERE collection = 'account'",
    ),
    ...all<{ card: string; removed: number }>("agent", "SELECT card, removed FROM agent"),
  ];
  return account && !account.removed ? { agent: (JSON.parse(account.card) as { id: string }).id } : {};
}

/** Rows of the journal beyond the cursor of what is in D1. */
function readUnprojected(all: All): ProjectionRow[] {
  return all<{ row: string }>(
    "journal",
    `SELECT json_each.value AS row FROM journal, json_each(iif(json_valid(journal.body), journal.body, '{}'), '$.log') WHERE seq > ${projected}`,
  ).map(({ row }) => JSON.parse(row) as ProjectionRow);
}

/** As far as the newest entry, or a cursor written since, says that the rows are in D1. */
const projected = `max(
  ifnull((SELECT cursors ->> '$.positions.projected' FROM journal AS newest WHERE newest.owner = journal.owner ORDER BY seq DESC LIMIT 1), 0),
  ifnull((SELECT body ->> '$.positions.projected' FROM cursor WHERE cursor.owner = journal.owner AND name = ''), 0))`;

/** Who took part in a thread, as far as its task's object still knows. */
function readAgents(all: All): string[] {
  const found = [
    ...all<{ agent: string | null }>("message", "SELECT DISTINCT agent FROM message"),
    ...all<{ agent: string | null }>("given", "SELECT DISTINCT agent FROM given"),
    ...["step", "given"].flatMap((part) =>
      all<{ agent: string | null }>(
        "document",
        `SELECT DISTINCT body ->> '$.${part}.agent' AS agent FROM document WHERE collection = '${collections.turns}'`,
      ),
    ),
  ];
  return [...new Set(found.flatMap(({ agent }) => agent ?? []))];
}
