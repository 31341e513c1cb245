/** What a machine does to a server: a full disk, a locked database, a folder that is copied, deleted or not to be opened; and how it starts. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { connectAgent } from "../../src/client/index.ts";
import { requiredMigrations } from "../../src/durable/required-migrations.ts";
import { readRecord } from "../../src/local-server/data-folder.ts";
import { isAlive } from "../../src/local-server/process-identity.ts";
import { copyInUse } from "./copy-in-use.ts";
import { findFreePort } from "./find-free-port.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, spawnTestServer, startTestServer } from "./server-process.ts";

type Facts = Awaited<ReturnType<typeof startTestServer>>["facts"];

const within = { timeout: 20_000, interval: 100 };

async function call({ url, adminToken }: Pick<Facts, "url" | "adminToken">, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape; a wrong one fails where it is looked at.
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), body: (await answer.json()) as any };
}

/** What a client does that would drop its work if it were told not to come again. */
function work(facts: Facts, id: string, size = 10) {
  const event = { specversion: "1.0", id, type: "some.thing", source: "/operators/admin", data: { text: "x".repeat(size) } };
  return Promise.all([call(facts, "POST", "/v1/events", event), call(facts, "POST", "/v1/agents", { id: `agent-${id}` })]);
}

function expectRetryable(answers: Awaited<ReturnType<typeof call>>[]): void {
  for (const { status, retryAfter, body } of answers.filter((answer) => answer.status >= 400)) {
    expect({ status, code: body.code, retryable: body.retryable }).toEqual({ status: 503, code: "unavailable", retryable: true });
    expect(Number(retryAfter)).toBeGreaterThan(0);
  }
}

async function runStatus(facts: Facts, ...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const output = { write: (part: string) => (text += part) };
  const env = { NERVEFLARE_URL: facts.url, NERVEFLARE_ADMIN_TOKEN: facts.adminToken };
  const code = await runCli(["status", ...args], { stdout: output, stderr: output, env });
  return { code, text };
}

function findD1(data: string): string {
  const folder = join(data, "state/d1/miniflare-D1DatabaseObject");
  const name = readdirSync(folder).find((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  return join(folder, name ?? "there is no D1");
}

/** Makes D1 anew with these migrations only. */
function rebuildD1(data: string, names: readonly string[]): void {
  const d1 = new DatabaseSync(findD1(data));
  const things = d1
    .prepare(
      "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%' ORDER BY type DESC",
    )
    .all();
  for (const { type, name } of things) d1.exec(`DROP ${type} "${name}"`);
  d1.exec(
    "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
  );
  for (const name of names) {
    d1.exec(readFileSync(join("migrations", name), "utf8"));
    d1.prepare("INSERT INTO d1_migrations (name) VALUES (?)").run(name);
  }
  d1.close();
}

test("[SRV10] a locked D1 is unavailable, retryable, and named by readiness and status; then all goes on", async () => {
  const data = await makeDataFolder();
  const { facts } = await startTestServer(data);
  const lock = new DatabaseSync(findD1(data));
  lock.exec("BEGIN EXCLUSIVE");

  const answers = await work(facts, "locked");
  expectRetryable(answers);
  expect(answers.some(({ status }) => status === 503)).toBe(true);
  expect(await call(facts, "GET", "/healthz")).toMatchObject({ status: 200 });
  await vi.waitFor(async () => {
    expect(await call(facts, "GET", "/readyz")).toMatchObject({
      status: 503,
      body: { status: "unavailable", checks: expect.arrayContaining([expect.objectContaining({ part: "index", ok: false })]) },
    });
  }, within);
  const status = await runStatus(facts);
  expect(status.code).toBe(0);
  expect(status.text).toContain("index: D1 cannot be written");

  lock.exec("COMMIT");
  lock.close();
  await vi.waitFor(async () => expect((await work(facts, "locked")).map(({ status }) => status)).toEqual([202, 201]), within);
  await vi.waitFor(async () => expect((await call(facts, "GET", "/readyz")).body.status).toBe("ready"), within);
});

test("[SRV11] a full disk is unavailable, retryable, and named; with room again all goes on", async (context) => {
  const disk = await makeDataFolder();
  if (!mountSmallDisk(disk, "24m")) return context.skip();
  const { facts } = await startTestServer(join(disk, "data"));
  spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "fill")}`, "bs=4k"], { stdio: "ignore" });

  const answers = [...(await work(facts, "full-1", 50_000)), ...(await work(facts, "full-2", 50_000))];
  expectRetryable(answers);
  expect(answers.some(({ status }) => status === 503)).toBe(true);
  await vi.waitFor(async () => {
    const { status, body } = await call(facts, "GET", "/readyz");
    expect({ status, said: body.status }).toEqual({ status: 503, said: "unavailable" });
    expect(body.checks).toContainEqual({ part: "folder", ok: false, detail: expect.stringContaining("The disk is full") });
  }, within);
  expect((await runStatus(facts)).text).toContain("The disk is full");

  rmSync(join(disk, "fill"));
  await vi.waitFor(async () => expect((await work(facts, "full-1", 50_000)).map(({ status }) => status)).toEqual([202, 201]), within);
  await vi.waitFor(async () => expect((await call(facts, "GET", "/readyz")).body.status).toBe("ready"), within);
});

test("[SRV12] when its folder is deleted a server takes nothing more, tells whoever asks why, and does not make the folder again", async () => {
  const data = await makeDataFolder();
  const { facts } = await startTestServer(data);
  rmSync(data, { recursive: true });

  await vi.waitFor(async () => {
    const answers = await work(facts, "deleted");
    expect(answers.map(({ status, body }) => [status, body.code, body.retryable])).toEqual([
      [503, "unavailable", true],
      [503, "unavailable", true],
    ]);
    expect(answers[0].body.detail).toContain("deleted or moved away");
  }, within);
  expect(await call(facts, "GET", "/healthz")).toMatchObject({ status: 200 });
  expect(await call(facts, "GET", "/readyz")).toMatchObject({ status: 503, body: { status: "unavailable" } });
  const status = await runStatus(facts);
  expect(status.code).toBe(1);
  expect(status.text).toContain("folder: The data folder was deleted or moved away");
  expect(existsSync(data)).toBe(false);
});

test("[SRV13] a copy of a folder in use starts beside its original, which serves on", async () => {
  const data = await makeDataFolder();
  const original = await startTestServer(data);
  await work(original.facts, "before");
  const copy = join(await makeDataFolder(), "copy");
  await copyInUse(data, copy);

  const second = await startTestServer(copy);

  expect(await call(second.facts, "GET", "/v1/agents/agent-before")).toMatchObject({ status: 200 });
  expect(original.child.exitCode).toBeNull();
  expect((await work(original.facts, "after")).map(({ status }) => status)).toEqual([202, 201]);
  const runtime = readRecord(join(data, "server.json"))?.workerd;
  expect(runtime?.pid).toBe(original.facts.pids.workerd);
  expect(runtime && isAlive(runtime)).toBe(true);
});

test("[SRV14] while a server starts, and while it upgrades a folder, nobody is answered wrongly", async () => {
  const data = await makeDataFolder();
  const first = await startTestServer(data);
  await work(first.facts, "old");
  first.child.kill("SIGTERM");
  await first.ended;
  // As a version left it that did not know the newest migration.
  rebuildD1(data, requiredMigrations.slice(0, -1));

  const { adminToken } = first.facts;
  for (const folder of [data, await makeDataFolder()]) {
    const port = await findFreePort();
    const server = spawnTestServer(folder, { port, env: { NERVEFLARE_ADMIN_TOKEN: adminToken } });
    let up = false;
    const ready = server.ready.finally(() => {
      up = true;
    });
    const answers: string[] = [];
    while (!up) {
      // Refused connections are right: nothing listens yet.
      const answer = await call({ url: `http://127.0.0.1:${port}`, adminToken }, "GET", "/v1/agents").catch(() => null);
      if (answer) answers.push(`${answer.status} ${answer.body.code ?? ""}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await ready, (await Promise.race([server.ended, { stderr: "" }])).stderr).not.toBeNull();
    answers.push(String((await call({ url: `http://127.0.0.1:${port}`, adminToken }, "GET", "/readyz")).status));
    expect(new Set(answers.map((answer) => answer.trim()))).toEqual(new Set(["200"]));
  }
});

test("[SRV15] a folder without its write-ahead logs, or of a newer version, is refused with the reason and left as it is", async () => {
  const data = await makeDataFolder();
  const server = await startTestServer(data);
  await work(server.facts, "one");
  process.kill(server.facts.pids.server, "SIGKILL");
  await server.ended;
  const bare = join(await makeDataFolder(), "bare");
  cpSync(data, bare, { recursive: true, filter: (from) => !/-(wal|shm)$/.test(from) });
  for (const again of [1, 2]) {
    const refused = spawnTestServer(bare);
    expect(await refused.ready, `try ${again}`).toBeNull();
    expect(await refused.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("lacks the write-ahead logs") });
  }

  const whole = await startTestServer(data);
  expect(await call(whole.facts, "GET", "/v1/agents/agent-one")).toMatchObject({ status: 200 });
  whole.child.kill("SIGTERM");
  await whole.ended;
  // Stopped in order, each file is whole by itself.
  expect(readdirSync(data, { recursive: true }).filter((file) => /-(wal|shm)$/.test(String(file)))).toEqual([]);
  const d1 = new DatabaseSync(findD1(data));
  d1.exec("INSERT INTO d1_migrations (name) VALUES ('9999_of_the_future.sql')");
  d1.close();
  const newer = spawnTestServer(data);
  expect(await newer.ready).toBeNull();
  expect(await newer.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("9999_of_the_future.sql") });
});

test("[SRV16] a folder whose objects a newer version wrote is refused with that version's name", async () => {
  const data = await makeDataFolder();
  writeFileSync(join(data, "folder.json"), JSON.stringify({ format: 1, version: "99.0.0", rooms: { task: 999 }, migrations: [] }));
  const refused = spawnTestServer(data);
  expect(await refused.ready).toBeNull();
  expect(await refused.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/tables of task[\s\S]*version 99\.0\.0/) });
  await rm(data, { recursive: true });
});

test("[SRV17] threads that run while the disk is full go to their end when there is room: nothing is lost, set aside or doubled", {
  timeout: 240_000,
}, async (context) => {
  const disk = await makeDataFolder();
  if (!mountSmallDisk(disk, "64m")) return context.skip();
  const { facts } = await startTestServer(join(disk, "data"));
  const operator = createOperator(facts);
  const body = (await readFile("workflows/code-review.yaml", "utf8"))
    .replace("concurrency: 8", "concurrency: 100")
    .replace(/^ +where: "load < 3".*\n/m, "");
  await operator.call("PUT", "v1/workflows/code-review", { body, contentType: "text/yaml" });
  const performed = new Map<string, number>();
  const connect = async (id: string, capability: string) => {
    const agent = connectAgent({
      url: facts.url,
      token: await operator.add(id, [capability]),
      slots: 1_000,
      onOffer: () => "claim",
      onTurn(turn) {
        performed.set(turn.turn, (performed.get(turn.turn) ?? 0) + 1);
        if (turn.role.name === "author") return { $status: "updated", note: "x".repeat(20_000) };
        return turn.last?.role === "author" ? { $status: "approved", summary: "good" } : { $status: "changes_requested", changes: ["one"] };
      },
    });
    onTestFinished(() => agent.close({ finish: 0, release: false }));
    return agent;
  };
  const author = await connect("author", "coding");
  await connect("reviewer", "code-review");

  const sent = Array.from({ length: 30 }, (_, pr) =>
    author.send({ type: "pr.ready_for_review", id: `ready:${pr}`, data: { repo: "nerve", pr } }).then(({ threads }) => threads),
  );
  // Not awaited before the disk is full; judged afterwards.
  for (const one of sent) one.catch(() => {});
  await vi.waitFor(() => expect(performed.size).toBeGreaterThan(5), within);
  spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "fill")}`, "bs=64k"], { stdio: "ignore" });
  await vi.waitFor(async () => expect((await call(facts, "GET", "/readyz")).body.status).toBe("unavailable"), within);
  rmSync(join(disk, "fill"));

  const threads = (await Promise.all(sent)).flat();
  expect(new Set(threads).size).toBe(30);
  for (const thread of threads) {
    await vi.waitFor(async () => expect((await call(facts, "GET", `/v1/threads/${thread}`)).body.status).toBe("completed"), {
      timeout: 120_000,
      interval: 200,
    });
    const { body: told } = await call(facts, "GET", `/v1/threads/${thread}/messages`);
    expect(told.messages.map(({ role }: { role: string }) => role)).toEqual(["reviewer", "author", "reviewer"]);
  }
  expect((await call(facts, "GET", "/v1/dead-letters")).body.deadLetters).toEqual([]);
});

/** Mounts a disk of that size for the test. False, and said, where that is not allowed. */
function mountSmallDisk(folder: string, size: string): boolean {
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", folder], { encoding: "utf8" });
  if (mounted.status !== 0) {
    console.warn(`skipped: a small disk takes the right to mount: ${mounted.stderr}`);
    return false;
  }
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return true;
}
