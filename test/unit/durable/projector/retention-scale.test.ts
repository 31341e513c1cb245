/** A run of retention over a month of 100,000 turns a day: what it costs the database, and that it keeps up. */
import { beforeAll, expect, test } from "vitest";
import { pruneLimits } from "../../../../src/durable/projector/prune-projection.ts";
import { parseRetention, type Retention } from "../../../../src/durable/projector/retention.ts";
import { retentionRun, runRetention, startRetention } from "../../../../src/durable/projector/run-retention.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const day = 86_400_000;
const threads = 10_000;
/** Ten turns of two events each, and twelve for a thread's begin and end. */
const eventsOfThread = 32;
const began = Date.parse("2026-11-01T00:00:00Z");

interface Ran {
  slices: number;
  statements: number;
  /** Rows that each statement gave back: those that it deleted. */
  largest: number;
  slowest: number;
  plans: Set<string>;
}

/** The same database, which notes what is asked of it. */
function record(db: D1Database, ran: Ran): D1Database {
  const explained = new Set<string>();
  async function note<T>(sql: string, values: unknown[], run: () => Promise<T>): Promise<T> {
    if (!explained.has(sql)) {
      explained.add(sql);
      const { results } = await db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...values)
        .all<{ detail: string }>();
      for (const { detail } of results) ran.plans.add(detail);
    }
    const from = performance.now();
    const answer = await run();
    ran.statements += 1;
    ran.slowest = Math.max(ran.slowest, performance.now() - from);
    ran.largest = Math.max(ran.largest, (answer as { results?: unknown[] } | null)?.results?.length ?? 0);
    return answer;
  }
  const prepare = (sql: string, values: never[] = []): object => {
    const statement = db.prepare(sql).bind(...values);
    return {
      bind: (...bound: never[]) => prepare(sql, bound),
      all: () => note(sql, values, () => statement.all()),
      first: () => note(sql, values, () => statement.first()),
    };
  };
  return {
    prepare,
    batch: async (statements: { all(): Promise<D1Result> }[]) => {
      const results: D1Result[] = [];
      for (const statement of statements) results.push(await statement.all());
      return results;
    },
  } as never;
}

/** A day of threads, some of which still live, on either table of the log. */
async function fill(db: D1Database, dayOfLog: number, table: "event" | "log_entry", count: number): Promise<void> {
  const from = began + dayOfLog * day;
  const ids = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)";
  const name = `'d${dayOfLog}t' || `;
  const time = `strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0 + i * 86400.0 / ?1, 'unixepoch')`;
  await db
    .prepare(
      `${ids} INSERT INTO thread (id, revision_number, workflow, revision, status, initiator, agents, created_at, updated_at)
       SELECT ${name} i, 1, 'w', 'r', iif(i % 100 = 0, 'running', 'completed'), '/agents/a', '["a","b"]', ${time}, ${time} FROM n`,
    )
    .bind(count, from)
    .run();
  const flags = table === "event" ? "" : "by_source, by_type, position, committed_at, ";
  const values = table === "event" ? "" : `i % 2, 0, (SELECT max(position) FROM log_start) + ?4 + i, 0, `;
  const time2 = table === "event" ? "time, " : "";
  await db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1 * ${eventsOfThread})
       INSERT INTO ${table} (${flags}${time2}recorded_at, id, source, type, thread, body)
       SELECT ${values}${table === "event" ? "'', " : ""}?2 + i * (86400000 / (?1 * ${eventsOfThread})), 'e' || ?3 || '.' || i, '/agents/a',
         iif(i % 8 = 0, 'nerve.turn.progress', 'nerve.turn.respond'), ${name} (i / ${eventsOfThread}), '{}' FROM n WHERE ?4 >= 0`,
    )
    .bind(count, from, dayOfLog, dayOfLog * 1_000_000 + 1)
    .run();
}

async function run(db: D1Database, retention: Retention, now: number, log = {}): Promise<Ran & { log: object }> {
  const ran: Ran = { slices: 0, statements: 0, largest: 0, slowest: 0, plans: new Set() };
  const recording = record(db, ran);
  const progress = startRetention(log);
  for (let done = false; !done; ran.slices++) {
    done = await runRetention({ db: recording, retire: async () => {}, warn: () => {} }, progress, retention, now);
  }
  return { ...ran, log: progress.prune.log };
}

const count = async (db: D1Database, sql: string) => (await db.prepare(sql).first<{ n: number }>())?.n;

let db: D1Database;
beforeAll(() => {
  db = openSqliteD1();
});

test("[RET15] a day of 100,000 turns is deleted in minutes, in short statements, and none of them scans the log", async () => {
  await fill(db, 0, "log_entry", threads);
  await fill(db, 1, "log_entry", 500);
  const read = parseRetention('{"default":"30d","nerve.turn.progress":"3d"}');
  if (!read.ok) throw new Error(read.error);
  const now = began + 31 * day;
  const first = await run(db, read.retention, now);
  // What lives keeps its history; what is young is there, but for what a rule names.
  expect(await count(db, "SELECT count(*) AS n FROM log_entry WHERE thread LIKE 'd0%'")).toBe((threads / 100) * eventsOfThread * (7 / 8));
  expect(await count(db, "SELECT count(*) AS n FROM log_entry WHERE thread LIKE 'd1%'")).toBe(500 * eventsOfThread * (7 / 8));
  // Each slice is followed by a pause, in which others write: a day's rows are gone in so many minutes.
  expect((first.slices * retentionRun.pause) / 60_000).toBeLessThan(5);
  expect(first.largest).toBeLessThanOrEqual(pruneLimits.rows);
  expect(first.slowest).toBeLessThan(2_000);
  expect([...first.plans].filter((plan) => /^SCAN (event|log_entry|e|thread|thread_archive|turn)\b/.test(plan))).toEqual([]);
  expect([...first.plans].join("\n")).toMatch(/SEARCH e USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/);

  // The next day's run goes on where this one came to, and wakes objects that still have not left.
  const next = await run(db, read.retention, now + 1_000, first.log);
  expect(next.statements).toBeLessThan(first.statements / 5);
  // A month later the threads' rows go too; of those that live, nothing.
  await run(db, read.retention, now + 31 * day, next.log);
  expect(await count(db, "SELECT count(*) AS n FROM thread WHERE status = 'completed'")).toBe(0);
  expect(await count(db, "SELECT count(*) AS n FROM thread")).toBe((threads + 500) / 100);
  expect(await count(db, "SELECT count(*) AS n FROM log_entry")).toBe(((threads + 500) / 100) * eventsOfThread * (7 / 8));
});

test("[RET16] what a thread said while it lived goes with its row, after it ended", async () => {
  const own = openSqliteD1();
  await fill(own, 0, "event", 100);
  await fill(own, 1, "log_entry", 100);
  const retention = { default: 30 * day, rules: [] };
  const { log } = await run(own, retention, began + 40 * day);
  const left = "SELECT count(*) AS n FROM log WHERE thread LIKE 'd%t0'";
  expect(await count(own, "SELECT count(*) AS n FROM log")).toBe(2 * eventsOfThread);
  await own
    .prepare("UPDATE thread SET status = 'completed', updated_at = ?")
    .bind(new Date(began + 50 * day).toISOString())
    .run();
  await run(own, retention, began + 100 * day, log);
  expect(await count(own, left)).toBe(2 * eventsOfThread);
  await run(own, retention, began + 111 * day, log);
  expect(await count(own, "SELECT count(*) AS n FROM log")).toBe(0);
  expect(await count(own, "SELECT count(*) AS n FROM thread")).toBe(0);
});
