import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import { pruneProjection } from "../../../../src/durable/projector/prune-projection.ts";
import { parseRetention } from "../../../../src/durable/projector/retention.ts";
import { runRetention, startRetention } from "../../../../src/durable/projector/run-retention.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";
import { createTestApp } from "../../worker/test-app.ts";

const day = 86_400_000;

async function fill(db: D1Database, types: string[], thread: string | null = null): Promise<void> {
  const rows = types.map((type, index) =>
    encodeRow({
      table: "event",
      thread,
      event: { specversion: "1.0", id: `${type}.${index}.${thread}`, source: "/agents/a", type, time: "2020-01-01T00:00:00Z" },
    }),
  );
  await db.batch(prepareProjection(db, rows));
}

async function listTypes(db: D1Database): Promise<string[]> {
  return (await db.prepare("SELECT type FROM log_entry ORDER BY type").all<{ type: string }>()).results.map(({ type }) => type);
}

function parse(text: string) {
  const read = parseRetention(text);
  if (!read.ok) throw new Error(read.error);
  return read.retention;
}

test("[RET6] the longest pattern that fits a kind says how long it is kept, and the default the rest", async () => {
  const db = openSqliteD1();
  const retention = parse('{"default": "30d", "debug.*": "1d", "debug.keep.*": "60d", "debug.keep.not": "2d"}');
  await fill(db, ["debug.x", "debugger.x", "debug.keep.x", "debug.keep.not", "other"]);
  await pruneProjection(db, { now: Date.now() + 1.5 * day, retention });
  expect(await listTypes(db)).toEqual(["debug.keep.not", "debug.keep.x", "debugger.x", "other"]);
  await pruneProjection(db, { now: Date.now() + 2.5 * day, retention });
  expect(await listTypes(db)).toEqual(["debug.keep.x", "debugger.x", "other"]);
  await pruneProjection(db, { now: Date.now() + 31 * day, retention });
  expect(await listTypes(db)).toEqual(["debug.keep.x"]);
  await pruneProjection(db, { now: Date.now() + 61 * day, retention });
  expect(await listTypes(db)).toEqual([]);
});

test("[RET7] the default spares threads that live; what a rule names goes out of them too", async () => {
  const db = openSqliteD1();
  const facts = { workflow: "w", revision: "r", initiator: "a", key: null, agents: [], waiting: null, parent: null };
  const at = "2020-01-01T00:00:00.000Z";
  await db.batch(
    prepareProjection(db, [
      encodeRow({ table: "thread", id: "live", revisionNumber: 1, status: "running", createdAt: at, updatedAt: at, ...facts }),
    ]),
  );
  await fill(db, ["nerve.turn.progress", "nerve.turn.respond"], "live");
  await pruneProjection(db, { now: Date.now() + 99 * day, retention: parse('{"nerve.turn.progress": "3d"}') });
  expect(await listTypes(db)).toEqual(["nerve.turn.respond"]);
});

test("[RET6] nothing said is thirty days of everything", () => {
  expect(parse("")).toEqual({ default: 30 * day, rules: [] });
});

test("[RET19] ended threads' objects and archived pages have times of their own, beside the log's", async () => {
  const retention = parse('{"default": "30d", "$threads": "2d", "$archive": "90d", "debug.*": "1d"}');
  expect(retention).toEqual({ default: 30 * day, threads: 2 * day, archive: 90 * day, rules: [{ pattern: "debug.*", keep: day }] });
  const db = openSqliteD1();
  const began = Date.now();
  const at = new Date(began).toISOString();
  const facts = { workflow: "w", revision: "r", initiator: "a", key: null, agents: [], waiting: null, parent: null };
  const ended: ProjectionRow = {
    table: "thread",
    id: "t1",
    revisionNumber: 1,
    status: "completed",
    createdAt: at,
    updatedAt: at,
    ...facts,
  };
  await db.batch(prepareProjection(db, [encodeRow(ended)]));
  await fill(db, ["nerve.turn.respond"], "t1");
  const retired: string[] = [];
  const retire = async (thread: string) => void retired.push(thread);
  const run = async (days: number) => {
    const progress = startRetention();
    while (!(await runRetention({ db, retire, warn: () => {} }, progress, retention, began + days * day)));
  };
  await run(1);
  expect(retired).toEqual([]);
  await run(3);
  expect(retired).toEqual(["t1"]);
  const view: ProjectionRow = { table: "archive", thread: "t1", order: began + 3 * day, view: { id: "t1" } as never, messages: [] };
  await db.batch(prepareProjection(db, [encodeRow(view)]));
  // The log outlives the object, and the page the log.
  await run(29);
  expect(await listTypes(db)).toEqual(["nerve.turn.respond"]);
  await run(31);
  expect(await listTypes(db)).toEqual([]);
  const pages = async () =>
    (await db.prepare("SELECT (SELECT count(*) FROM thread) AS threads, (SELECT count(*) FROM thread_archive) AS pages").all()).results;
  await run(92);
  expect(await pages()).toEqual([{ threads: 1, pages: 1 }]);
  await run(94);
  expect(await pages()).toEqual([{ threads: 0, pages: 0 }]);
  expect(retired).toEqual(["t1"]);
});

test.each([
  ["{", "is not JSON"],
  ["[]", "does not fit"],
  ['{"default": 30}', '"default"'],
  ['{"default": "soon"}', "not a duration like 12h or 30d"],
  ['{"default": "0d"}', "not a duration"],
  ['{"Debug.*": "1d"}', "is no kind"],
  ['{"*": "1d"}', "is no kind"],
  ['{"$thread": "1d"}', "`$threads` or `$archive`"],
  [JSON.stringify(Object.fromEntries(Array.from({ length: 41 }, (_, n) => [`k${n}`, "1d"]))), "at most 40"],
])("[RET8] %s is told what is wrong with it", (text, said) => {
  expect(parseRetention(text)).toEqual({ ok: false, error: expect.stringContaining(said) });
});

test("[RET9] the archive is the log as lines, from a position on, and only what was archived is pruned", async () => {
  const db = openSqliteD1();
  const app = createTestApp(db);
  await fill(
    db,
    Array.from({ length: 450 }, () => "a.b"),
  );
  const read = async (query: string) => {
    const { body, headers } = await app.call("GET", `/v1/events/archive?${query}`);
    expect(headers.get("content-type")).toBe("application/x-ndjson");
    // One line alone is JSON to the test's own caller.
    return (typeof body === "string" ? body : JSON.stringify(body))
      .split("\n")
      .filter(Boolean)
      .map((line: string) => JSON.parse(line));
  };
  const all = await read("");
  expect(all.map(({ position }) => position)).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
  expect(all[0]).toMatchObject({ event: { specversion: "1.0", type: "a.b" }, recordedAt: expect.stringMatching(/Z$/) });
  expect(await read("after=448")).toHaveLength(2);
  expect(await read("until=2020-01-01")).toEqual([]);
  const soon = new Date(Date.now() + day).toISOString();
  expect((await app.call("DELETE", `/v1/events/archive?through=400&until=${soon}`)).body).toEqual({ deleted: 400 });
  expect((await app.call("DELETE", `/v1/events/archive?through=450&until=2020-01-01`)).body).toEqual({ deleted: 0 });
  expect(await read("")).toHaveLength(50);
  const token = await app.register("alice");
  for (const method of ["GET", "DELETE"])
    expect((await app.call(method, `/v1/events/archive?through=1&until=${soon}`, { token })).status).toBe(403);
  expect((await app.call("DELETE", "/v1/events/archive")).status).toBe(400);
});
