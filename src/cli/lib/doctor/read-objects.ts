/** What the objects' files say: the truth that the index and the log are told of. Reads, and writes nothing. */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { objectRooms } from "../../../durable/object-tables.ts";
import type { ProjectionRow } from "../../../durable/protocol/projector.ts";
import type { ThreadRow } from "../../../durable/thread/lifecycle/thread-rows.ts";
import { findState, withDatabase } from "../../../local-server/state-files.ts";
import { findClassFolder } from "./object-names.ts";

/** An accepted event, as the log names it. */
export interface EventKey {
  source: string;
  id: string;
}

export interface ObjectReading {
  file: string;
  /** Rows for the log and the index are on their way: it catches up by itself. */
  pending: boolean;
  thread?: { row: ThreadRow; agents: string[] };
  /** Answers that a task took. */
  answers: EventKey[];
  /** An agent's own id. */
  agent?: string;
  /** Sets of tables, or `store`, that a newer version wrote. */
  newer: string[];
}

/** What waits in the objects to be written into D1, and will be when they wake. */
export interface Pending {
  /** By {@link nameEvent}. */
  events: Set<string>;
  /** The newest revision number of a thread's row. */
  threads: Map<string, number>;
}

/** Reads every object among the files, of which all can be read. @param pending is added to */
export function readObjects(data: string, databases: string[], pending: Pending): ObjectReading[] {
  const objects = databases.filter((file) => file.startsWith("do/") && !file.endsWith("/metadata.sqlite"));
  return objects.map((file) => withDatabase(join(findState(data), file), (db) => readObject(db, file, pending)));
}

/** How an event is named in a set. */
export function nameEvent({ source, id }: EventKey): string {
  return `${source} ${id}`;
}

function readObject(db: DatabaseSync, file: string, pending: Pending): ObjectReading {
  const tables = new Set(
    (db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]).map((row) => row.name),
  );
  const all = <T>(table: string, sql: string): T[] => (tables.has(table) ? (db.prepare(sql).all() as T[]) : []);
  const rows = all<{ body: string }>("projection", "SELECT body FROM projection").flatMap(
    ({ body }) => JSON.parse(body) as ProjectionRow[],
  );
  for (const row of rows) {
    if (row.table === "event") pending.events.add(nameEvent(row.event));
    if (row.table === "thread") pending.threads.set(row.id, Math.max(row.revisionNumber, pending.threads.get(row.id) ?? 0));
  }
  const [thread] = file.startsWith(findClassFolder("RecruitmentObject")) ? all<ThreadRow>("thread", "SELECT * FROM thread") : [];
  return {
    file,
    pending: rows.length > 0,
    ...(thread && { thread: { row: thread, agents: readAgents(all) } }),
    answers: all<{ agent: string; id: string }>("answered", "SELECT agent, id FROM answered").map(({ agent, id }) => ({
      source: `/agents/${agent}`,
      id,
    })),
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
  };
}

/** Of an agent that is not removed; its object may not have woken since it had tables. */
function readAgentId(all: <T>(table: string, sql: string) => T[]): { agent?: string } {
  const [account] = [
    ...all<{ card: string; removed: number }>(
      "document",
      "SELECT body -> '$.card' AS card, body ->> '$.removed' AS removed FROM document WHERE collection = 'account'",
    ),
    ...all<{ card: string; removed: number }>("agent", "SELECT card, removed FROM agent"),
  ];
  return account && !account.removed ? { agent: (JSON.parse(account.card) as { id: string }).id } : {};
}

/** Who took part in a thread, as far as its object still knows. */
function readAgents(all: <T>(table: string, sql: string) => T[]): string[] {
  const found = [
    ...all<{ agent: string | null }>("message", "SELECT DISTINCT agent FROM message"),
    ...all<{ agent: string | null }>("given", "SELECT DISTINCT agent FROM given"),
  ];
  return [...new Set(found.flatMap(({ agent }) => agent ?? []))];
}
