/** The agents' process: plays against one server, and on order measures a window or a whole number of threads. */
import { playBare } from "./bare/play.ts";
import { countFsyncs, type FsyncCount } from "./count-fsyncs.ts";
import type { MemoryResult, Order, Report, Task, WindowOrder, WindowResult } from "./orders.ts";
import { isPeer } from "./peers/peers.ts";
import { playPeer } from "./peers/play.ts";
import { listProcessTree, readCpuSeconds, readResidentMegabytes } from "./process-stats.ts";
import { createRecorder, type RecorderControls } from "./recorder.ts";
import { playReviews } from "./review/play.ts";

interface Game {
  task: Task;
  recorder: RecorderControls;
  startThreads: () => void;
  failure: Promise<never>;
}

const samplesOfMemory = 20;

/** The runtime evicts an object about 10 s after its last use. */
const idleSeconds = 25;

/** Seconds between two turns after which a game counts as stuck. */
const stuckSeconds = 60;

/** A process may end between the moment that it is listed and that in which its calls are counted. */
const attemptsToAttach = 3;

let game: Game | undefined;

process.on("message", (order: Order) => {
  void perform(order).then(report, (error: unknown) =>
    report({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

function report(message: Report): void {
  process.send?.(message);
}

async function perform(order: Order): Promise<Report> {
  if ("task" in order) {
    game = await begin(order.task);
    return { ready: true };
  }
  if (!game) throw new Error("nothing is played");
  const measured: Promise<Report> =
    "window" in order
      ? measureWindow(game, order.window).then((window) => ({ window }))
      : measureMemory(game, order.memory).then((memory) => ({ memory }));
  return Promise.race([measured, game.failure]);
}

async function begin(task: Task): Promise<Game> {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const recorder = createRecorder((why) => failure.reject(new Error(why)), task.threads);
  const play = isPeer(task.engine) ? playPeer : task.engine === "bare" ? playBare : playReviews;
  const startThreads = await Promise.race([play(task, recorder), failure.promise]);
  return { task, recorder, startThreads, failure: failure.promise };
}

/** Plays until it is warm, measures, and lets what runs come to its end, so that another engine may have the machine. */
async function measureWindow({ task, recorder, startThreads }: Game, { warmTurns, seconds }: WindowOrder): Promise<WindowResult> {
  recorder.allowStarts(true);
  startThreads();
  // A fifth of the warm-up comes before each window: the machine belonged to another.
  const until = Math.max(warmTurns, recorder.turnCount + warmTurns / 5);
  await waitFor(recorder, () => recorder.turnCount >= until);
  const commitsBefore = await readCommits(task);
  const { pids, fsyncs } = await watchProcesses(task.pids);
  const cpuBefore = readCpuSeconds(pids);
  recorder.openWindow();
  const opened = recorder.turnCount;
  await wait(seconds);
  // On a machine that does much else a short window may see no turn: it lasts until the first.
  await waitFor(recorder, () => recorder.turnCount > opened);
  const figures = recorder.closeWindow();
  const cpu = readCpuSeconds(pids) - cpuBefore;
  const fsyncCount = await fsyncs.end();
  const commitsAfter = await readCommits(task);
  const resident = readResidentMegabytes(pids);
  recorder.allowStarts(false);
  await waitFor(recorder, () => recorder.runningCount === 0);
  return {
    ...figures,
    cpuPer1000: (cpu / figures.turns) * 1000,
    resident,
    fsyncPerTurn: fsyncCount === undefined ? undefined : fsyncCount / figures.turns,
    commitsPerTurn:
      commitsBefore && commitsAfter
        ? Object.fromEntries(
            Object.entries(commitsAfter).map(([kind, count]) => [kind, (count - (commitsBefore[kind] ?? 0)) / figures.turns]),
          )
        : undefined,
  };
}

async function measureMemory(
  { task, recorder, startThreads }: Game,
  { threads, timeout }: { threads: number; timeout: number },
): Promise<MemoryResult> {
  startThreads();
  const began = performance.now();
  const samples: MemoryResult["samples"] = [];
  let lastCount = 0;
  let lastProgress = began;
  while (recorder.endedCount < threads) {
    await wait(0.1);
    const now = performance.now();
    if (recorder.endedCount > lastCount) lastProgress = now;
    lastCount = recorder.endedCount;
    if (now - lastProgress > timeout * 1000) throw new Error(`stuck after ${lastCount} of ${threads} threads: none ended in ${timeout} s`);
    if (lastCount >= (threads / samplesOfMemory) * (samples.length + 1)) {
      samples.push({ threads: lastCount, seconds: (now - began) / 1000, resident: readResidentMegabytes(task.pids) });
    }
  }
  const seconds = (performance.now() - began) / 1000;
  await wait(idleSeconds);
  return { samples, threads: lastCount, turns: recorder.turnCount, seconds, residentIdle: readResidentMegabytes(task.pids) };
}

/** Counts in all the server's processes. Some start and end others as they work: PostgreSQL has one for each connection. */
async function watchProcesses(known: readonly number[]): Promise<{ pids: number[]; fsyncs: FsyncCount }> {
  for (let attempt = 1; ; attempt += 1) {
    const pids = known.slice(0, 1).flatMap(listProcessTree);
    const fsyncs = countFsyncs(pids);
    if ((await fsyncs.begin()) || attempt === attemptsToAttach) return { pids, fsyncs };
  }
}

/** Waits while turns go on. */
async function waitFor(recorder: RecorderControls, done: () => boolean): Promise<void> {
  let turns = recorder.turnCount;
  let lastTurn = performance.now();
  while (!done()) {
    await wait(0.02);
    if (recorder.turnCount > turns) lastTurn = performance.now();
    turns = recorder.turnCount;
    if (performance.now() - lastTurn > stuckSeconds * 1000) throw new Error(`stuck after ${turns} turns: none in ${stuckSeconds} s`);
  }
}

async function readCommits({ url, adminToken, engine }: Task): Promise<Record<string, number> | undefined> {
  if (engine !== "nerveflare") return undefined;
  const response = await fetch(`${url}/v1/metrics`, { headers: { authorization: `Bearer ${adminToken}` } });
  return response.ok ? ((await response.json()) as { commits: Record<string, number> }).commits : undefined;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
