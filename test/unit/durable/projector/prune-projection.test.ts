import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import { pruneProjection } from "../../../../src/durable/projector/prune-projection.ts";
import { defaultRetention } from "../../../../src/durable/projector/retention.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const day = 86_400_000;

function eventRow(id: string, thread: string | null): ProjectionRow {
  return { table: "event", thread, event: { specversion: "1.0", id, source: "/agents/a", type: "t", time: "2020-01-01T00:00:00Z" } };
}

function threadRow(id: string, status: "running" | "completed", updatedAt: string): ProjectionRow {
  const facts = { workflow: "w", revision: "r", initiator: "/agents/a", key: null, agents: ["a"], waiting: null, parent: null };
  return { table: "thread", id, revisionNumber: 1, status, createdAt: updatedAt, updatedAt, ...facts };
}

function turnRow(turn: string, endedAt: number): ProjectionRow {
  const facts = { thread: "t", workflow: "w", role: "r", agent: "a", outcome: "answered" } as const;
  return { table: "turn", turn, attempt: 1, ...facts, givenAt: endedAt - 5, endedAt };
}

async function list(db: D1Database, sql: string): Promise<unknown[]> {
  return (await db.prepare(sql).all<{ id: unknown }>()).results.map(({ id }) => id);
}

test("[RET10] what ended long ago goes; a living thread keeps its row and its events, however old", async () => {
  const db = openSqliteD1();
  const late = Date.now() + 20 * day;
  const rows = [
    threadRow("old", "completed", "2020-01-01T00:00:00.000Z"),
    threadRow("recent", "completed", new Date().toISOString()),
    threadRow("alive", "running", "2020-01-01T00:00:00.000Z"),
    eventRow("loose", null),
    eventRow("of-old", "old"),
    eventRow("of-alive", "alive"),
    turnRow("old:1", Date.now()),
    turnRow("late:1", late),
  ];
  await db.batch(prepareProjection(db, rows.map(encodeRow)));
  expect(await pruneProjection(db, { now: Date.now() + 29 * day, retention: defaultRetention })).toEqual({
    events: 0,
    threads: 1,
    turns: 0,
    done: true,
  });
  expect(await list(db, "SELECT id FROM thread ORDER BY id")).toEqual(["alive", "recent"]);
  expect(await pruneProjection(db, { now: Date.now() + 31 * day, retention: defaultRetention })).toEqual({
    events: 2,
    threads: 0,
    turns: 1,
    done: true,
  });
  expect(await list(db, "SELECT id FROM log_entry")).toEqual(["of-alive"]);
  expect(await list(db, "SELECT value ->> 3 AS id FROM agent_turns, json_each(turns)")).toEqual([late]);
  // Its object has not archived it: its row waits for as long as an archive would be kept.
  expect(await pruneProjection(db, { now: Date.now() + 61 * day, retention: defaultRetention })).toMatchObject({ threads: 1 });
  expect(await list(db, "SELECT t.id FROM thread_agent ta JOIN thread t ON t.position = ta.thread")).toEqual(["alive"]);
  expect(await list(db, "SELECT thread AS id FROM thread_agent")).toHaveLength(1);
});

test("[RET11] a run deletes in steps, and no more of them than it may", async () => {
  const db = openSqliteD1();
  await db.batch(
    prepareProjection(
      db,
      Array.from({ length: 10 }, (_, index) => encodeRow(eventRow(`e${index}`, null))),
    ),
  );
  const now = Date.now() + 31 * day;
  expect(await pruneProjection(db, { now, retention: defaultRetention, rows: 3, steps: 2 })).toEqual({
    events: 6,
    threads: 0,
    turns: 0,
    done: false,
  });
  expect(await pruneProjection(db, { now, retention: defaultRetention, rows: 3 })).toEqual({ events: 4, threads: 0, turns: 0, done: true });
});

test("[RET12] a position is never given again", async () => {
  const db = openSqliteD1();
  await db.batch(prepareProjection(db, [encodeRow(eventRow("first", null))]));
  await pruneProjection(db, { now: Date.now() + 31 * day, retention: defaultRetention });
  await db.batch(prepareProjection(db, [encodeRow(eventRow("second", null))]));
  expect(await list(db, "SELECT position AS id FROM log_entry")).toEqual([2]);
});
