/** The package of `python/` on the real server behind a proxy that misbehaves: reviews complete, and no answer is worked for twice. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, type TestContext, test, vi } from "vitest";
import { faultPlans } from "../../src/chaos/fault-plans.ts";
import { startFaultyProxy } from "../../src/chaos/faulty-proxy.ts";
import { connectAgent } from "../../src/client/index.ts";
import { type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { createSignal } from "../unit/client/signal.ts";
import { createOperator, type Facts } from "./operator.ts";
import { findPythons, type Python, type PythonAgent, preparePython, startReviewer } from "./python-process.ts";

const missing = "there is no Python of 3.10 or newer on this machine";
let python: Python | undefined;
let server: ServerProcess;
let folder: string;
let facts: Facts;
let stages = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nerveflare-e2e-"));
  python = await preparePython();
  if (!python) return console.warn(`the package of python/ is not tried: ${missing}`);
  console.log(`the package of python/ is tried ${python.how}`);
  server = spawnServer(folder);
  const ready = await server.ready;
  if (!ready) throw new Error(`the server ended before it was ready: ${(await server.ended).stderr}`);
  facts = ready;
}, 240_000);

afterAll(async () => {
  server?.child.kill("SIGTERM");
  await server?.ended;
  await Promise.all([python?.remove(), rm(folder, { recursive: true, force: true, maxRetries: 5 })]);
});

/** What a test here needs of its context: they run side by side. */
type Context = Pick<TestContext, "skip" | "onTestFinished" | "onTestFailed">;

/** A proxy, a workflow by a name of its own, an author who does what reviewers ask for, and the means to start reviews and reviewers. */
async function createStage({ skip, onTestFinished, onTestFailed }: Context, way: "socket" | "poll", write = writeReview) {
  if (!python) return skip(missing);
  if (!python.ways.includes(way)) return skip(`this machine has no websockets for Python: ${python.how}`);
  const given = python;
  const name = `review${++stages}`;
  const operator = createOperator(facts);
  await operator.call("PUT", `v1/workflows/${name}`, { body: await write(name), contentType: "application/yaml" });
  const proxy = await startFaultyProxy({ target: facts.url, seed: 7 });
  onTestFinished(() => proxy.close());
  const over = new Map<string, string>();
  const { notify, until } = createSignal();
  const author = connectAgent({
    url: facts.url,
    token: await operator.add(`${name}-author`, ["coding"]),
    slots: 8,
    onTurn: () => ({ $status: "updated", note: "done" }),
    onNote: () => {},
    onEvent({ type, data: about }) {
      if (!/^nerve\.thread\.(completed|failed|cancelled|dropped)$/.test(type)) return;
      over.set((about as { thread: string }).thread, type);
      notify();
    },
  });
  onTestFinished(() => author.close({ release: false }));
  const token = await operator.add(`${name}-snake`, [name]);
  const state = join(folder, `${name}.json`);
  let number = 0;
  return {
    ...{ name, operator, proxy, state },
    start(settings: Record<string, string> = {}): PythonAgent {
      const own = { NERVEFLARE_URL: proxy.url, NERVEFLARE_TOKEN: token, WAYS: way, STATE: state, ROLE: `${name}/reviewer` };
      const agent = startReviewer(given, { ...own, ...settings });
      onTestFinished(() => agent.end());
      onTestFailed(() => console.error(agent.stderr()));
      return agent;
    },
    async begin(): Promise<string> {
      const { threads } = await author.send({ type: `${name}.ready`, data: { repo: "nerve", pr: ++number } });
      return threads[0] as string;
    },
    async completed(threads: string[], roles = ["reviewer", "author", "reviewer"]) {
      await until(() => threads.every((thread) => over.has(thread)));
      for (const thread of threads) {
        expect(over.get(thread)).toBe("nerve.thread.completed");
        const { messages } = (await operator.call("GET", `v1/threads/${thread}/messages`)) as { messages: { role: string }[] };
        expect(messages.map(({ role }) => role)).toEqual(roles);
      }
    },
  };
}

/** The project's own review, for agents of its own. */
async function writeReview(name: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, "../../workflows/code-review.yaml"), "utf8");
  return text
    .replace("name: code-review", `name: ${name}`)
    .replace("capabilities: [code-review]", `capabilities: [${name}]`)
    .replace("pr.ready_for_review", `${name}.ready`);
}

/** How often the work of each turn was brought to its end. */
function countEnds(...agents: PythonAgent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { end } of agents.flatMap(({ said }) => said)) if (end !== undefined) counts[end] = (counts[end] ?? 0) + 1;
  return counts;
}

test("[PY1] each part of the package keeps its own promises", ({ skip }) => {
  const [program] = findPythons();
  if (program === undefined) return skip(missing);
  const { status, stderr } = spawnSync(program, ["-m", "unittest", "discover", "-s", "python/tests"], {
    cwd: join(import.meta.dirname, "../.."),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    encoding: "utf8",
  });
  expect(stderr).toMatch(/Ran [1-9]\d+ tests/);
  expect(status, stderr).toBe(0);
});

const ways = ["socket", "poll"] as const;

test.concurrent.for(ways)(
  "[PY2] by %s behind a line that is cut, every review completes and no work is done twice",
  async (way, context) => {
    const stage = await createStage(context, way);
    stage.proxy.plan = faultPlans.cuts;
    const agent = stage.start({ SLOTS: "3" });
    await stage.completed(await Promise.all([stage.begin(), stage.begin(), stage.begin()]));
    // What idles is cut as well: the next reviews find whoever has come back.
    await vi.waitFor(() => expect(stage.proxy.struck.cut).toBeGreaterThan(1), { timeout: 30_000, interval: 20 });
    await stage.completed(await Promise.all([stage.begin(), stage.begin(), stage.begin()]));
    expect(Object.values(countEnds(agent))).toEqual(Array.from({ length: 12 }, () => 1));
  },
);

test.concurrent.for(ways)(
  "[PY3] killed in mid-turn and started again by %s, it performs the turn again and the review completes",
  async (way, context) => {
    const stage = await createStage(context, way);
    const killed = stage.start({ HOLD: "1" });
    const thread = await stage.begin();
    await killed.until(() => killed.said.some(({ start }) => start !== undefined));
    killed.kill("SIGKILL");
    await killed.ended;
    const next = stage.start();
    await stage.completed([thread]);
    expect(Object.values(countEnds(killed, next))).toEqual([1, 1]);
  },
);

test.concurrent.for(ways)(
  "[PY4] killed by %s before its answer was heard, it sends that answer again and does not work again",
  async (way, context) => {
    const stage = await createStage(context, way);
    const killed = stage.start({ HOLD: "1" });
    const thread = await stage.begin();
    await killed.until(() => killed.said.some(({ start }) => start !== undefined));
    const { target } = stage.proxy;
    stage.proxy.target = "http://127.0.0.1:9";
    stage.proxy.cut();
    killed.letGo();
    await killed.until(() => killed.said.some(({ end }) => end !== undefined));
    await vi.waitFor(async () => expect(await readFile(stage.state, "utf8")).toContain("nerve.turn.respond"), {
      timeout: 20_000,
      interval: 20,
    });
    killed.kill("SIGKILL");
    await killed.ended;
    stage.proxy.target = target;
    const next = stage.start();
    await stage.completed([thread]);
    expect(Object.values(countEnds(killed, next))).toEqual([1, 1]);
  },
);

test.concurrent.for([
  { finish: "30", ends: 1, what: "lets its turn finish" },
  { finish: "0.2", ends: 0, what: "leaves the turn that takes too long" },
])("[PY5] at SIGTERM it $what, gives its role back and ends with 0", async ({ finish, ends }, context) => {
  const stage = await createStage(context, "poll");
  const leaving = stage.start({ HOLD: "1", FINISH: finish });
  const thread = await stage.begin();
  await leaving.until(() => leaving.said.some(({ start }) => start !== undefined));
  leaving.kill("SIGTERM");
  if (ends > 0) leaving.letGo();
  expect(await leaving.ended).toMatchObject({ code: 0 });
  expect(leaving.said.at(-1)).toEqual({ closed: true });
  expect(Object.values(countEnds(leaving))).toEqual(ends > 0 ? [1] : []);
  // Were the role still held, nobody else would be asked for minutes.
  const another = await stage.operator.add(`${stage.name}-viper`, [stage.name]);
  stage.start({ NERVEFLARE_TOKEN: another, STATE: `${stage.state}.viper` });
  await stage.completed([thread]);
});

test.concurrent("[PY6] an output that is not of the role's schema is shown to the handler with what to change", async (context) => {
  const stage = await createStage(context, "poll");
  const agent = stage.start({ SLOPPY: "1" });
  await stage.completed([await stage.begin()]);
  const [first, second] = agent.said.filter(({ start }) => start !== undefined);
  expect([first?.invalid, second?.start, second?.left]).toEqual([null, first?.start, 2]);
  expect(second?.invalid?.map(({ message }) => message).join()).toMatch(/splendid|approved/);
});

test.concurrent("[PY7] a token that is not valid ends it with what to do", async (context) => {
  const stage = await createStage(context, "poll");
  const { code, stderr } = await stage.start({ NERVEFLARE_TOKEN: `snake.${"A".repeat(43)}`, WAYS: "socket,poll" }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/unauthenticated: .*operator/i);
});

test.concurrent("[PY8] where sockets are refused it polls", async (context) => {
  const stage = await createStage(context, "socket");
  stage.proxy.plan = { upgrades: "refuse" };
  const agent = stage.start({ WAYS: "socket,poll" });
  await agent.until(() => agent.said.some(({ way }) => way === "poll"));
  await stage.completed([await stage.begin()]);
  expect(stage.proxy.struck.upgrades).toBeGreaterThan(0);
});

/** One job of a role that is lost after eight seconds of silence. */
const writeQuick = async (name: string) => `version: 1
binding: cloud
name: ${name}
description: One job.
reflexes:
  - { kind: workflow, on: [${name}.ready] }
roles:
  reviewer:
    type: open
    description: Does it.
    goal: Do the job.
    capabilities: [${name}]
    heartbeat: { every: 3s, miss: 2 }
    offline: { grace: 2s, then: suspend }
    procedure: Do it.
    output: The job.
    frontmatter:
      oneOf:
        - properties: { $status: { const: changes_requested }, changes: {} }
          required: [$status]
graph:
  $START:
    new: { role: reviewer, prompt: "Do it." }
  reviewer:
    changes_requested: { role: $END, prompt: "Done." }
`;

test.concurrent.for(ways)("[PY9] by %s a handler that blocks for longer than the role's window keeps the role", async (way, context) => {
  const stage = await createStage(context, way, writeQuick);
  const agent = stage.start({ HOLD: "1" });
  const thread = await stage.begin();
  await agent.until(() => agent.said.some(({ start }) => start !== undefined));
  // Longer than the window: what is tried is that nothing happens in it.
  await delay(12_000);
  agent.letGo();
  await stage.completed([thread], ["reviewer"]);
  expect(Object.values(countEnds(agent))).toEqual([1]);
});

/** One role makes a report, which another reads. */
const writeReport = async (name: string) => `version: 1
binding: cloud
name: ${name}
description: One makes a report, another reads it.
reflexes:
  - { kind: workflow, on: [${name}.ready] }
roles:
  maker:
    type: open
    goal: Make it.
    capabilities: [${name}]
    frontmatter:
      type: object
      required: [$status, report]
      properties: { $status: { const: made }, report: { format: artifact, contentMediaType: text/csv } }
  reader:
    type: open
    goal: Read it.
    capabilities: [${name}]
    eligibility: { not: [maker] }
    frontmatter: { type: object, required: [$status, sum], properties: { $status: { const: read }, sum: { type: string } } }
graph:
  $START:
    new: { role: maker, prompt: Make a report. }
  maker:
    made: { role: reader, prompt: "Read {{ report }}." }
  reader:
    read: { role: $END, prompt: "{{ sum }}" }
`;

test.concurrent("[PY10] artifacts go from one to another in parts, and what comes is what was brought", async (context) => {
  const stage = await createStage(context, "poll", writeReport);
  const content = "12345,67890\n".repeat(1_000_000);
  const [brought, fetched] = [`${stage.state}.a b é.csv`, `${stage.state}.fetched`];
  await writeFile(brought, content);
  stage.start({ ROLE: `${stage.name}/maker`, BRING: brought });
  const another = await stage.operator.add(`${stage.name}-viper`, [stage.name]);
  stage.start({ NERVEFLARE_TOKEN: another, STATE: `${stage.state}.viper`, ROLE: `${stage.name}/reader`, FETCH: fetched });
  const thread = await stage.begin();
  await stage.completed([thread], ["maker", "reader"]);
  const { outcome } = (await stage.operator.call("GET", `v1/threads/${thread}`)) as { outcome: { prompt: string } };
  expect(outcome.prompt).toBe(createHash("sha256").update(content).digest("hex"));
  expect(await readFile(fetched, "utf8")).toBe(content);
  expect(await stage.operator.call("GET", `v1/artifacts?thread=${thread}`)).toMatchObject({
    artifacts: [{ size: content.length, type: "text/csv", name: basename(brought) }],
  });
});
