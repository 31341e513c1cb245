/**
 * Counts what a turn, and a thread's begin and end, cost: threads of two lengths are played, and what the longer one took more
 * is its further turns'.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Placement } from "../../src/contract/placement.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import { openAgentSocket } from "../review/agent-socket.ts";
import { publishReview, registerAgent } from "../review/call-operator.ts";
import { startWorkerServer, type WorkerServer } from "../worker-server.ts";
import { bundleWorker } from "../worker-settings.ts";
import { countKept } from "./count-kept.ts";
import { addCounts, type Counts, createCounts } from "./counts.ts";
import { nameSites } from "./name-sites.ts";
import { connectPair, type Pair } from "./play-thread.ts";

/** What is played. */
export interface Scenario {
  name: string;
  /** Milliseconds that an agent takes for an answer. After ten seconds without work the other agent hibernates. */
  pause: number;
  /** Further agents that are eligible and leave every offer open; connected or not. */
  further: number;
  connected: boolean;
  /** Lengths of the two threads in turns, even numbers. */
  lengths: [number, number];
}

/** What it cost. */
export interface Measured {
  scenario: Scenario;
  placement: Placement;
  turn: Counts;
  /** Start, recruitment and end of one thread, without its turns. */
  beginAndEnd: Counts;
}

/** Threads of each length, so that what is done in batches is shared out. */
const repeats = 3;

/** Milliseconds without a statement after which nothing is under way any more, and how long to wait for that. */
const quiet = 1_000;

/** The same where alarms are counted that only look, {@link hostLimits.safetyNet} after a commit, whether all has left. */
const quietWithAlarms = hostLimits.safetyNet + 2_000;
const restTimeout = 60_000;

/** A stretch of a long thread's turns: from one up to another, the first not among them. */
export type Stretch = readonly [from: number, to: number];

interface Counting extends WorkerServer {
  /** Milliseconds without a statement after which nothing is under way any more. */
  quiet: number;
  /** Nothing was played since it came to rest. */
  rests: boolean;
}

/** A server that counts, with a pair of agents that play. */
export interface CountedServer {
  /** @param threads played of each length */
  measure(scenario: Scenario, threads?: number): Promise<Measured>;
  /** Plays one thread of so many turns and counts all that it leads to. */
  measureThread(turns: number): Promise<Counts>;
  /** Plays one thread and counts stretches of it, a turn of each. What is done in batches falls where it happens to. */
  measureStretches(stretches: readonly Stretch[]): Promise<Counts[]>;
  /** Registers further agents that are eligible and leave every offer open. */
  addFurther(count: number, connected: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Plays a scenario on a fresh server. */
export async function measureCounts(
  scenario: Scenario,
  { bySite = false, placement = "own" }: Pick<CountedServerOptions, "bySite" | "placement"> = {},
): Promise<Measured> {
  const server = await startCountedServer({ bySite, placement, quiet: quietWithAlarms });
  try {
    return await server.measure(scenario);
  } finally {
    await server.stop();
  }
}

interface CountedServerOptions {
  /** Whether places in the code are noted, which takes longer and counts the same. */
  bySite?: boolean;
  /** Milliseconds after which nothing is under way any more. */
  quiet?: number;
  placement?: Placement;
}

/** The Worker that counts, made once for all servers of this process. */
let bundled: ReturnType<typeof bundleWorker> | undefined;

/** Starts a fresh server with its two players. Scenarios with the same further agents may be measured one after another. */
export async function startCountedServer({
  bySite = false,
  quiet: rest = quiet,
  placement = "own",
}: CountedServerOptions = {}): Promise<CountedServer> {
  bundled ??= bundleWorker(join(dirname(fileURLToPath(import.meta.url)), "worker.ts"));
  const { script, sourceMap } = await bundled;
  const server: Counting = { ...(await startWorkerServer({ script, placement })), quiet: rest, rests: false };
  try {
    await publishReview(server, "recruited");
    const pair = await connectPair(server.url, {
      author: await registerAgent(server, "author", "coding"),
      reviewer: await registerAgent(server, "reviewer", "code-review"),
    });
    if (bySite) await fetch(`${server.url}/count?by-site`);
    const named = (counts: Counts): Counts => ({ ...counts, sites: nameSites(counts.sites, sourceMap) });
    return {
      stop: () => server.stop(),
      async measure(scenario, threads = repeats) {
        const { turn, beginAndEnd } = await measure(server, pair, scenario, threads);
        return { scenario, placement, turn: named(turn), beginAndEnd: named(beginAndEnd) };
      },
      measureThread: (turns) => playAndCount(server, pair, turns, 0, 1),
      measureStretches: (stretches) => measureStretches(server, pair, stretches),
      addFurther: (count, connected) => addFurther(server, count, connected),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function measure(server: Counting, pair: Pair, scenario: Scenario, threads: number): Promise<Pick<Measured, "turn" | "beginAndEnd">> {
  await addFurther(server, scenario.further, scenario.connected);
  // Tables are made and code is compiled once, whatever is played after.
  await playAndCount(server, pair, 2, 0, 1);
  const [short, long] = scenario.lengths;
  const few = await playAndCount(server, pair, short, scenario.pause, threads);
  const many = await playAndCount(server, pair, long, scenario.pause, threads);
  const turn = addCounts(createCounts(), addCounts(many, few, -1), 1 / (long - short));
  return { turn, beginAndEnd: addCounts(few, turn, -short) };
}

async function addFurther(server: Counting, count: number, connected: boolean): Promise<void> {
  if (count > 0) server.rests = false;
  for (let index = 0; index < count; index += 1) {
    const token = await registerAgent(server, `${connected ? "connected" : "further"}-${index}`, "code-review");
    if (connected) await openAgentSocket({ url: server.url, token, onItem: () => {}, onFailure: () => {} });
  }
}

async function measureStretches(server: Counting, pair: Pair, stretches: readonly Stretch[]): Promise<Counts[]> {
  await settle(server);
  server.rests = false;
  const sums = stretches.map(() => createCounts());
  await pair.play(Math.max(...stretches.map(([, to]) => to)) + 2, 0, async (turn) => {
    if (!stretches.some(([from, to]) => turn === from || turn === to)) return;
    const counts = await readCounts(server);
    for (const [index, [, to]] of stretches.entries()) if (turn === to) sums[index] = counts;
  });
  await settle(server);
  return stretches.map(([from, to], index) => addCounts(createCounts(), sums[index] ?? createCounts(), 1 / (to - from)));
}

/** What was counted since it was last read. */
async function readCounts({ url }: WorkerServer): Promise<Counts> {
  return (await (await fetch(`${url}/count`)).json()) as Counts;
}

/** The cost of one thread, the mean of several. */
async function playAndCount(server: Counting, pair: Pair, turns: number, pause: number, threads: number): Promise<Counts> {
  if (!server.rests) await settle(server);
  const kept = countKept(server.folder);
  server.rests = false;
  for (let thread = 0; thread < threads; thread += 1) await pair.play(turns, pause);
  const counts = await settle(server);
  return addCounts(createCounts(), { ...counts, d1RowsKept: countKept(server.folder) - kept }, 1 / threads);
}

/** Waits until nothing is under way, and gives what was counted until then. */
async function settle(server: Counting): Promise<Counts> {
  let sum = createCounts();
  let quietSince = performance.now();
  for (const began = performance.now(); performance.now() - quietSince < server.quiet; ) {
    if (performance.now() - began > restTimeout) throw new Error(`the server did not come to rest within ${restTimeout / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const counts = await readCounts(server);
    if (counts.statements > 0 || counts.d1Requests > 0) quietSince = performance.now();
    sum = addCounts(sum, counts);
  }
  server.rests = true;
  return sum;
}
