/** What `/readyz` says part by part, what is held back until the database is there, and what fails as transient. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findPlacementFault } from "../../../src/contract/placement.ts";
import { requiredMigrations } from "../../../src/durable/required-migrations.ts";
import type { AppPorts } from "../../../src/worker/app-ports.ts";
import { describeFailure } from "../../../src/worker/describe-failure.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

/** D1 as Wrangler leaves it: with its own account of what was applied. */
async function openMigrated(names: readonly string[] = requiredMigrations): Promise<D1Database> {
  const db = openSqliteD1();
  await db.prepare("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)").run();
  for (const name of names) await db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name).run();
  return db;
}

/** D1 that answers nothing but an error. */
function breakD1(message: string): D1Database {
  const fail = async (): Promise<never> => {
    throw new Error(message);
  };
  const statement = { bind: () => statement, all: fail, run: fail, first: fail };
  return { prepare: () => statement, batch: fail } as unknown as D1Database;
}

const locked = "D1_ERROR: Failed to get session commit token: internal error; reference = gsdhmcqltg3ajgd3";

test("[READY1] the migrations that the code needs are those of the folder", () => {
  expect(requiredMigrations).toEqual(
    readdirSync("migrations")
      .filter((name) => name.endsWith(".sql"))
      .sort(),
  );
});

test("[READY2] ready says so, to anybody, part by part", async () => {
  const app = createTestApp(await openMigrated(), {
    migrations: requiredMigrations,
    probeObjects: async () => {},
    probeFolder: async () => null,
  });
  expect(await app.call("GET", "/readyz", { token: null })).toMatchObject({
    status: 200,
    body: { status: "ready", checks: ["folder", "objects", "index", "migrations"].map((part) => ({ part, ok: true })) },
  });
});

test("[READY3] while the database is behind the code, everything is answered `starting` but what says how the server is", async () => {
  const db = await openMigrated(requiredMigrations.slice(0, -1));
  const app = createTestApp(db, { migrations: requiredMigrations });
  for (const [method, path] of [
    ["GET", "/v1/agents"],
    ["POST", "/v1/events"],
    ["POST", "/v1/enrolments/redeem"],
    ["GET", "/v1/nowhere"],
  ] as const) {
    const answer = await app.call(method, path, { token: null });
    expect(answer, path).toMatchObject({ status: 503, body: { code: "starting", nrv: "NRV7004", retryable: true } });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(await app.call("GET", "/healthz")).toMatchObject({ status: 200 });
  const ready = await app.call("GET", "/readyz");
  expect(ready).toMatchObject({ status: 503, body: { status: "starting" } });
  expect(JSON.stringify(ready.body)).toContain(requiredMigrations.at(-1));

  await db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(requiredMigrations.at(-1)).run();
  expect((await app.call("GET", "/v1/agents")).status).toBe(200);
});

test("[READY4] a database without any migration is `starting`, not broken", async () => {
  const app = createTestApp(breakD1("D1_ERROR: no such table: d1_migrations: SQLITE_ERROR"), { migrations: requiredMigrations });
  expect(await app.call("GET", "/readyz")).toMatchObject({ status: 503, body: { status: "starting" } });
});

test("[READY5] a database that cannot be written is named, and holds up nobody who does not need it", async () => {
  const app = createTestApp(breakD1(locked), { migrations: requiredMigrations });
  const ready = await app.call("GET", "/readyz");
  expect(ready).toMatchObject({ status: 503, body: { status: "unavailable" } });
  expect(ready.body.checks).toContainEqual({ part: "index", ok: false, detail: expect.stringContaining("D1 cannot be written") });
  expect(JSON.stringify(ready.body)).not.toContain("gsdhmcqltg3ajgd3");
  expect(await app.call("POST", "/v1/events", { body: { specversion: "1.0", id: "e", type: "a.b" } })).toMatchObject({ status: 202 });
  expect(await app.call("GET", "/v1/agents")).toMatchObject({ status: 503, body: { code: "unavailable", retryable: true } });
});

test("[READY6] status answers without D1, and says what is not known", async () => {
  const app = createTestApp(breakD1(locked), { migrations: requiredMigrations });
  expect(await app.call("GET", "/v1/status")).toMatchObject({
    status: 200,
    body: { ready: { status: "unavailable" }, threads: null, agents: null, deadLetters: null, parked: null, log: { lagMs: 12 } },
  });
});

const failing: [part: string, ports: Partial<AppPorts>, detail: string][] = [
  ["folder", { probeFolder: async () => "The data folder was deleted or moved away." }, "deleted"],
  ["folder", { probeFolder: () => Promise.reject(new Error("no answer")) }, "does not answer"],
  ["objects", { probeObjects: () => Promise.reject(new Error("internal error; reference = abc")) }, "full, read-only, gone"],
];

test.each(failing)("[READY7] %s: what fails is said", async (part, ports, detail) => {
  const app = createTestApp(await openMigrated(), { migrations: requiredMigrations, ...ports });
  const { status, body } = await app.call("GET", "/readyz");
  expect({ status, said: body.status }).toEqual({ status: 503, said: "unavailable" });
  expect(body.checks).toContainEqual({ part, ok: false, detail: expect.stringContaining(detail) });
});

test("[READY8] whoever asks again at once gets the same answer, for each reading writes", async () => {
  let probes = 0;
  const app = createTestApp(await openMigrated(), { probeObjects: async () => void probes++ });
  await Promise.all(Array.from({ length: 20 }, () => app.call("GET", "/readyz", { token: null })));
  expect(probes).toBe(1);
});

test("[READY9] paused: what there is can be read, nothing is taken in, and no agent is handed anything", async () => {
  const app = createTestApp(await openMigrated(), { paused: true });
  expect(await app.call("GET", "/readyz")).toMatchObject({ status: 503, body: { status: "paused" } });
  expect((await app.call("GET", "/v1/agents")).status).toBe(200);
  expect((await app.call("GET", "/v1/status")).status).toBe(200);
  for (const [method, path] of [
    ["POST", "/v1/events"],
    ["PUT", "/v1/workflows/x"],
    ["DELETE", "/v1/agents/x"],
    ["GET", "/v1/inbox"],
    ["GET", "/v1/inbox/stream"],
    ["GET", "/v1/connect"],
  ] as const)
    expect(await app.call(method, path), path).toMatchObject({ status: 503, body: { code: "unavailable", retryable: true, paused: true } });
});

test.each([
  locked,
  "internal error; reference = jbe7iphoenj9gk7p605cep67",
  "database or disk is full: SQLITE_FULL",
  "database is locked: SQLITE_BUSY",
  "unable to open database file: SQLITE_CANTOPEN",
  "disk I/O error: SQLITE_IOERR",
  "attempt to write a readonly database: SQLITE_READONLY",
])("[READY10] %s is unavailable, to be tried again", (message) => {
  expect(describeFailure(new Error(message), "c")).toMatchObject({ status: 503, code: "unavailable", retryable: true });
});

test.each(["x is not a function", "D1_ERROR: no such column: nope: SQLITE_ERROR", "UNIQUE constraint failed: SQLITE_CONSTRAINT"])(
  "[READY11] %s is a bug still",
  (message) => {
    expect(describeFailure(new Error(message), "c")).toMatchObject({ status: 500, code: "bug", retryable: false });
  },
);

test("[OWN4] a placement that there is not holds everything back, and says what to write; the one that there is may be written", async () => {
  expect([undefined, "", "own"].map(findPlacementFault)).toEqual([undefined, undefined, undefined]);
  const settingsFault = findPlacementFault("beside");
  const app = createTestApp(await openMigrated(), { migrations: requiredMigrations, settingsFault });
  expect(await app.call("GET", "/v1/threads", { token: null })).toMatchObject({
    status: 503,
    body: { code: "unavailable", detail: expect.stringMatching(/^NERVEFLARE_PLACEMENT is "beside".* Unset it/) },
  });
  expect((await app.call("GET", "/readyz", { token: null })).body).toMatchObject({
    status: "unavailable",
    checks: expect.arrayContaining([{ part: "settings", ok: false, detail: settingsFault }]),
  });
});

test("[PLACE2] the first server says where the actors of a database live; one of the other placement serves nothing, and says the ways out", async () => {
  const db = await openMigrated();
  const open = (placement: "own" | "cell", more: object = {}) => createTestApp(db, { migrations: requiredMigrations, placement, ...more });
  // One that shows only says nothing.
  expect((await open("own", { paused: true }).call("GET", "/v1/threads")).status).toBe(200);
  expect((await open("cell").call("GET", "/v1/threads")).status).toBe(200);
  const other = open("own");
  expect(await other.call("GET", "/v1/threads")).toMatchObject({
    status: 503,
    body: { code: "unavailable", detail: expect.stringMatching(/placement "cell".*NERVEFLARE_PLACEMENT=cell.*restore --placement own/) },
  });
  expect((await other.call("GET", "/readyz", { token: null })).body.checks).toContainEqual(
    expect.objectContaining({ part: "settings", ok: false }),
  );
  expect((await open("cell").call("GET", "/v1/threads")).status).toBe(200);
});

test("[PLACE10] while it cannot be asked where the actors of a database live nothing is served but how the server is; who has asked once goes on without D1", async () => {
  const db = await openMigrated();
  const broken = breakD1(locked);
  let away = true;
  const prepare = (sql: string) => (away ? broken : db).prepare(sql);
  const open = () =>
    createTestApp({ ...db, prepare, batch: (given: never[]) => (away ? broken : db).batch(given) } as unknown as D1Database, {
      migrations: requiredMigrations,
      placement: "cell",
    });
  const post = (app: ReturnType<typeof open>) => app.call("POST", "/v1/events", { body: { specversion: "1.0", id: "e", type: "a.b" } });
  const app = open();
  const refused = await post(app);
  expect(refused).toMatchObject({ status: 503, body: { code: "unavailable", retryable: true, detail: expect.stringContaining("D1") } });
  expect(Number(refused.headers.get("retry-after"))).toBeLessThan(10);
  expect(await app.call("GET", "/v1/status")).toMatchObject({ status: 200, body: { ready: { status: "unavailable" } } });
  const ready = await app.call("GET", "/readyz", { token: null });
  expect(ready.body.checks).not.toContainEqual(expect.objectContaining({ part: "settings" }));
  away = false;
  expect((await post(app)).status).toBe(202);
  away = true;
  expect((await post(app)).status).toBe(202);
  expect((await post(open())).status).toBe(503);
});

test("[PLACE9] while a cell's actors move, who asks for one is told to come again; an object that takes nothing over is named", async () => {
  // As an error of another object arrives: its words alone.
  const fail = (text: string) => () => Promise.reject(new Error(text));
  expect(describeFailure(new Error("cell_moves: the actors of this cell move"), "c")).toMatchObject({
    status: 503,
    detail: expect.stringMatching(/move.*placement own/),
  });
  const moving = createTestApp(openSqliteD1(), { placement: "cell", probeObjects: fail("cell_moves: the actors of this cell move") });
  expect(await moving.call("GET", "/readyz", { token: null })).toMatchObject({
    status: 503,
    body: { checks: expect.arrayContaining([{ part: "objects", ok: false, detail: expect.stringMatching(/move.*placement own/) }]) },
  });
  const open = (moveCell: () => Promise<never>) => createTestApp(openSqliteD1(), { placement: "cell", paused: true, moveCell });
  const order = (moveCell: () => Promise<never>) => open(moveCell).call("POST", "/v1/placement", { body: { placement: "own" } });
  expect(await order(fail("move_refused: bob's own object has stored something"))).toMatchObject({
    status: 409,
    body: { code: "not_allowed_now", detail: "move_refused: bob's own object has stored something" },
  });
  expect(await order(fail("x is not a function"))).toMatchObject({ status: 500, body: { code: "bug" } });
});

test("[PLACE2] data of before there was a choice have an object for each actor", async () => {
  const migration = readFileSync("migrations/0016_placement.sql", "utf8");
  for (const [made, kept] of [
    ["INSERT INTO registry (one, id, version) SELECT 1, 'x', 0 WHERE FALSE", undefined],
    ["INSERT INTO agent VALUES ('bob', 'active', 'r', 1, '[]', NULL, NULL, 0, 0)", { placement: "own" }],
  ] as const) {
    const db = openSqliteD1();
    await db.prepare("DROP TABLE placement").run();
    await db.prepare(made).run();
    for (const statement of migration.replace(/^--.*$/gm, "").split(";")) if (statement.trim()) await db.prepare(statement).run();
    expect((await db.prepare("SELECT placement FROM placement").first()) ?? undefined).toEqual(kept);
  }
});
