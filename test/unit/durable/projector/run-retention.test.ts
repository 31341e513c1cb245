/** [RET3] A run of retention keeps up with whatever came in, wakes every object whose time is over, and D1 uses freed pages again. */
import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import { defaultRetention } from "../../../../src/durable/projector/retention.ts";
import { runRetention, startRetention } from "../../../../src/durable/projector/run-retention.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const day = 86_400_000;
const long = new Date(Date.now() - 40 * day).toISOString();

function threadRow(id: string): ProjectionRow {
  const facts = { workflow: "w", revision: "r", initiator: "/agents/a", key: null, agents: ["a"], waiting: null, parent: null };
  return { table: "thread", id, revisionNumber: 1, status: "completed", createdAt: long, updatedAt: long, ...facts };
}

function eventRow(id: string): ProjectionRow {
  return { table: "event", thread: null, event: { specversion: "1.0", id, source: "/a", type: "t", time: long, data: "x".repeat(200) } };
}

const write = (db: D1Database, rows: ProjectionRow[]) => db.batch(prepareProjection(db, rows.map(encodeRow)));
const count = async (db: D1Database, table: string) => (await db.prepare(`SELECT count(*) AS n FROM ${table}`).first<{ n: number }>())?.n;

/** Slice after slice, as the alarms do. */
async function run(db: D1Database, now: number, retire: (thread: string) => Promise<unknown> = async () => {}): Promise<number> {
  const warned: object[] = [];
  const progress = startRetention();
  let slices = 1;
  while (!(await runRetention({ db, retire, warn: (entry) => void warned.push(entry) }, progress, defaultRetention, now))) slices++;
  return slices;
}

test("[RET3] more than a slice deletes is gone after a run, and each ended thread's object was woken before its row went", async () => {
  const db = openSqliteD1();
  const threads = Array.from({ length: 450 }, (_, index) => `t${index}`);
  await write(db, threads.map(threadRow));
  for (let part = 0; part < 25; part++)
    await write(
      db,
      Array.from({ length: 1_000 }, (_, index) => eventRow(`e${part}.${index}`)),
    );
  const woken: string[] = [];
  const now = Date.now() + 31 * day;
  const slices = await run(db, now, async (thread) => {
    expect(await db.prepare("SELECT id FROM thread WHERE id = ?").bind(thread).first()).toEqual({ id: thread });
    woken.push(thread);
    // One that cannot be asked stops nobody.
    if (thread === "t7") throw new Error("no route");
  });
  expect(woken).toEqual(threads);
  expect(slices).toBeGreaterThan(3);
  expect([await count(db, "log_entry"), await count(db, "thread")]).toEqual([0, 0]);
});

test("[RET3] what is archived stays in the index as long as its archive; then both go, and its dead letters", async () => {
  const db = openSqliteD1();
  const now = Date.now();
  const letter = { code: "threw", error: "e", gone: false, actor: "a", type: "t", revisionNumber: 1 } as const;
  await write(db, [
    threadRow("kept"),
    { table: "archive", thread: "kept", order: now, view: { id: "kept" } as never, messages: [] },
    { table: "parked", id: "kept:1", thread: "kept", at: now - 50 * day, ...letter },
    { table: "parked", id: "live:1", thread: "live", at: now - 50 * day, ...letter },
    { table: "unreachable", sender: "a", receiver: "b", order: 1, since: 1, messages: 0, error: "", thread: null },
    { table: "unreachable", sender: "a", receiver: "c", order: 1, since: 1, messages: 2, error: "", thread: null },
  ]);
  const woken: string[] = [];
  await run(db, now + day, async (thread) => void woken.push(thread));
  // Its object is empty already.
  expect(woken).toEqual([]);
  expect([await count(db, "thread"), await count(db, "thread_archive"), await count(db, "unreachable")]).toEqual([1, 1, 1]);
  expect((await db.prepare("SELECT id FROM parked").all()).results).toEqual([{ id: "live:1" }]);
  await run(db, now + 31 * day);
  expect([await count(db, "thread"), await count(db, "thread_archive")]).toEqual([0, 0]);
});

test("[RET3] a revision that no workflow and no thread has used for long goes; one that is used, or was just replaced, stays", async () => {
  const db = openSqliteD1();
  const now = Date.now();
  const revision = (hash: string, workflow: string) =>
    db
      .prepare("INSERT INTO revision VALUES (?, ?, '', '', ?)")
      .bind(hash, workflow, now - 100 * day)
      .run();
  const workflow = (name: string, hash: string, updated: number) =>
    db.prepare("INSERT INTO workflow VALUES (?, ?, 1, 1, '', '', NULL, '[]', 1, ?, 0)").bind(name, hash, updated).run();
  await workflow("w", "now", now - 10 * day);
  await workflow("fresh", "fresh-now", now - 1_000);
  for (const [hash, name] of [
    ["now", "w"],
    ["r", "w"],
    ["old", "w"],
    ["fresh-now", "fresh"],
    ["fresh-old", "fresh"],
  ] as const)
    await revision(hash, name);
  await write(db, [{ ...threadRow("uses-r"), status: "running" } as ProjectionRow]);
  await run(db, now);
  expect((await db.prepare("SELECT hash FROM revision ORDER BY hash").all()).results.map(({ hash }) => hash)).toEqual([
    "fresh-now",
    "fresh-old",
    "now",
    "r",
  ]);
});

test("[RET3] the database's file stops growing: what is freed is used again", async () => {
  const db = openSqliteD1();
  const pages = async () => (await db.prepare("PRAGMA page_count").first<{ page_count: number }>())?.page_count ?? 0;
  const sizes: number[] = [];
  for (let month = 0; month < 6; month++) {
    for (let part = 0; part < 5; part++)
      await write(
        db,
        Array.from({ length: 500 }, (_, index) => eventRow(`m${month}.${part}.${index}`)),
      );
    sizes.push(await pages());
    await run(db, Date.now() + 31 * day);
  }
  expect(Math.max(...sizes.slice(1))).toBeLessThan((sizes[0] as number) * 1.2);
});
