/**
 * A server whose actors all live in one cell: it is killed under load, and a backup of it moves to objects of their own. Neither placement
 * serves the other's data.
 */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { connectAgent, type TurnAssigned, type TurnOutput } from "../../src/client/index.ts";
import { findClassFolder } from "../../src/local-server/object-names.ts";
import { findCellFile } from "../../src/local-server/spread-cell.ts";
import { createOperator, type Operator } from "./operator.ts";
import { makeDataFolder, spawnTestServer, startTestServer } from "./server-process.ts";

const within = { timeout: 60_000, interval: 200 };
const own = { env: { NERVEFLARE_PLACEMENT: "own" } };
const cell = { env: { NERVEFLARE_PLACEMENT: "cell" } };

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const stdout = { write: (text: string) => (out += text) };
  const code = await runCli(args, { stdout, stderr: { write: (text) => (err += text) }, env: {} });
  return { code, out, err };
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

test("[CELL4] [PLACE1] [PLACE7] a cell that is killed under load is restored, or moved where it is, to objects of their own, where each thread goes to its end, once; neither serves the other's data", {
  timeout: 180_000,
}, async () => {
  const data = await makeDataFolder();
  const server = await startTestServer(data, cell);
  const operator = createOperator(server.facts);
  const tokens = await setUp(operator);
  // One thread is under way for certain: its reviewer never answers here.
  let held: string | undefined;
  const hold = (turn: TurnAssigned): TurnOutput | Promise<TurnOutput> => {
    held ??= turn.thread;
    return turn.thread === held ? new Promise(() => {}) : perform(turn);
  };
  const agents = [connect(server.facts.url, tokens.author), connect(server.facts.url, tokens.reviewer, hold)] as const;
  const [author] = agents;
  await author.ready;

  const accepted: string[] = [];
  async function load(client: number): Promise<void> {
    for (let n = 0; ; n++) {
      const answer = await author
        .send({ type: "pr.ready_for_review", id: `ready:${client}:${n}`, data: { repo: "nerve", pr: client * 10_000 + n } })
        .catch(() => null);
      if (!answer) return;
      accepted.push(...answer.threads);
    }
  }
  const loading = [0, 1, 2, 3].map(load);
  await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(20), within);
  for (const pid of [server.facts.pids.server, server.facts.pids.workerd]) process.kill(pid, "SIGKILL");
  await server.ended;
  await Promise.all(agents.map((agent) => agent.close({ finish: 0, release: false })));
  await Promise.all(loading);
  expect(findCellFile(join(data, "state")), "it was a cell").toBeDefined();

  expect(JSON.parse((await spawnTestServer(data, own).ended).stderr)).toEqual({
    error: expect.stringMatching(/^placement_differs: .* placement "cell"/),
    hint: expect.stringMatching(/NERVEFLARE_PLACEMENT=cell.*restore --placement own/),
  });

  // Each actor of it is looked at as if it had an object of its own.
  expect(JSON.parse((await run("doctor", "--data", data, "--json")).out).findings).toEqual([]);
  const backup = join(await makeDataFolder(), "backup");
  expect(await run("backup", backup, "--data", data)).toMatchObject({ code: 0 });
  const moved = join(await makeDataFolder(), "moved");
  expect(await run("restore", backup, "--data", moved, "--placement", "own")).toMatchObject({
    code: 0,
    err: expect.stringContaining("objects"),
  });
  expect(findCellFile(join(moved, "state"))).toBeUndefined();
  expect((await spawnTestServer(moved, cell).ended).stderr).toContain("NERVEFLARE_PLACEMENT=own");
  expect(existsSync(join(moved, "state"))).toBe(true);

  await moveInPlace(data);
  for (const folder of [moved, data]) await expectEnds(folder, accepted, tokens);
});

test("[PLACE15] a cell says that it is one, and its restored backup how it is started; objects of their own are not restored as a cell", {
  timeout: 60_000,
}, async () => {
  for (const placement of ["cell", "own"] as const) {
    const data = await makeDataFolder();
    const { facts, child, ended } = await startTestServer(data, { cell, own }[placement]);
    expect(facts.placement).toBe(placement);
    child.kill("SIGTERM");
    await ended;
    const backup = join(await makeDataFolder(), "backup");
    expect(await run("backup", backup, "--data", data)).toMatchObject({ code: 0 });
    const restored = await makeDataFolder();
    expect((await run("restore", backup, "--data", restored)).out).toMatch(
      placement === "cell" ? /`NERVEFLARE_PLACEMENT=cell nerveflare start/ : /`nerveflare start/,
    );
    expect(await run("restore", backup, "--data", restored)).toMatchObject({
      code: 1,
      err: expect.stringContaining("data_folder_not_empty: "),
    });
    const asCell = await run("restore", backup, "--data", await makeDataFolder(), "--placement", "cell");
    expect(asCell).toMatchObject(placement === "cell" ? { code: 0 } : { code: 1, err: expect.stringContaining("not_a_cell: ") });
  }
});

/** Moves the actors of a folder where they are, of which the first try is killed. */
async function moveInPlace(data: string): Promise<void> {
  const paused = { ...cell, args: ["--paused"] };
  const first = await startTestServer(data, paused);
  const { call } = createOperator(first.facts);
  const order = call("POST", "v1/placement", { body: JSON.stringify({ placement: "own" }) }).catch(() => null);
  const agents = join(data, "state", findClassFolder("AgentObject"));
  await vi.waitFor(() => expect(readdirSync(agents).some((name) => /^[0-9a-f]{64}/.test(name))).toBe(true), { ...within, interval: 1 });
  for (const pid of [first.facts.pids.server, first.facts.pids.workerd]) process.kill(pid, "SIGKILL");
  await Promise.all([first.ended, order]);
  const { facts, child, ended } = await startTestServer(data, paused);
  const told = await run("placement", "own", "--url", facts.url, "--token", facts.adminToken);
  expect(told).toMatchObject({ code: 0, out: expect.stringContaining("have objects of their own now") });
  // Again it says the same, or that this server is of the other placement.
  expect((await run("placement", "own", "--url", facts.url, "--token", facts.adminToken)).code).toBe(0);
  child.kill("SIGTERM");
  await ended;
  expect((await spawnTestServer(data, cell).ended).stderr).toContain("NERVEFLARE_PLACEMENT=own");
}

async function expectEnds(data: string, accepted: string[], tokens: { author: string; reviewer: string }): Promise<void> {
  const then = await startTestServer(data, own);
  const operatorThen = createOperator(then.facts);
  connect(then.facts.url, tokens.author);
  connect(then.facts.url, tokens.reviewer);
  for (const thread of accepted) {
    await vi.waitFor(
      async () => expect(await operatorThen.call("GET", `v1/threads/${thread}`)).toMatchObject({ status: "completed" }),
      within,
    );
    const { messages } = (await operatorThen.call("GET", `v1/threads/${thread}/messages`)) as { messages: { role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(["reviewer", "author", "reviewer"]);
  }
}
