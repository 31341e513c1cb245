/** What the doctor finds in the folder of a real server: nothing in a sound one, and each harm by its name in a harmed one. */
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { connectAgent } from "../../src/client/index.ts";
import { formerHost } from "../../src/durable/host/former-tables.ts";
import { findObjectFile } from "../../src/local-server/object-names.ts";
import { spawnServer } from "../../src/local-server/spawn-server.ts";
import { copyInUse } from "./copy-in-use.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const within = { timeout: 60_000, interval: 100 };

interface Told {
  code: number;
  err: string;
  findings: {
    code: string;
    message: string;
    file?: string;
    actor?: string;
    thread?: string;
    agent?: string;
    mendable: boolean;
    mended?: boolean;
  }[];
}

async function examine(data: string, ...args: string[]): Promise<Told> {
  let [out, err] = ["", ""];
  const code = await runCli(["doctor", "--data", data, "--json", ...args], {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
  });
  return { code, err, findings: out === "" ? [] : JSON.parse(out).findings };
}

/** The folder of a server that stopped in order: one review is over, one runs. */
const sound = { data: "", done: "", running: "" };

/** The same of one that was killed. */
let killed = "";

beforeAll(async () => {
  const root = mkdtempSync(join(tmpdir(), "nerveflare-doctor-"));
  sound.data = join(root, "sound");
  killed = join(root, "killed");
  const server = spawnServer(sound.data);
  const facts = await server.ready;
  if (!facts) throw new Error((await server.ended).stderr);
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const author = connectAgent({
    url: facts.url,
    token: await operator.add("author", ["coding"]),
    onOffer: () => "claim",
    onTurn: () => ({ $status: "updated", note: "x" }),
  });
  const reviewer = connectAgent({
    url: facts.url,
    token: await operator.add("reviewer", ["code-review"]),
    onOffer: () => "claim",
    onTurn: () => ({ $status: "approved", summary: "good" }),
  });
  const begin = async (pr: number) =>
    (await author.send({ type: "pr.ready_for_review", id: `ready:${pr}`, data: { repo: "nerve", pr } })).threads[0] ?? "no thread";
  const findStatus = async (thread: string) => ((await operator.call("GET", `v1/threads/${thread}`)) as { status: string }).status;
  sound.done = await begin(1);
  await vi.waitFor(async () => expect(await findStatus(sound.done)).toBe("completed"), within);
  await reviewer.close();
  sound.running = await begin(2);
  await vi.waitFor(async () => {
    const { threads } = (await operator.call("GET", "v1/threads")) as { threads: { id: string; status: string }[] };
    expect(Object.fromEntries(threads.map(({ id, status }) => [id, status]))).toEqual({
      [sound.done]: "completed",
      [sound.running]: "recruiting",
    });
    // The log is written behind, by each object for itself.
    const countEvents = async (type: string) =>
      ((await operator.call("GET", `v1/events?type=${type}`)) as { events: unknown[] }).events.length;
    expect(await countEvents("pr.ready_for_review")).toBe(2);
    expect(await countEvents("nerve.thread.completed")).toBe(1);
  }, within);
  await author.close();
  await copyInUse(sound.data, killed);
  server.child.kill("SIGTERM");
  await server.ended;
  sweepLanes();
  return () => rmSync(root, { recursive: true, force: true });
}, 120_000);

/** As the objects do some time after their rows were written: else each would write them once more, and mend what we harm. */
function sweepLanes(): void {
  for (const file of readdirSync(join(sound.data, "state/do"), { recursive: true }).map(String)) {
    if (!/[0-9a-f]{64}\.sqlite$/.test(file)) continue;
    const db = new DatabaseSync(join(sound.data, "state/do", file));
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'journal'").get())
      db.exec("UPDATE journal SET body = json_remove(body, '$.log')");
    db.close();
  }
}

/** A copy to harm. */
async function copySound(): Promise<string> {
  const data = join(await makeDataFolder(), "data");
  cpSync(sound.data, data, { recursive: true });
  return data;
}

function openD1(data: string): DatabaseSync {
  const folder = join(data, "state/d1/miniflare-D1DatabaseObject");
  const file = readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) ?? "there is none";
  return new DatabaseSync(join(folder, file), { defensive: false } as object);
}

function change(data: string, sql: string): void {
  const db = openD1(data);
  db.exec(sql);
  db.close();
}

/** The file of an object. */
function findObject(data: string, className: string, name: string): string {
  return join(data, "state", findObjectFile(className, name));
}

function changeObject(data: string, className: string, name: string, sql: string): void {
  const db = new DatabaseSync(findObject(data, className, name));
  db.exec(sql);
  expect(db.prepare("SELECT total_changes() AS changes").get()).not.toEqual({ changes: 0 });
  db.close();
}

test("[DOCTOR1] nothing is wrong with the folder of a server that stopped in order", async () => {
  expect(await examine(await copySound())).toEqual({ code: 0, err: "", findings: [] });
});

test("[DOCTOR7] an archived thread has no object, and nothing is wrong with that", async () => {
  const data = await copySound();
  rmSync(findObject(data, "RecruitmentObject", sound.done));
  change(data, `INSERT INTO thread_archive VALUES ('${sound.done}', ${Date.now()}, '{}', '[]')`);
  expect(await examine(data)).toEqual({ code: 0, err: "", findings: [] });
});

/** A copy whose actors are all in one cell. @param sql harms that */
async function copyAsCell(sql = ""): Promise<string> {
  const data = await copySound();
  const objects = join(data, "state/do");
  const cell = new DatabaseSync(":memory:");
  for (const file of readdirSync(objects, { recursive: true }).map(String)) {
    if (!/[0-9a-f]{64}\.sqlite$/.test(file)) continue;
    cell.prepare("ATTACH DATABASE ? AS own").run(join(objects, file));
    for (const { name, sql } of cell.prepare("SELECT name, sql FROM own.sqlite_master WHERE type = 'table'").all() as never as Made[]) {
      if (!["journal", "document", "cursor"].includes(name)) continue;
      cell.exec(sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"));
      cell.exec(`INSERT OR REPLACE INTO main.${name} SELECT * FROM own.${name}`);
    }
    cell.exec("DETACH DATABASE own");
  }
  cell.exec(sql);
  rmSync(objects, { recursive: true });
  const file = findObject(data, "CellObject", "cell");
  mkdirSync(dirname(file), { recursive: true });
  cell.prepare("VACUUM INTO ?").run(file);
  cell.close();
  change(data, "UPDATE placement SET placement = 'cell'");
  return data;
}

interface Made {
  name: string;
  sql: string;
}

test("[DOCTOR9] of a cell the finding names its file and the actor; what cannot be read of one actor is said, and hides nothing of the others", async () => {
  const file = `state/${findObjectFile("CellObject", "cell")}`;
  expect(await examine(await copyAsCell())).toEqual({ code: 0, err: "", findings: [] });
  const lost = (actor: string): string => ["journal", "document"].map((table) => `DELETE FROM ${table} WHERE owner = '${actor}'`).join(";");
  const thread = `recruitment/${sound.done}`;
  const task = `task/${sound.done}`;
  const harmed = await examine(await copyAsCell(`${lost(task)}; ${lost("workflow/code-review")}; ${lost("agent/reviewer")}`));
  const told = harmed.findings.filter(({ code }) => code.endsWith("_lost")).map(({ code, file, actor }) => ({ code, file, actor }));
  expect(told).toEqual([
    { code: "task_lost", file, actor: task },
    { code: "workflow_lost", file, actor: "workflow/code-review" },
    { code: "agent_lost", file, actor: "agent/reviewer" },
  ]);
  const torn = await copyAsCell(`UPDATE document SET body = substr(body, 2) WHERE owner = '${thread}'; ${lost("agent/reviewer")}`);
  const { findings } = await examine(torn);
  expect(findings.map(({ code }) => code).sort()).toEqual(["agent_lost", "row_unreadable"]);
  expect(findings.find(({ code }) => code === "row_unreadable")?.message).toContain(`of ${thread}`);
  const data = await copyAsCell();
  change(data, "DELETE FROM thread");
  expect((await examine(data)).findings).toContainEqual(
    expect.objectContaining({ code: "thread_not_in_index", file, actor: thread, mendable: true }),
  );
  await examine(data, "--fix");
  expect(await examine(data)).toEqual({ code: 0, err: "", findings: [] });
  truncateSync(join(data, file), 9_000);
  expect((await examine(data)).findings.map(({ code, file: at }) => [code, at])).toEqual([["file_broken", file]]);
});

/** As an object of a version that has tables which this one does not know. */
const newerTables = `CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR REPLACE INTO schema_version VALUES ('recruitment', 99)`;

/** As an object of a version that kept an actor in several rows, which together are too many for one. */
const formerActor = `${formerHost.host.migrations.join("")}
  CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO schema_version VALUES ('host', 1);
  INSERT INTO actor SELECT 'big', 'task', '1', NULL, NULL, NULL, 'active', json_object('text', hex(zeroblob(500000))), 1, NULL, NULL, 0, 0;
  INSERT INTO timer SELECT 'big', 'later', 1, 1, json_object('text', hex(zeroblob(500000))), NULL`;

/** What a harm is called, and whether `--fix` mends it. */
const harms: [code: string, harm: (data: string) => void, expected: { mendable: boolean; names: () => string }][] = [
  ["thread_not_in_index", (data) => change(data, "DELETE FROM thread"), { mendable: true, names: () => sound.done }],
  [
    "index_behind",
    (data) => change(data, "UPDATE thread SET status = 'running', revision_number = 0 WHERE status = 'completed'"),
    { mendable: true, names: () => sound.done },
  ],
  [
    "object_behind",
    (data) => change(data, "UPDATE thread SET status = 'running', revision_number = 999 WHERE status = 'completed'"),
    { mendable: false, names: () => sound.done },
  ],
  [
    "event_not_in_log",
    (data) => change(data, "DELETE FROM log_entry WHERE type = 'pr.ready_for_review'"),
    { mendable: true, names: () => "ready:1" },
  ],
  [
    "event_not_in_log",
    (data) => change(data, "DELETE FROM log_entry WHERE type = 'nerve.turn.respond'"),
    { mendable: false, names: () => sound.done },
  ],
  ["revision_missing", (data) => change(data, "DELETE FROM revision"), { mendable: false, names: () => sound.running }],
  ["thread_lost", (data) => rmSync(findObject(data, "RecruitmentObject", sound.running)), { mendable: false, names: () => sound.running }],
  // Whatever is over is still shown.
  ["thread_lost", (data) => rmSync(findObject(data, "RecruitmentObject", sound.done)), { mendable: false, names: () => sound.done }],
  ["thread_lost", (data) => truncateSync(findObject(data, "RecruitmentObject", sound.done)), { mendable: false, names: () => sound.done }],
  ["task_lost", (data) => rmSync(findObject(data, "TaskObject", sound.done)), { mendable: false, names: () => sound.done }],
  ["task_lost", (data) => truncateSync(findObject(data, "TaskObject", sound.done)), { mendable: false, names: () => sound.done }],
  [
    "workflow_lost",
    (data) => rmSync(findObject(data, "WorkflowObject", "code-review")),
    { mendable: false, names: () => "The queue of workflow code-review" },
  ],
  ["agent_lost", (data) => rmSync(findObject(data, "AgentObject", "reviewer")), { mendable: false, names: () => "agents rotate reviewer" }],
  [
    "file_broken",
    (data) => {
      const file = openSync(findObject(data, "RecruitmentObject", sound.running), "r+");
      writeSync(file, Buffer.alloc(9_000, 7), 0, 9_000, 4_000);
    },
    { mendable: false, names: () => `It is thread ${sound.running}` },
  ],
  [
    "file_broken",
    (data) => {
      const db = openD1(data);
      const { sql, rootpage } = db.prepare("SELECT sql, rootpage FROM sqlite_master WHERE name = 'log_entry_type'").get() as {
        sql: string;
        rootpage: number;
      };
      db.exec("PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'log_entry_type'; PRAGMA writable_schema = RESET");
      db.exec("UPDATE log_entry SET type = type || '.x' WHERE type = 'pr.ready_for_review'");
      db.exec("PRAGMA writable_schema = ON");
      db.prepare("INSERT INTO sqlite_master VALUES ('index', 'log_entry_type', 'log_entry', ?, ?)").run(rootpage, sql);
      db.close();
    },
    { mendable: true, names: () => "state/d1/" },
  ],
  [
    "row_unreadable",
    (data) => changeObject(data, "WorkflowObject", "code-review", "UPDATE document SET body = substr(body, 2) WHERE collection = 'gate'"),
    { mendable: false, names: () => "gate rules of workflow/code-review" },
  ],
  [
    "table_newer",
    (data) => changeObject(data, "RecruitmentObject", sound.running, newerTables),
    { mendable: false, names: () => "was written by a newer version (recruitment 99)" },
  ],
  [
    "table_newer",
    (data) => changeObject(data, "AgentObject", "reviewer", "UPDATE document SET body = '99' WHERE owner = '' AND collection = 'format'"),
    { mendable: false, names: () => "(store 99)" },
  ],
  [
    "former_too_large",
    (data) => changeObject(data, "TaskObject", sound.running, formerActor),
    { mendable: false, names: () => "the actor big" },
  ],
  [
    "change_unfinished",
    (data) => change(data, "UPDATE agent SET state = 'removing' WHERE id = 'reviewer'"),
    { mendable: false, names: () => "agents remove reviewer" },
  ],
];

test.each(harms)(
  "[DOCTOR2] %s is found and named, and mended where that takes nothing away (%#)",
  async (code, harm, { mendable, names }) => {
    const data = await copySound();
    harm(data);
    const told = await examine(data);
    expect(told.code).toBe(1);
    expect([...new Set(told.findings.map((finding) => finding.code))]).toEqual([code]);
    expect(told.findings.some((finding) => finding.mendable)).toBe(mendable);
    expect(JSON.stringify(told.findings)).toContain(names());

    const mended = await examine(data, "--fix");
    expect({ code: mended.code, mended: mended.findings.every((finding) => finding.mended) }).toEqual({
      code: mendable ? 0 : 1,
      mended: mendable,
    });
    // What was not mended is as it was; what was is whole.
    expect((await examine(data)).findings.map((finding) => finding.code)).toEqual(
      mendable ? [] : told.findings.map((finding) => finding.code),
    );
  },
);

test("[DOCTOR3] a folder without its write-ahead logs is opened only by who says so, and starts then", async () => {
  const data = join(await makeDataFolder(), "bare");
  cpSync(killed, data, { recursive: true, filter: (from) => !/-(wal|shm)$/.test(from) });
  expect((await examine(data)).findings.map(({ code }) => code)).toContain("logs_missing");
  expect((await examine(data, "--fix")).findings).toContainEqual(expect.objectContaining({ code: "logs_missing", mended: true }));
  const { facts } = await startTestServer(data);
  expect((await fetch(`${facts.url}/readyz`)).status).toBe(200);
});

test("[DOCTOR8] looking at a killed server's folder, or backing it up, leaves one that is looked at, backed up and started again", async () => {
  const data = join(await makeDataFolder(), "looked-at");
  cpSync(killed, data, { recursive: true });
  const sink = { write: () => {} };
  const codes = (await examine(data)).findings.map(({ code }) => code);
  expect(codes).toEqual(["copied_in_use"]);
  for (const name of ["one", "two"]) {
    const backup = join(await makeDataFolder(), name);
    expect(await runCli(["backup", backup, "--data", data], { stdout: sink, stderr: sink, env: {} })).toBe(0);
  }
  expect((await examine(data)).findings.map(({ code }) => code)).toEqual(codes);

  const twice = join(await makeDataFolder(), "twice");
  cpSync(killed, twice, { recursive: true });
  for (const name of ["three", "four"]) {
    const backup = join(await makeDataFolder(), name);
    expect(await runCli(["backup", backup, "--data", twice], { stdout: sink, stderr: sink, env: {} })).toBe(0);
  }
  const { facts } = await startTestServer(data);
  expect((await fetch(`${facts.url}/readyz`)).status).toBe(200);
});

test("[DOCTOR4] of a running server a backup is examined, the folder itself is left alone", async () => {
  const data = await makeDataFolder();
  const { facts } = await startTestServer(data);
  expect(await examine(data)).toMatchObject({ code: 1, err: expect.stringContaining("already runs"), findings: [] });
  expect((await fetch(`${facts.url}/healthz`)).status).toBe(200);
  const backup = join(await makeDataFolder(), "backup");
  onTestFinished(() => rmSync(backup, { recursive: true, force: true }));
  expect(await runCli(["backup", backup, "--data", data], { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {} })).toBe(0);
  expect(await examine(backup)).toEqual({ code: 0, err: "", findings: [] });
});
