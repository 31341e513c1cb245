/** What tests write into an object's store behind its back, as SQL: it is read in the object's next life. */

import type { Storage } from "../../src/durable/host/ports.ts";

/** Makes the tables that objects had once. @param rooms their statements, as far as a version had them, by the name of the version */
export function makeFormer(storage: Storage, rooms: Record<string, readonly string[]>): void {
  storage.exec("CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
  for (const [room, statements] of Object.entries(rooms)) {
    storage.exec(statements.join("\n"));
    storage.exec("INSERT INTO schema_version VALUES (?, ?)", room, statements.length);
  }
}

/** Puts a message at the end of the outbox. Values: the entry, as {@link makeEntry} gives it. */
export const appendEntry = "INSERT INTO journal SELECT owner, seq + 1, at, cursors, ? FROM journal ORDER BY seq DESC LIMIT 1";

/** An entry with one message. */
export function makeEntry(sender: string, to: string[], message: { type: string }): string {
  return JSON.stringify({ out: [{ sender, to, message }] });
}

/** Changes a fact of an actor. Values: its path in the document, and the value. */
export const changeActor = "UPDATE document SET body = json_set(body, ?, ?) WHERE collection = 'actor'";

/** Adds dead letters of the same kind. Values: how many, the object's address, the actor's id, the code. */
export const addDeadLetters = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
    given(last) AS (SELECT max(body) FROM (SELECT CAST(body AS INTEGER) AS body FROM document WHERE collection = 'deadLetterNumber' UNION ALL SELECT 0))
  INSERT INTO document SELECT ?2, 'deadLetter', printf('%016d', last + i), json_object('ignored', json(iif(?4 = 'threw', 'false', 'true')), 'starts', json('false')),
    json_object('id', last + i, 'actor', ?3, 'at', 0, 'sender', NULL, 'number', NULL, 'origin', NULL, 'event', json('{"type":"old"}'), 'code', ?4, 'error', '')
  FROM n, given`;

/** Raises the number of the last dead letter. Values: the object's address, by how much. */
export const raiseDeadLetterNumber = `INSERT OR REPLACE INTO document SELECT ?1, 'deadLetterNumber', '', NULL,
    CAST(?2 + ifnull((SELECT CAST(body AS INTEGER) FROM document WHERE collection = 'deadLetterNumber'), 0) AS TEXT)`;

/** What an object has still to do: messages beyond the outbox's cursor, timers, jobs. */
export const countLeft = `SELECT
  (SELECT count(*) FROM journal, json_each(journal.body, '$.out') WHERE seq > max(
    ifnull((SELECT cursors ->> '$.positions.sent' FROM journal ORDER BY seq DESC LIMIT 1), 0),
    ifnull((SELECT body ->> '$.positions.sent' FROM cursor WHERE name = ''), 0))) AS outbox,
  (SELECT count(*) FROM document, json_each(document.body, '$.timers') WHERE collection = 'actor') AS timer,
  (SELECT count(*) FROM document, json_each(document.body, '$.jobs') WHERE collection = 'actor') AS job`;
