/**
 * `npm run bench:edge`: a thousand agents connected to one server process. What each costs in memory, awake and hibernating; how
 * long an event `to: "*"` takes to reach all, beside one to one agent; how long a broadcast role takes until all have
 * acknowledged, beside one to ten; how long all take to come back that lost their sockets at once; how long a role takes to be awarded, among ten, a hundred and all who claim it. Prints figures; asserts nothing, and ends by itself.
 */
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { CloudEvent } from "../src/contract/event.ts";
import { choosePlacements, listVariables } from "./contenders.ts";
import { call, connectFleet, type Fleet, nameAgent, registerAgents } from "./edge/fleet.ts";
import { pickQuantile } from "./pick-quantile.ts";
import { printTable } from "./print-table.ts";
import { keepProgram, readResidentMegabytes } from "./process-stats.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

/** Seconds without use after which the runtime has taken an object out of memory; it does at ten. */
const asleep = 15;

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "1000" },
    few: { type: "string", default: "10" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "240" },
    placement: { type: "string", default: "own" },
    json: { type: "boolean", default: false },
  },
});
const [size = 0, few = 0, runs = 0, seconds = 0] = [values.agents, values.few, values.runs, values.seconds].map(Number);
if (![size, few, runs, seconds].every((number) => number > 0) || few > size)
  throw new Error("--agents, --few, --runs and --seconds take numbers above zero, --few at most as many as --agents");

const [placement, another] = choosePlacements(values.placement);
if (placement === undefined || another !== undefined) throw new Error("--placement takes one of own and cell");

const groups = { few, some: Math.min(100, size), all: size };

const note = (line: string) => process.stderr.write(`${line}\n`);
const progress = (what: string) => (done: number) => {
  if (done % Math.ceil(size / 4) === 0 || done === size) note(`${what}: ${done} of ${size}`);
};

const server = await startServerProcess("nerveflare", listVariables(placement));
// Not the command that started it, whose memory comes and goes by its own garbage.
const runtime = keepProgram(server.pids, "workerd");
let fleet: Fleet | undefined;
const tooLong = setTimeout(() => {
  note(`not done after ${seconds} s; the server said:\n${server.complaints()}`);
  fleet?.close();
  void server.stop().finally(() => process.exit(1));
}, seconds * 1_000);
try {
  const began = performance.now();
  for (const whom of ["all", "few"]) await call(server, `v1/workflows/edge-${whom}`, writeWorkflow(whom));
  for (const whom of Object.keys(groups)) await call(server, `v1/workflows/recruit-${whom}`, writeRecruiting(whom));
  const { token } = await call<{ token: string }>(server, "v1/agents", { id: "starter", capabilities: [] });
  const fresh = readResidentMegabytes(runtime);
  const tokens = await registerAgents(server, { size, groups, note: progress("registered") });
  const registering = (performance.now() - began) / 1_000;
  await pause(asleep * 1_000);
  const registered = readResidentMegabytes(runtime);
  const before = await readWakes(server);
  fleet = await connectFleet(server, tokens, progress("connected"));
  const connected = readResidentMegabytes(runtime);
  note(`idle for ${asleep} s`);
  await pause(asleep * 1_000);
  const idle = readResidentMegabytes(runtime);
  const between = await readWakes(server);
  const toSleeping = await reach(fleet, token, "*", size);
  // The sender's own object wakes as well.
  const woken = Math.min(size, (await readWakes(server)) - between);
  note("events to one and to all");
  const toOne = await repeat(runs, () => reach(fleet as Fleet, token, `agents/${nameAgent(0)}`, 1));
  const toAll = await repeat(runs, () => reach(fleet as Fleet, token, "*", size));
  note("broadcasts");
  const askFew = await repeat(runs, () => ask(fleet as Fleet, token, "few", few));
  const askAll = await repeat(runs, () => ask(fleet as Fleet, token, "all", size));
  note("recruitment");
  const recruited: { [group: string]: Awaited<ReturnType<typeof repeat>> } = {};
  for (const [whom, count] of Object.entries(groups))
    recruited[whom] = await repeat(runs, () => recruit(fleet as Fleet, token, whom, count));
  const busy = readResidentMegabytes(runtime);
  note("all reconnect at once");
  const reconnecting = await repeat(runs, () => reconnect(fleet as Fleet, token));

  const figures = {
    agents: size,
    few,
    runs,
    registering,
    wakes: { connecting: between - before, firstEvent: woken },
    megabytes: { fresh, registered, connected, idle, busy },
    kilobytesPerAgent: { connected: perAgent(connected - registered), idle: perAgent(idle - registered) },
    ms: { toOne, toSleeping, toAll, askFew, askAll, recruited, reconnecting },
  };
  if (values.json) console.log(JSON.stringify(figures));
  else print(figures);

  function print({ ms, kilobytesPerAgent, wakes }: typeof figures): void {
    console.log(`${size} agents, registered in ${registering.toFixed(0)} s\n`);
    printTable(
      ["workerd", "RSS MB", "KB per agent"],
      [
        ["workflows published", fresh.toFixed(0), ""],
        ["agents registered, not connected", registered.toFixed(0), ""],
        ["just connected", connected.toFixed(0), kilobytesPerAgent.connected.toFixed(0)],
        [`${asleep} s later`, idle.toFixed(0), kilobytesPerAgent.idle.toFixed(0)],
        ["after everything below", busy.toFixed(0), perAgent(busy - registered).toFixed(0)],
      ],
    );
    console.log(`\n${wakes.firstEvent} of ${size} came back into memory for the first event: so many hibernated\n`);
    printTable(
      ["until all have it", "agents", "p50 ms", "worst", `ratio`],
      [
        ["event to one", "1", ...show(ms.toOne), "1.0"],
        ["event to all, hibernating", String(size), toSleeping.toFixed(0), "", (toSleeping / ms.toOne.p50).toFixed(1)],
        ["event to all", String(size), ...show(ms.toAll), (ms.toAll.p50 / ms.toOne.p50).toFixed(1)],
        ["all reconnect at once", String(size), ...show(ms.reconnecting), (ms.reconnecting.p50 / ms.toAll.p50).toFixed(1)],
        ["broadcast until acknowledged", String(few), ...show(ms.askFew), "1.0"],
        ["broadcast until acknowledged", String(size), ...show(ms.askAll), (ms.askAll.p50 / ms.askFew.p50).toFixed(1)],
      ],
    );
    console.log();
    const [first] = Object.values(ms.recruited);
    printTable(
      ["recruited: event to award", "agents", "p50 ms", "worst", "ratio"],
      Object.entries(groups).map(([whom, count]) => {
        const took = ms.recruited[whom] as NonNullable<typeof first>;
        return ["all claim at once", String(count), ...show(took), (took.p50 / (first?.p50 ?? 1)).toFixed(1)];
      }),
    );
  }
} finally {
  clearTimeout(tooLong);
  fleet?.close();
  await server.stop();
}

function writeWorkflow(whom: string): string {
  return `
name: edge-${whom}
description: Everybody says that they are there.
binding: cloud
reflexes: [{ kind: workflow, on: [edge.call.${whom}] }]
roles:
  fleet:
    type: broadcast
    description: Everybody.
    goal: Be there.
    capabilities: [${whom}]
    broadcast: { ack: { need: all, timeout: 10m } }
    procedure: Answer.
    output: That you are there.
    frontmatter: { type: object, properties: { ok: { type: boolean } }, required: [ok] }
graph:
  $START: { new: { role: fleet, prompt: "Are you there?" } }
  fleet:
    $ACKED: { role: $END, prompt: "All {{ acked | size }}." }
`;
}

function writeRecruiting(whom: string): string {
  return `
name: recruit-${whom}
description: One of many is recruited.
binding: cloud
reflexes: [{ kind: workflow, on: [edge.recruit.${whom}] }]
roles:
  worker:
    description: Whoever is first.
    goal: Be there.
    capabilities: [${whom}]
    procedure: Answer.
    output: That you are there.
    frontmatter: { type: object, properties: { ok: { type: boolean } }, required: [ok] }
conditions: {}
max_rounds: 2
graph:
  $START: [{ role: worker, prompt: "Are you there?" }]
  worker: [{ role: $END, prompt: "One is." }]
`;
}

/** Milliseconds from the post until one of them has the role; then waits until the others know that they have not. */
async function recruit(all: Fleet, token: string, whom: string, count: number): Promise<number> {
  const awarded = all.arrival(1, (event) => event.type === "nerve.claim.accepted");
  const told = all.arrival(count - 1, (event) => event.type === "nerve.offer.closed");
  const event = { specversion: "1.0", id: crypto.randomUUID(), type: `edge.recruit.${whom}`, data: {} };
  await call(server, "v1/events", event, token);
  const took = await awarded;
  await told;
  return took;
}

/** Milliseconds from where all connect at once until all have a socket, and what was sent while none had one. */
async function reconnect(all: Fleet, token: string): Promise<number> {
  const id = crypto.randomUUID();
  let began = 0;
  const arrived = all.arrival(size, (event) => event.id === id);
  await all.reconnect(async () => {
    await call(server, "v1/events", { specversion: "1.0", id, type: "edge.note", to: "*", data: {} }, token);
    began = performance.now();
  });
  await arrived;
  return performance.now() - began;
}

/** Milliseconds from the post until all have the event. */
async function reach(all: Fleet, token: string, to: string, count: number): Promise<number> {
  const id = crypto.randomUUID();
  const arrived = all.arrival(count, (event: CloudEvent) => event.id === id);
  const [took] = await Promise.all([
    arrived,
    call(server, "v1/events", { specversion: "1.0", id, type: "edge.note", to, data: {} }, token),
  ]);
  return took;
}

/** Milliseconds from the post until the last acknowledgement is accepted; then waits until the thread has ended. */
async function ask(all: Fleet, token: string, whom: string, count: number): Promise<number> {
  const answered = all.answers(count);
  const event = { specversion: "1.0", id: crypto.randomUUID(), type: `edge.call.${whom}`, data: {} };
  const { threads } = await call<{ threads: string[] }>(server, "v1/events", event, token);
  const took = await answered;
  for (;;) {
    const thread = await call<{ status: string; outcome?: { prompt?: string } }>(server, `v1/threads/${threads[0]}`);
    if (thread.status === "completed" && thread.outcome?.prompt === `All ${count}.`) return took;
    if (thread.status !== "running") throw new Error(`the broadcast came to nothing: ${JSON.stringify(thread)}`);
    await pause(20);
  }
}

async function repeat(times: number, run: () => Promise<number>): Promise<{ p50: number; worst: number }> {
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) took.push(await run());
  const sorted = took.toSorted((a, b) => a - b);
  return { p50: pickQuantile(sorted, 0.5), worst: sorted.at(-1) ?? 0 };
}

async function readWakes(of: ServerProcess): Promise<number> {
  return (await call<{ wakes: { agent: number } }>(of, "v1/metrics")).wakes.agent;
}

function perAgent(megabytes: number): number {
  return (megabytes * 1024) / size;
}

function show({ p50, worst }: { p50: number; worst: number }): [string, string] {
  return [p50.toFixed(0), worst.toFixed(0)];
}
