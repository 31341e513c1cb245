/** The agents' process: plays against a server, measures a window or a whole number of threads, sends the result to its parent. */
import { playBare } from "./bare/play.ts";
import { countFsyncs } from "./count-fsyncs.ts";
import { readCpuSeconds, readResidentMegabytes } from "./process-stats.ts";
import { createRecorder, type Figures, type Recorder, type RecorderControls } from "./recorder.ts";
import { playReviews } from "./review/play.ts";
import type { Engine } from "./server-process.ts";

/** What the agents are to do. */
export interface Task {
  engine: Engine;
  url: string;
  adminToken: string;
  /** The server's processes. */
  pids: number[];
  /** Threads kept running. */
  concurrency: number;
  /** Seconds of play before the window opens: code is compiled, objects are warm. */
  warmup: number;
  /** Length of the window; with `threads`, how long no thread may end before the run counts as stuck. */
  seconds: number;
  /** Play this many threads and sample memory, instead of a window. */
  threads?: number;
}

/** Agents that answer at once and keep `concurrency` threads running, telling the recorder. Resolves when all are started. */
export type Play = (task: Task, recorder: Recorder) => Promise<void>;

/** A measured window. */
export interface WindowResult extends Figures {
  /** Seconds of the server's CPU per 1,000 turns. */
  cpuPer1000: number;
  /** Megabytes resident at the window's end. */
  resident: number;
  /** Counted by the kernel; undefined without `perf`. */
  fsyncPerTurn: number | undefined;
  /** By the server's own counters, by kind of object; undefined where it has none. */
  commitsPerTurn: Record<string, number> | undefined;
}

/** Memory while many threads come and go. */
export interface MemoryResult {
  samples: { threads: number; seconds: number; resident: number }[];
  threads: number;
  turns: number;
  seconds: number;
  /** Megabytes resident once all has been idle for long enough that objects leave memory. */
  residentIdle: number;
}

/** What the process sends. */
export type Report = { window: WindowResult } | { memory: MemoryResult } | { failure: string };

const samplesOfMemory = 20;

/** The runtime evicts an object about 10 s after its last use. */
const idleSeconds = 25;

process.once("message", (task: Task) => {
  void perform(task).then(report, (error: unknown) =>
    report({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

function report(message: Report) {
  process.send?.(message, () => process.exit(0));
}

async function perform(task: Task): Promise<Report> {
  const failure = Promise.withResolvers<never>();
  const recorder = createRecorder((why) => failure.reject(new Error(why)), task.threads);
  const play = task.engine === "bare" ? playBare : playReviews;
  async function run(): Promise<Report> {
    await play(task, recorder);
    return task.threads === undefined ? { window: await measureWindow(task, recorder) } : { memory: await measureMemory(task, recorder) };
  }
  return Promise.race([run(), failure.promise]);
}

async function measureWindow(task: Task, recorder: RecorderControls): Promise<WindowResult> {
  await wait(task.warmup);
  const fsyncs = countFsyncs(task.pids);
  const commitsBefore = await readCommits(task);
  await fsyncs.begin();
  const cpuBefore = readCpuSeconds(task.pids);
  recorder.openWindow();
  await wait(task.seconds);
  const figures = recorder.closeWindow();
  const cpu = readCpuSeconds(task.pids) - cpuBefore;
  const fsyncCount = await fsyncs.end();
  const commitsAfter = await readCommits(task);
  if (figures.turns === 0) throw new Error("no turn was given within the window");
  return {
    ...figures,
    cpuPer1000: (cpu / figures.turns) * 1000,
    resident: readResidentMegabytes(task.pids),
    fsyncPerTurn: fsyncCount === undefined ? undefined : fsyncCount / figures.turns,
    commitsPerTurn:
      commitsBefore && commitsAfter
        ? Object.fromEntries(
            Object.entries(commitsAfter).map(([kind, count]) => [kind, (count - (commitsBefore[kind] ?? 0)) / figures.turns]),
          )
        : undefined,
  };
}

async function measureMemory(task: Task, recorder: RecorderControls): Promise<MemoryResult> {
  const threads = task.threads ?? 0;
  const began = performance.now();
  const samples: MemoryResult["samples"] = [];
  let lastCount = 0;
  let lastProgress = began;
  while (recorder.endedCount < threads) {
    await wait(0.1);
    const now = performance.now();
    if (recorder.endedCount > lastCount) lastProgress = now;
    lastCount = recorder.endedCount;
    if (now - lastProgress > task.seconds * 1000)
      throw new Error(`stuck after ${lastCount} of ${threads} threads: none ended in ${task.seconds} s`);
    if (lastCount >= (threads / samplesOfMemory) * (samples.length + 1)) {
      samples.push({ threads: lastCount, seconds: (now - began) / 1000, resident: readResidentMegabytes(task.pids) });
    }
  }
  const seconds = (performance.now() - began) / 1000;
  await wait(idleSeconds);
  return { samples, threads: lastCount, turns: recorder.turnCount, seconds, residentIdle: readResidentMegabytes(task.pids) };
}

async function readCommits({ url, adminToken, engine }: Task): Promise<Record<string, number> | undefined> {
  if (engine === "bare") return undefined;
  const response = await fetch(`${url}/v1/metrics`, { headers: { authorization: `Bearer ${adminToken}` } });
  return response.ok ? ((await response.json()) as { commits: Record<string, number> }).commits : undefined;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
