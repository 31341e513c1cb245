/**
 * A backup of a server under load: whatever was accepted before it began is in it, and goes to its end after a restore. What
 * a restored folder shows before it is let run, and which folders are refused.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { connectAgent, type TurnAssigned, type TurnOutput } from "../../src/client/index.ts";
import { createOperator, type Operator } from "./operator.ts";
import { makeDataFolder, spawnTestServer, startTestServer } from "./server-process.ts";

const within = { timeout: 60_000, interval: 200 };

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const stdout = { write: (text: string) => (out += text) };
  const code = await runCli(args, { stdout, stderr: { write: (text) => (err += text) }, env: {} });
  return { code, out, err };
}

/** Takes a backup. Returns its folder. */
async function backUp(data: string, ...args: string[]): Promise<{ folder: string; stoodStill: number; running: boolean }> {
  const folder = join(await makeDataFolder(), "backup");
  const { code, out, err } = await run("backup", folder, "--data", data, "--json", ...args);
  expect(err).toBe("");
  expect(code).toBe(0);
  return { ...(JSON.parse(out) as { stoodStill: number; running: boolean }), folder };
}

async function restore(backup: string): Promise<string> {
  const data = join(await makeDataFolder(), "restored");
  const { code, err } = await run("restore", backup, "--data", data);
  expect({ code, err }).toMatchObject({ code: 0 });
  return data;
}

/** A review is: changes requested, updated, approved. */
function perform(turn: TurnAssigned): TurnOutput {
  if (turn.role.name === "author") return { $status: "updated", note: "done" };
  return turn.last?.role === "author" ? { $status: "approved", summary: "good" } : { $status: "changes_requested", changes: ["one"] };
}

function connect(url: string, token: string, onTurn: (turn: TurnAssigned) => TurnOutput | Promise<TurnOutput> = perform) {
  const agent = connectAgent({ url, token, slots: 1_000, onOffer: () => "claim", onTurn });
  onTestFinished(() => agent.close({ finish: 0, release: false }));
  return agent;
}

async function setUp(operator: Operator): Promise<{ author: string; reviewer: string }> {
  const body = (await readFile("workflows/code-review.yaml", "utf8"))
    .replace("concurrency: 8", "concurrency: 1000")
    .replace(/^ +where: "load < 3".*\n/m, "");
  await operator.call("PUT", "v1/workflows/code-review", { body, contentType: "text/yaml" });
  return { author: await operator.add("author", ["coding"]), reviewer: await operator.add("reviewer", ["code-review"]) };
}

async function findStatus(operator: Operator, thread: string): Promise<string> {
  return ((await operator.call("GET", `v1/threads/${thread}`)) as { status: string }).status;
}

test("[BACKUP1] a backup under load has all that was accepted before; killed, restored and looked at, each thread goes to its end, once", {
  timeout: 240_000,
}, async () => {
  const data = await makeDataFolder();
  const server = await startTestServer(data);
  const operator = createOperator(server.facts);
  const tokens = await setUp(operator);
  // One thread is under way for certain: its reviewer never answers here.
  let held: string | undefined;
  const hold = (turn: TurnAssigned): TurnOutput | Promise<TurnOutput> => {
    held ??= turn.thread;
    return turn.thread === held ? new Promise(() => {}) : perform(turn);
  };
  const [author, reviewer] = [connect(server.facts.url, tokens.author), connect(server.facts.url, tokens.reviewer, hold)];
  await author.ready;

  const accepted: string[] = [];
  let stop = false;
  async function load(client: number): Promise<void> {
    for (let n = 0; !stop; n++) {
      const answer = await author
        .send({ type: "pr.ready_for_review", id: `ready:${client}:${n}`, data: { repo: "nerve", pr: client * 10_000 + n } })
        .catch(() => null);
      // Its client was closed, or the server is gone for good.
      if (!answer) return;
      accepted.push(...answer.threads);
    }
  }
  const loading = [0, 1, 2, 3].map(load);
  await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(20), within);
  const before = [...accepted];
  const { folder, running, stoodStill } = await backUp(data);
  expect(running).toBe(true);
  expect(stoodStill).toBeGreaterThan(0);
  // The server goes on as if nothing had been.
  const meanwhile = accepted.length;
  await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(meanwhile), within);
  stop = true;
  process.kill(server.facts.pids.server, "SIGKILL");
  await server.ended;
  await Promise.all([...loading, author.close({ finish: 0, release: false }), reviewer.close({ finish: 0, release: false })]);

  const restored = await restore(folder);
  const paused = await startTestServer(restored, { args: ["--paused"] });
  const operatorThen = createOperator(paused.facts);
  const statuses = new Map<string, string>();
  for (const thread of before) statuses.set(thread, await findStatus(operatorThen, thread));
  const open = before.filter((thread) => statuses.get(thread) !== "completed");
  expect(open.length, "nothing was under way, so this test shows little").toBeGreaterThan(0);
  // It is looked at, and nothing runs: not even what was overdue when it came up.
  for (let look = 0; look < 20; look++) {
    const { isolate, ready } = (await operatorThen.call("GET", "v1/status")) as {
      isolate: { steps: number; commits: Record<string, number> };
      ready: { status: string };
    };
    expect({ steps: isolate.steps, d1: isolate.commits.d1, ready: ready.status }).toEqual({ steps: 0, d1: 0, ready: "paused" });
  }
  await expect(operatorThen.call("POST", `v1/threads/${open[0]}/cancel`, { body: "{}" })).rejects.toMatchObject({ code: "unavailable" });
  for (const thread of open) expect(await findStatus(operatorThen, thread)).toBe(statuses.get(thread));

  expect(await run("unpause", "--server", "--data", restored)).toMatchObject({ code: 0 });
  expect((await fetch(`${paused.facts.url}/readyz`)).status).toBe(200);
  connect(paused.facts.url, tokens.author);
  connect(paused.facts.url, tokens.reviewer);
  for (const thread of before) {
    await vi.waitFor(async () => expect(await findStatus(operatorThen, thread)).toBe("completed"), within);
    const { messages } = (await operatorThen.call("GET", `v1/threads/${thread}/messages`)) as {
      messages: { round: number; role: string }[];
    };
    expect(messages.map(({ role }) => role)).toEqual(["reviewer", "author", "reviewer"]);
  }
});

test("[BACKUP2] a backup at rest, restored, starts as its original; restoring what is no backup, or into a folder that is not empty, is refused", async () => {
  const data = await makeDataFolder();
  const server = await startTestServer(data);
  await createOperator(server.facts).add("kept", ["x"]);
  server.child.kill("SIGTERM");
  await server.ended;

  const { folder, running } = await backUp(data);
  expect(running).toBe(false);
  const restored = await restore(folder);
  const again = await startTestServer(restored);
  expect(again.facts.adminToken).toBe(server.facts.adminToken);
  expect(await createOperator(again.facts).call("GET", "v1/agents/kept")).toMatchObject({ id: "kept" });

  expect(await run("restore", folder, "--data", restored)).toMatchObject({ code: 1, err: expect.stringContaining("is not empty") });
  expect(await run("backup", folder, "--data", data)).toMatchObject({ code: 1, err: expect.stringContaining("is not empty") });
  expect(await run("restore", data, "--data", join(await makeDataFolder(), "x"))).toMatchObject({
    code: 1,
    err: expect.stringContaining("not a whole backup"),
  });
  expect(await run("backup", join(await makeDataFolder(), "x"), "--data", join(data, "nothing"))).toMatchObject({
    code: 1,
    err: expect.stringContaining("no data"),
  });
});

test("[BACKUP3] a damaged backup, or one of a newer version, is refused, and what a broken restore left is not started", async () => {
  const data = await makeDataFolder();
  const server = await startTestServer(data);
  const { folder } = await backUp(data);
  server.child.kill("SIGTERM");
  await server.ended;
  const manifest = JSON.parse(readFileSync(join(folder, "backup.json"), "utf8"));

  const damaged = join(await makeDataFolder(), "damaged");
  cpSync(folder, damaged, { recursive: true });
  const [file = ""] = Object.keys(manifest.files).filter((name) => name.startsWith("state/d1/"));
  writeFileSync(join(damaged, file), "not a database");
  const target = join(await makeDataFolder(), "target");
  expect(await run("restore", damaged, "--data", target)).toMatchObject({ code: 1, err: expect.stringContaining(file) });
  const refused = spawnTestServer(target);
  expect(await refused.ready).toBeNull();
  expect((await refused.ended).stderr).toContain("did not come to its end");

  const newer = join(await makeDataFolder(), "newer");
  cpSync(folder, newer, { recursive: true });
  writeFileSync(join(newer, "backup.json"), JSON.stringify({ ...manifest, version: "99.0.0", migrations: ["9999_future.sql"] }));
  expect(await run("restore", newer, "--data", join(await makeDataFolder(), "x"))).toMatchObject({
    code: 1,
    err: expect.stringMatching(/9999_future\.sql[\s\S]*99\.0\.0/),
  });
  rmSync(newer, { recursive: true });
});
