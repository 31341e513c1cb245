/** Every question to the log, over both of its tables: what it gives, by which index, and where it stops. */
import { beforeAll, expect, test } from "vitest";
import type { CloudEvent } from "../../../src/contract/event.ts";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import type { ProjectionRow } from "../../../src/durable/protocol/projector.ts";
import { findEvents, type LogQuery, logLimits, queryEvents } from "../../../src/worker/event-log.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

/** What the tests know of a row. */
interface Fact {
  id: string;
  source: string;
  type: string;
  thread: string | null;
  correlationid?: string;
  causationid?: string;
  recordedAt: number;
}

const older = 2_000;
const newer = 13_000;
const agents = ["ann", "bob", "cat"];
const threads = Array.from({ length: 40 }, (_, index) => `t${String(index).padStart(25, "0")}`);
const began = Date.parse("2026-11-01T00:00:00Z");

let db: D1Database;
const facts = new Map<number, Fact>();

/** The same at each run: a small linear generator. */
function createPick(seed: number) {
  let state = seed;
  return <T>(from: readonly T[]): T => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return from[(state >> 8) % from.length] as T;
  };
}

function makeFact(index: number, pick: ReturnType<typeof createPick>): Fact {
  const thread = pick([null, ...threads]);
  const type = pick([
    "nerve.turn.assigned",
    "nerve.turn.respond",
    "nerve.turn.respond",
    "pr.opened",
    "pr.closed",
    "chat",
    "nerve.thread.failed",
  ]);
  const source =
    thread !== null && type.startsWith("nerve.t") && type !== "nerve.turn.respond" ? `/threads/${thread}` : `/agents/${pick(agents)}`;
  const fact: Fact = { id: `e${index}`, source, type: index % 2_003 === 7 ? "rare.kind" : type, thread, recordedAt: began + index * 1_000 };
  if (thread === null && index % 11 === 0) fact.correlationid = pick(threads);
  if (index % 1_501 === 5) fact.causationid = "seldom";
  else if (index % 3 === 0) fact.causationid = "often";
  return fact;
}

const toEvent = ({ id, source, type, correlationid, causationid, recordedAt }: Fact) => ({
  ...{ specversion: "1.0" as const, id, source, type, time: new Date(recordedAt).toISOString() },
  ...(correlationid !== undefined && { correlationid }),
  ...(causationid !== undefined && { causationid }),
});

beforeAll(async () => {
  db = openSqliteD1();
  const pick = createPick(7);
  const all = Array.from({ length: older + newer }, (_, index) => makeFact(index, pick));
  const row = (id: string, held: string[]): ProjectionRow => ({
    ...{ table: "thread", id, revisionNumber: 1, workflow: "w", revision: "r", status: "running", initiator: "/agents/ann", key: null },
    ...{ agents: held, waiting: null, parent: null, createdAt: new Date(began).toISOString(), updatedAt: new Date(began).toISOString() },
  });
  await db.batch(
    prepareProjection(
      db,
      threads.map((id, index) => encodeRow(row(id, index % 4 === 0 ? ["bob"] : []))),
    ),
  );
  await db.batch(prepareProjection(db, [encodeRow({ table: "audience", thread: threads[1] as string, agents: ["cat"] })]));
  // What a Worker of before has logged.
  const before = all.slice(0, older).map((fact) => ({
    ...fact,
    correlation: fact.correlationid ?? null,
    cause: fact.causationid ?? null,
    body: JSON.stringify(toEvent(fact)),
  }));
  await db
    .prepare(
      `INSERT INTO event (source, id, type, thread, correlation, cause, time, recorded_at, body)
       SELECT value ->> 'source', value ->> 'id', value ->> 'type', value ->> 'thread', value ->> 'correlation', value ->> 'cause', '', value ->> 'recordedAt',
         value ->> 'body' FROM json_each(?)`,
    )
    .bind(JSON.stringify(before))
    .run();
  // As its own migration does.
  await db
    .prepare("UPDATE log_start SET position = ?")
    .bind(older + 1_000_000)
    .run();
  for (let at = older; at < all.length; at += 4_000) {
    const rows = all.slice(at, at + 4_000).map((fact): ProjectionRow => ({ table: "event", thread: fact.thread, event: toEvent(fact) }));
    await db.batch(prepareProjection(db, rows.map(encodeRow)));
  }
  await db.prepare("UPDATE log_entry SET recorded_at = ? + 1000 * CAST(substr(id, 2) AS INTEGER)").bind(began).run();
  const { results } = await db.prepare("SELECT position, id FROM log ORDER BY position").all<{ position: number; id: string }>();
  for (const { position, id } of results) facts.set(position, all[Number(id.slice(1))] as Fact);
  expect(facts.size).toBe(older + newer);
});

/** What the question means, one row after another. */
function answer(viewer: string | null, query: Omit<LogQuery, "limit">): number[] {
  const { type, source, correlationid, causationid, since, until, after, before } = query;
  const held = new Set(threads.filter((_, index) => (viewer === "bob" && index % 4 === 0) || (viewer === "cat" && index === 1)));
  const fits = ([position, fact]: [number, Fact]): boolean =>
    (type === undefined || (type.endsWith(".*") ? fact.type.startsWith(type.slice(0, -1)) : fact.type === type)) &&
    (source === undefined || fact.source === source) &&
    (correlationid === undefined || fact.thread === correlationid || fact.correlationid === correlationid) &&
    (causationid === undefined || fact.causationid === causationid) &&
    (since === undefined || fact.recordedAt >= since) &&
    (until === undefined || fact.recordedAt < until) &&
    (after === undefined || position > after) &&
    (before === undefined || position < before) &&
    (viewer === null || fact.source === `/agents/${viewer}` || (fact.thread !== null && held.has(fact.thread)));
  return [...facts].filter(fits).map(([position]) => position);
}

/** Page after page, to the end or until there are enough. */
async function read(viewer: string | null, query: LogQuery, enough = Number.POSITIVE_INFINITY) {
  const backwards = query.before !== undefined && query.after === undefined;
  const found: number[] = [];
  let pages = 0;
  let bounds = 0;
  for (let at = backwards ? query.before : query.after; found.length < enough; ) {
    const page = await queryEvents(db, viewer, { ...query, ...(backwards ? { before: at } : { after: at }) });
    pages += 1;
    const positions = page.events.map(({ position }) => position);
    found.push(...(backwards ? positions.reverse() : positions));
    for (const { event, position } of page.events) expect(facts.get(position)?.id).toBe(event.id);
    if (page.bound) bounds += 1;
    if (page.next === null) break;
    // A page without a bound is full.
    if (!page.bound) expect(positions).toHaveLength(query.limit);
    at = page.next;
  }
  return { found, pages, bounds };
}

const filters: Omit<LogQuery, "limit">[] = [
  {},
  { type: "pr.opened" },
  { type: "rare.kind" },
  { type: "pr.*" },
  { type: "nerve.*" },
  { type: "nerve.thread.*" },
  { type: "none.*" },
  { type: "nerve.turn.respond" },
  { source: "/agents/ann" },
  { source: `/threads/${threads[3]}` },
  { source: "/agents/nobody" },
  { correlationid: threads[4] as string },
  { causationid: "often" },
  { causationid: "seldom" },
  { causationid: "nothing" },
  { type: "pr.closed", source: "/agents/bob", causationid: "often" },
  { type: "nerve.turn.respond", source: "/agents/bob" },
  { type: "pr.*", correlationid: threads[5] as string, causationid: "often" },
  { source: `/threads/${threads[8]}`, type: "nerve.thread.failed", causationid: "often" },
  { since: began + 1_990_000, until: began + 2_020_000 },
  { since: began + 10_000_000, type: "pr.*" },
  { until: began + 100_000, causationid: "often" },
  { since: began + 900_000_000 },
];

test.each(filters)("[LOG3] %j: every row of both tables once, in order, both ways, to whom it is shown", async (filter) => {
  for (const viewer of [null, "bob", "cat"]) {
    const expected = answer(viewer, filter);
    const most = 300;
    const enough = expected.length > most ? most : Number.POSITIVE_INFINITY;
    const forwards = await read(viewer, { ...filter, limit: 150 }, enough);
    expect(forwards.found.slice(0, most)).toEqual(expected.slice(0, most));
    const backwards = await read(viewer, { ...filter, before: 1e12, limit: 150 }, enough);
    expect(backwards.found.slice(0, most)).toEqual(expected.toReversed().slice(0, most));
    // From the middle.
    const middle = expected[Math.floor(expected.length / 2)] ?? 1_005_000;
    const rest = await read(viewer, { ...filter, after: middle, limit: 100 }, 100);
    expect(rest.found.slice(0, 100)).toEqual(answer(viewer, { ...filter, after: middle }).slice(0, 100));
  }
});

test("[LOG18] what no index answers stops after so many rows, says so, and goes on", async () => {
  const { events, next, bound } = await queryEvents(db, null, { causationid: "nothing", limit: 50 });
  expect(events).toEqual([]);
  expect(bound).toEqual({ examined: logLimits.examined, detail: expect.stringContaining("correlationid") });
  expect(next).toEqual(expect.any(Number));
  const { found, pages, bounds } = await read(null, { causationid: "seldom", limit: 50 });
  expect(found).toEqual(answer(null, { causationid: "seldom" }));
  expect(bounds).toBe(pages - 1);
  expect(pages).toBeLessThanOrEqual(Math.ceil(newer / logLimits.examined) + 1);
  // An index answers these, however little they find.
  for (const query of [{ type: "rare.kind" }, { type: "none.*" }, { source: "/agents/nobody" }, { correlationid: "none" }])
    expect(await read(null, { ...query, limit: 50 })).toMatchObject({ pages: 1, bounds: 0 });
});

/** The statements of a question, as SQLite would run them. */
async function explain(ask: (recording: D1Database) => Promise<unknown>): Promise<string[]> {
  const plans: string[] = [];
  const recording = {
    prepare(sql: string) {
      const note =
        (values: never[] = []) =>
        async () => {
          const { results } = await db
            .prepare(`EXPLAIN QUERY PLAN ${sql}`)
            .bind(...values)
            .all<{ detail: string }>();
          plans.push(...results.map(({ detail }) => detail));
        };
      const wrap = (statement: D1PreparedStatement, explained: () => Promise<void>): object => ({
        explained,
        statement,
        all: () => explained().then(() => statement.all()),
        first: () => explained().then(() => statement.first()),
      });
      const statement = db.prepare(sql);
      return { ...wrap(statement, note()), bind: (...values: never[]) => wrap(statement.bind(...values), note(values)) };
    },
    async batch(statements: { explained(): Promise<void>; statement: D1PreparedStatement }[]) {
      for (const { explained } of statements) await explained();
      return db.batch(statements.map(({ statement }) => statement));
    },
  };
  await ask(recording as never);
  return plans;
}

test("[LOG18] no question scans the log or sorts what it finds: each is a search in an index, or reads on from a position", async () => {
  const asked = [...filters, { after: 5 }, { before: 5_000 }];
  const plans = new Set<string>();
  for (const viewer of [null, "bob"]) {
    for (const filter of asked)
      for (const plan of await explain((recording) => queryEvents(recording, viewer, { ...filter, limit: 50 }))) plans.add(plan);
  }
  // Over the view, which is an `e` of its own.
  const found = await explain((recording) => findEvents(recording, "bob", "e1"));
  expect(found.filter((plan) => /^SCAN (event|log_entry|thread)\b/.test(plan))).toEqual([]);
  expect(plans.size).toBeGreaterThan(10);
  expect([...plans].filter((plan) => /^SCAN (event|log_entry|thread|e)\b/.test(plan))).toEqual([]);
  const searches = [...plans].filter((plan) => /^SEARCH log_entry\b/.test(plan));
  for (const index of ["thread", "source", "type", "correlation"])
    expect(searches).toContainEqual(expect.stringMatching(new RegExp(`INDEX log_entry_${index} \\(.*rowid>\\? AND rowid<\\?\\)`)));
});

test("[LOG22] what is logged while an agent's page is made is all on the next one, whichever way it is found", async () => {
  const fresh = openSqliteD1();
  const at = new Date(began).toISOString();
  const thread = threads[0] as string;
  const event = (id: string, source: string, of: string | null): ProjectionRow => ({
    table: "event",
    thread: of,
    event: { specversion: "1.0", id, source, type: "chat", time: at },
  });
  const write = async (...rows: ProjectionRow[]) => fresh.batch(prepareProjection(fresh, rows.map(encodeRow)));
  await write(
    {
      ...{ table: "thread", id: thread, revisionNumber: 1, workflow: "w", revision: "r", status: "running", initiator: "/agents/ann" },
      ...{ key: null, agents: ["bob"], waiting: null, parent: null, createdAt: at, updatedAt: at },
    },
    event("first", "/agents/bob", null),
  );
  let meanwhile: (() => Promise<unknown>) | undefined = () =>
    write(event("own", "/agents/bob", null), event("thread", "/agents/ann", thread));
  const read = fresh.batch.bind(fresh);
  const racing: D1Database = Object.assign(Object.create(fresh) as D1Database, {
    async batch<T>(statements: D1PreparedStatement[]) {
      const results = await read<T>(statements);
      const then = meanwhile;
      meanwhile = undefined;
      await then?.();
      return results;
    },
  });
  const found: string[] = [];
  for (let after = -1, pages = 0; pages < 3; pages++) {
    const { events } = await queryEvents(racing, "bob", { after, limit: 10 });
    found.push(...events.map((entry) => entry.event.id));
    after = events.at(-1)?.position ?? after;
  }
  expect(found).toEqual(["first", "own", "thread"]);
});

test.each([
  ["a kind that is new under a prefix", { type: "pr.*" }],
  ["a time", { since: 0 }],
])("[LOG22] what is logged while a page of %s is made is all on the next one, for whoever follows too", async (_, question) => {
  const fresh = openSqliteD1();
  const write = async (...kinds: string[]) =>
    fresh.batch(
      prepareProjection(
        fresh,
        kinds.map((type) =>
          encodeRow({
            table: "event",
            thread: null,
            event: { specversion: "1.0", id: type, source: "/a", type, time: "2026-11-01T00:00:00Z" } satisfies CloudEvent,
          }),
        ),
      ),
    );
  await write("pr.first");
  const read = fresh.batch.bind(fresh);
  let reads = 0;
  const racing: D1Database = Object.assign(Object.create(fresh) as D1Database, {
    async batch<T>(statements: D1PreparedStatement[]) {
      const results = await read<T>(statements);
      if (reads++ === 0) await write("pr.second");
      return results;
    },
  });
  const found: string[] = [];
  for (let after = -1, pages = 0; pages < 3; pages++) {
    const { events, through } = await queryEvents(racing, null, { ...question, after, limit: 10 });
    found.push(...events.map((entry) => entry.event.id));
    after = through;
  }
  expect(found).toEqual(["pr.first", "pr.second"]);
});
