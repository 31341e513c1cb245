/** A cell with far more threads than fit in memory: what each leaves there, and that all of them go to their end. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compileWorkflow } from "../../src/compile/compile-workflow.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = `
name: greet
binding: cloud
description: Ann asks, Bob greets.
reflexes:
  - { kind: workflow, on: [greet.asked] }
roles:
  greeter:
    type: named
    agent: { from: event.data.whom }
    description: Whoever is asked.
    goal: Greet.
    turn: { timeout: 24h, on_timeout: suspend }
    heartbeat: { every: 60s, miss: 10 }
    offline: { grace: 12h, then: wait }
    frontmatter: { type: object, properties: { $status: { enum: [more, done] } }, required: [$status] }
graph:
  $START:
    new: { role: greeter, prompt: "Greet" }
  greeter:
    more: { role: greeter, prompt: "Again" }
    done: { role: $END, prompt: "greeted" }
`;

const agents = Array.from({ length: 20 }, (_, index) => `a${index}`);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

async function open(
  owners: number,
  made?: (endpoint: object, address: string) => void,
  storage = createNodeStorage(),
): Promise<ThreadCluster> {
  const { compiled } = await compileWorkflow(workflow);
  if (!compiled) throw new Error("the workflow does not compile");
  const cluster = await createThreadCluster({
    ...{ workflow, placement: "cell", fate: () => "arrives" },
    from: { now: 1_000_000, published: [compiled], stores: new Map([["cell", storage]]) },
    agents: agents.map((id) => ({ id, capabilities: [], roles: null, kinds: null })),
    cell: { limits: { owners, bytes: 24_000_000 }, ...(made && { made }) },
  });
  for (const id of agents) cluster.connections.set(id, { pinged: cluster.now() });
  return cluster;
}

async function post(cluster: ThreadCluster, agent: string, event: object): Promise<void> {
  const answer = await cluster.callAgent(agent, (core) => core.accept({ agent, token }, [event]));
  if (!answer.ok) throw new Error(answer.problem.detail);
}

/** Starts threads whose turn somebody has. */
async function start(cluster: ThreadCluster, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const asked = agents[n % agents.length] ?? "";
    await post(cluster, asked, { id: `ask${n}`, type: "greet.asked", data: { whom: asked } });
    if (n % 20 === 19) await cluster.advance(100);
  }
  await cluster.advance(30_000);
}

/** Answers each turn that waits. @returns how many those were */
async function answerAll(cluster: ThreadCluster, status: string): Promise<number> {
  let answered = 0;
  for (const agent of agents) {
    const page = await cluster.callAgent(agent, (core) => core.inbox({ agent, token }, { channels: ["my"], waitSeconds: 0, limit: 200 }));
    if (!page.ok) throw new Error(page.problem.detail);
    for (const { event } of page.value.events) {
      if (event.type !== "nerve.turn.assigned") continue;
      const { turn, lease } = event.data as unknown as TurnAssigned;
      const data = { turn, lease: lease.generation, output: { $status: status } };
      await post(cluster, agent, { type: "nerve.turn.respond", data, id: turn });
      answered += 1;
    }
    const seqs = page.value.events.map(({ seq }) => seq);
    await cluster.callAgent(agent, (core) => core.ack({ agent, token }, { seqs }));
    await cluster.advance(50);
  }
  await cluster.advance(30_000);
  return answered;
}

test("[CELL7] of threads that wait nothing but when they are due stays in memory, however many there are", {
  timeout: 60_000,
}, async () => {
  const owners = 30;
  const made: WeakRef<object>[] = [];
  const cluster = await open(owners, (endpoint) => void made.push(new WeakRef(endpoint)));
  const measure = async (): Promise<number> => {
    for (const told of [cluster.log, cluster.index, cluster.turns, cluster.waits]) told.clear();
    // What a WeakRef was made or read for in a turn of the event loop lives until its end.
    await new Promise((resolve) => setImmediate(resolve));
    for (let round = 0; round < 3; round++) collect();
    return process.memoryUsage().heapUsed;
  };
  // Functions are compiled meanwhile.
  await start(cluster, 0, 80);
  const before = await measure();
  await start(cluster, 80, 240);
  const perThread = ((await measure()) - before) / 160;
  expect(cluster.living().length).toBeLessThanOrEqual(owners);
  const kept = made.filter((each) => each.deref() !== undefined).length;
  expect(made.length).toBeGreaterThan(400);
  expect(kept).toBeLessThanOrEqual(owners + 1);
  // Two actors that had stayed would be some 180 kB; code that was compiled meanwhile is counted, and is most of what is left.
  expect(perThread).toBeLessThan(20_000);
});

test("[CELL6] with room for a few actors only many threads go to their end, each once", { timeout: 60_000 }, async () => {
  const cluster = await open(6);
  await start(cluster, 0, 60);
  expect(await answerAll(cluster, "more")).toBe(60);
  expect(await answerAll(cluster, "more")).toBe(60);
  expect(await answerAll(cluster, "done")).toBe(60);
  expect(await answerAll(cluster, "done")).toBe(0);
  expect([...cluster.index.values()].map(({ status }) => status)).toEqual(Array.from({ length: 60 }, () => "completed"));
  expect([...cluster.log.values()].filter(({ row }) => row.event.type === "nerve.turn.assigned")).toHaveLength(180);
});

test("[CELL9] an ended thread that has said all is not loaded again to find that out", { timeout: 60_000 }, async () => {
  let loaded: string[] = [];
  const cluster = await open(6, (_, address) => void (/^(?:task|recruitment)\//.test(address) && loaded.push(address)));
  await start(cluster, 0, 20);
  loaded = [];
  expect(await answerAll(cluster, "done")).toBe(20);
  expect([...cluster.index.values()].map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => "completed"));
  await cluster.advance(600_000);
  // With each commit an alarm was set for five seconds later, when they had made room for others.
  expect(loaded.length).toBeGreaterThan(20);
  expect(loaded.length).toBe(new Set(loaded).size);
});

test("[CELL9] an ended thread that has said all leaves memory though there is room", { timeout: 60_000 }, async () => {
  const cluster = await open(500);
  const listThreads = (): string[] => cluster.living().filter((address) => /^(?:task|recruitment)\//.test(address));
  await start(cluster, 0, 20);
  expect(listThreads().length).toBeGreaterThan(20);
  expect(await answerAll(cluster, "done")).toBe(20);
  expect(listThreads()).toEqual([]);
});

test("[COUNT8] a thread of two turns that are polled for executes in a cell no more statements and transactions than this", async () => {
  let statements = 0;
  let transactions = 0;
  const storage = createNodeStorage();
  const { exec, transaction } = storage;
  storage.exec = (sql, ...values) => {
    statements += 1;
    return exec(sql, ...values);
  };
  storage.transaction = (body) => {
    transactions += 1;
    return transaction(body);
  };
  const cluster = await open(500, undefined, storage);
  async function play(from: number, to: number): Promise<void> {
    await start(cluster, from, to);
    expect(await answerAll(cluster, "more")).toBe(to - from);
    expect(await answerAll(cluster, "done")).toBe(to - from);
  }
  await play(0, 10);
  statements = 0;
  transactions = 0;
  await play(10, 20);
  // A twentieth above what they are. An ended thread's rows do not wait for others' of a quarter of a second, so it leaves memory sooner.
  expect(statements / 10).toBeLessThan(25.7);
  expect(transactions / 10).toBeLessThan(13);
});
