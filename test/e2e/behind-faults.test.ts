/**
 * Agents on the real server behind a proxy that misbehaves, on each of the three ways: threads end, no turn is performed or counted twice,
 * and what was given to a dead connection comes by the next.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type FaultPlan, faultPlans } from "../../src/chaos/fault-plans.ts";
import { type FaultyProxy, startFaultyProxy } from "../../src/chaos/faulty-proxy.ts";
import { type Happening, startChaos } from "../../src/chaos/run-chaos.ts";
import { type Clock, systemClock } from "../../src/client/clock.ts";
import { type Agent, type AgentOptions, connectAgent, type Note, type TransportName } from "../../src/client/index.ts";
import { type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { createSignal } from "../unit/client/signal.ts";
import { createOperator, type Facts, type Operator } from "./operator.ts";

const ways = ["socket", "sse", "poll"] as const;

/** One job of one open role, by a name of its own for each test: they share a server. */
const makeWorkflow = (name: string) => `version: 1
binding: cloud
name: ${name}
description: One job.
concurrency: 100
overflow: queue
reflexes:
  - { kind: workflow, on: [${name}.wanted] }
roles:
  worker:
    type: open
    description: Does it.
    goal: Do the job.
    capabilities: [${name}]
    recruitment: { timeout: 10m }
    heartbeat: { every: 30s, miss: 3 }
    turn: { timeout: 45m, on_timeout: rerecruit }
    procedure: Do it.
    output: The job.
    frontmatter:
      oneOf:
        - { properties: { $status: { const: done }, job: {} }, required: [$status] }
graph:
  $START:
    new: { role: worker, prompt: "Do job {{ data.job }}." }
  worker:
    done: { role: $END, prompt: "Done." }
`;

interface Stage {
  name: string;
  facts: Facts;
  operator: Operator;
  /** Starts jobs; their threads. */
  begin(count: number): Promise<string[]>;
  ended(threads: string[]): Promise<void>;
}

let server: ServerProcess;
let folder: string;
let facts: Facts;
let stages = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nerveflare-e2e-"));
  server = spawnServer(folder);
  const ready = await server.ready;
  if (!ready) throw new Error(`the server ended before it was ready: ${(await server.ended).stderr}`);
  facts = ready;
});

/** What is taken down when all are over: they run side by side. */
const cleanups: (() => Promise<void>)[] = [];
const atEnd = (clean: () => Promise<void>) => void cleanups.push(clean);

afterAll(async () => {
  await Promise.all(cleanups.map((clean) => clean()));
  server.child.kill("SIGTERM");
  await server.ended;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function createStage(): Promise<Stage> {
  const operator = createOperator(facts);
  const name = `job${++stages}`;
  await operator.call("PUT", `v1/workflows/${name}`, { body: makeWorkflow(name), contentType: "application/yaml" });
  const token = await operator.add(`${name}-boss`, []);
  const boss = connectAgent({ url: facts.url, token, onEvent: (event) => hear(event), onNote: () => {} });
  atEnd(() => boss.close({ release: false }));
  const over = new Map<string, number>();
  const { notify, until } = createSignal();
  function hear({ type, data }: { type: string; data?: unknown }) {
    if (!/^nerve\.thread\.(completed|failed|cancelled|dropped)$/.test(type)) return;
    const { thread } = data as { thread: string };
    over.set(thread, (over.get(thread) ?? 0) + 1);
    notify();
  }
  let jobs = 0;
  return {
    ...{ name, facts, operator },
    async begin(count) {
      const sent = Array.from({ length: count }, () => boss.send({ type: `${name}.wanted`, data: { job: ++jobs } }));
      return (await Promise.all(sent)).map(({ threads }) => threads[0] as string);
    },
    async ended(threads) {
      await until(() => threads.every((thread) => over.has(thread)));
      expect(threads.filter((thread) => over.get(thread) !== 1)).toEqual([]);
      for (const thread of threads) expect(await operator.call("GET", `v1/threads/${thread}`)).toMatchObject({ status: "completed" });
    },
  };
}

async function behind({ facts }: Stage, plan: FaultPlan, seed = 7): Promise<FaultyProxy> {
  const proxy = await startFaultyProxy({ target: facts.url, plan, seed });
  atEnd(() => proxy.close());
  return proxy;
}

type Worker = Agent & { notes: Note[]; performed: Map<string, number>; noted(what: string, times?: number): Promise<void> };

async function hire({ operator, name }: Stage, id: string, proxy: { url: string }, options: Partial<AgentOptions>): Promise<Worker> {
  const notes: Note[] = [];
  const performed = new Map<string, number>();
  const { notify, until } = createSignal();
  const { onTurn, ...rest } = options;
  const agent = connectAgent({
    url: proxy.url,
    token: await operator.add(`${name}-${id}`, [name]),
    slots: 3,
    random: () => 0.2,
    onNote(note) {
      notes.push(note);
      notify();
    },
    ...rest,
    onTurn: async (turn, context) => {
      performed.set(turn.turn, (performed.get(turn.turn) ?? 0) + 1);
      return (typeof onTurn === "function" ? await onTurn(turn, context) : undefined) ?? { $status: "done" };
    },
  });
  atEnd(() => agent.close({ release: false }));
  const noted = (what: string, times = 1) => until(() => notes.filter((note) => note.what === what).length >= times);
  return { ...agent, notes, performed, noted };
}

function expectOnce(...workers: Worker[]) {
  const counts = new Map<string, number>();
  for (const { performed } of workers) for (const [turn, times] of performed) counts.set(turn, (counts.get(turn) ?? 0) + times);
  expect([...counts].filter(([, times]) => times !== 1)).toEqual([]);
}

/**
 * The client's own clock, twice as fast: an answer that was swallowed is waited for only half as long. A stream's silence still is longer
 * than what the server leaves between two words.
 */
const brisk: Clock = { now: systemClock.now, after: (ms, action) => systemClock.after(ms / 2, action) };

describe.concurrent.each([
  ["cuts", "socket", 16],
  ["cuts", "sse", 8],
  ["cuts", "poll", 12],
  ["delays", "socket", 8],
  ["swallowedAnswers", "sse", 8],
  ["signInPages", "poll", 15],
] as const)("[NET6] behind %s by %s", (fault, way, jobs) => {
  test("every thread ends, no turn is performed twice, and each slot is free again", async () => {
    const stage = await createStage();
    const proxy = await behind(stage, faultPlans[fault]);
    const options: Partial<AgentOptions> = { transports: [way], ...(way === "sse" && { clock: brisk }) };
    const workers = [await hire(stage, "one", proxy, options), await hire(stage, "two", proxy, options)];
    const threads = await stage.begin(jobs);
    await stage.ended(threads);
    expectOnce(...workers);
    // Otherwise the run proved nothing.
    expect(Object.values(proxy.struck).reduce((sum, times) => sum + times)).toBeGreaterThan(0);
    proxy.plan = {};
    // What the client believes is what the server says: it takes as many again.
    await stage.ended(await stage.begin(6));
    expectOnce(...workers);
  });
});

/** The client's own clock, twenty times as fast: what it waits for before it gives a connection up is a second, not half a minute. */
const hasty: Clock = { now: systemClock.now, after: (ms, action) => systemClock.after(ms / 20, action) };

test.concurrent("[CHAOS1] on a line where one trouble follows another, each kind of fault strikes, and each turn is performed and answered once", async () => {
  const stage = await createStage();
  const faults = ["delays", "cuts", "halfOpen", "swallowedAnswers", "noUpgrades", "signInPages"] as const;
  const happened: Happening[] = [];
  const chaos = await startChaos({
    target: stage.facts.url,
    faults,
    everyMs: 700,
    seed: 11,
    told: (happening) => void happened.push(happening),
  });
  atEnd(() => chaos.close());
  const worker = await hire(stage, "one", chaos, { clock: hasty });
  const threads: string[] = [];
  const calm = () => Object.values(chaos.report().faults).filter(({ struck, answeredSince }) => struck === 0 || answeredSince === 0);
  do {
    const begun = await stage.begin(3);
    await stage.ended(begun);
    threads.push(...begun);
  } while (calm().length > 0);
  expectOnce(worker);
  // The last answer may have been lost on its way back: it is sent again, and counts once.
  await vi.waitFor(() => expect(chaos.report().turns.answered).toBe(threads.length), { timeout: 30_000, interval: 50 });
  const { turns, exchanges, faults: struck } = chaos.report();
  expect(turns).toEqual({ given: threads.length, answered: threads.length, failed: 0, repeated: turns.repeated, open: [], twice: [] });
  expect(worker.performed.size).toBe(threads.length);
  expect(Object.keys(struck)).toEqual(faults);
  expect(exchanges.socket).toBeGreaterThan(2);
  for (const fault of faults) {
    expect(happened.filter((each) => each.what === "began" && each.fault === fault)).toHaveLength(struck[fault]?.spells ?? 0);
    const strikes = happened.filter((each) => each.what === "struck" && each.fault === fault);
    expect(strikes).toHaveLength(fault === "delays" ? 0 : (struck[fault]?.struck ?? 0));
  }
});

test.concurrent("[CHAOS6] an agent that is told to end over a half-open socket ends", async () => {
  const stage = await createStage();
  const proxy = await behind(stage, {});
  const token = await stage.operator.add(`${stage.name}-one`, []);
  const command = [join(import.meta.dirname, "../../src/cli/main.ts"), "agent", "--json", "--exec", "true"];
  const env = { ...process.env, NERVEFLARE_URL: proxy.url, NERVEFLARE_TOKEN: token };
  const child = spawn(process.execPath, command, { env, stdio: ["ignore", "pipe", "inherit"] });
  atEnd(async () => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  // What it says first is that it is connected.
  expect(String((await once(child.stdout, "data"))[0])).toContain('"what":"connected"');
  expect(proxy.freeze("both", ["socket"])).toBe(1);
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
});

describe.concurrent.each(ways)("[NET7] a half-open connection by %s", (way) => {
  test("holds nothing back: what it was given comes, in order, when its client is back", async () => {
    const stage = await createStage();
    const proxy = await behind(stage, {});
    const seen: number[] = [];
    const { notify, until } = createSignal();
    const worker = await hire(stage, "one", proxy, {
      transports: [way],
      onEvent({ type, data }) {
        if (type !== "team.news") return;
        seen.push((data as { number: number }).number);
        notify();
      },
    });
    await worker.ready;
    const sender = connectAgent({ url: stage.facts.url, token: await stage.operator.add(`${stage.name}-sender`, []), onNote: () => {} });
    atEnd(() => sender.close({ release: false }));
    const send = (number: number) => sender.send({ type: "team.news", to: `agents/${stage.name}-one`, data: { number } });
    await send(0);
    await until(() => seen.length === 1);
    // Between two polls there is nothing to stop.
    await vi.waitFor(() => expect(proxy.freeze("both")).toBeGreaterThan(0), { interval: 5 });
    for (const number of [1, 2, 3, 4, 5]) await send(number);
    const [thread] = await stage.begin(1);
    await worker.noted("disconnected");
    await worker.noted("connected", 2);
    const back = Date.now();
    await until(() => seen.length === 6);
    await vi.waitFor(() => expect(worker.performed.size).toBe(1));
    expect(Date.now() - back).toBeLessThan(15_000);
    await stage.ended([thread as string]);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    expectOnce(worker);
  });
});

test.concurrent("[NET8] a poll whose answer is swallowed loses nothing, and what comes after is in order", async () => {
  const stage = await createStage();
  const proxy = await behind(stage, {});
  const worker = await hire(stage, "one", proxy, { transports: ["poll"] });
  await worker.noted("connected");
  proxy.swallowNext("poll");
  const threads = await stage.begin(3);
  await stage.ended(threads);
  expectOnce(worker);
  expect(proxy.struck.swallow).toBeGreaterThan(0);
});

test.concurrent.each(["refuse", "drop", "hang"] as const)("[NET9] where upgrades %s, the agent streams", async (upgrades) => {
  const stage = await createStage();
  const proxy = await behind(stage, { upgrades });
  const worker = await hire(stage, "one", proxy, {});
  await worker.ready;
  expect(worker.transport()).toBe("sse");
  await stage.ended(await stage.begin(3));
  expectOnce(worker);
});

describe.concurrent.each(ways)("[RESUME5] by %s", (way: TransportName) => {
  test.each([false, true])(
    "a turn that is performed when its thread is resumed is answered with the supplement; cut before: %s",
    async (cut) => {
      const stage = await createStage();
      const proxy = await behind(stage, {});
      const began = createSignal();
      const known: unknown[] = [];
      const worker = await hire(stage, "one", proxy, {
        transports: [way],
        onTurn: async (turn, { signal }) => {
          known.push(turn.resumed?.supplement ?? null);
          began.notify();
          if (!turn.resumed) await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return { $status: "done", job: turn.resumed?.supplement ?? null };
        },
      });
      const [thread] = await stage.begin(1);
      await began.until(() => known.length === 1);
      const order = (what: string, body: object) =>
        stage.operator.call("POST", `v1/threads/${thread}/${what}`, { body: JSON.stringify(body) });
      await order("suspend", { reason: "a question" });
      await vi.waitFor(
        async () => expect(await stage.operator.call("GET", `v1/threads/${thread}`)).toMatchObject({ status: "suspended" }),
        { timeout: 20_000, interval: 50 },
      );
      if (cut) {
        await vi.waitFor(() => expect(proxy.cut()).toBeGreaterThan(0), { interval: 5 });
        await worker.noted("disconnected");
      }
      await order("resume", { supplement: "be kind" });
      await stage.ended([thread as string]);
      expect(known).toEqual([null, "be kind"]);
      expect(await stage.operator.call("GET", `v1/threads/${thread}`)).toMatchObject({ outcome: { output: { job: "be kind" } } });
      expect((await worker.me()).turns).toEqual([]);
    },
  );
});

test.concurrent("[CLOSE5] the role of an agent that ends goes to another at once, and its turn is answered once", async () => {
  const stage = await createStage();
  const proxy = await behind(stage, {});
  const began = createSignal();
  let performing = false;
  const first = await hire(stage, "one", proxy, {
    onTurn: async (_, { signal }) => {
      performing = true;
      began.notify();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { $status: "done", job: "one" };
    },
  });
  const [thread] = await stage.begin(1);
  await began.until(() => performing);
  const second = await hire(stage, "two", proxy, { onTurn: async () => ({ $status: "done", job: "two" }) });
  await second.ready;
  await first.close();
  await stage.ended([thread as string]);
  expect(await stage.operator.call("GET", `v1/threads/${thread}`)).toMatchObject({ outcome: { output: { job: "two" } } });
  expect([...second.performed.values()]).toEqual([1]);
});

test.concurrent("[CLOSE6] two processes with one token are told of each other, and so is the operator", async () => {
  const stage = await createStage();
  const token = await stage.operator.add(`${stage.name}-both`, []);
  const told: string[] = [];
  const { notify, until } = createSignal();
  const join = (name: string, transport: TransportName) => {
    const agent = connectAgent({
      url: stage.facts.url,
      token,
      transports: [transport],
      onNote({ what }) {
        if (what === "connection.shared") told.push(name);
        notify();
      },
    });
    atEnd(() => agent.close({ release: false }));
    return agent;
  };
  await join("first", "socket").ready;
  await join("second", "sse").ready;
  await until(() => told.includes("first") && told.includes("second"));
  await join("third", "poll").ready;
  await until(() => told.includes("third") && told.filter((name) => name === "first").length === 2);
  expect(await stage.operator.call("GET", `v1/agents/${stage.name}-both`)).toMatchObject({ presence: { clients: 3 } });
});
