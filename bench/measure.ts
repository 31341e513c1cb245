/** One measurement: a fresh server process, the agents in another, and both ended. */
import { fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MemoryResult, Report, Task, WindowResult } from "./player.ts";
import { type Engine, startServerProcess } from "./server-process.ts";

/** What measurements have in common. Seconds. */
export interface Plan {
  seconds: number;
  warmup: number;
  /** Added to the server's environment. */
  env: Record<string, string>;
}

/** Seconds without the end of any thread after which a memory run counts as stuck. */
const patience = 60;

/** Measures a window of play. */
export async function measure(engine: Engine, concurrency: number, plan: Plan): Promise<WindowResult> {
  const report = await play(engine, { concurrency, warmup: plan.warmup, seconds: plan.seconds }, plan.env);
  if (!("window" in report)) throw new Error("the agents measured something else");
  return report.window;
}

/** Plays a number of threads and samples the server's memory. */
export async function measureMemory(engine: Engine, concurrency: number, threads: number, plan: Plan): Promise<MemoryResult> {
  const report = await play(engine, { concurrency, warmup: plan.warmup, seconds: patience, threads }, plan.env);
  if (!("memory" in report)) throw new Error("the agents measured something else");
  return report.memory;
}

async function play(
  engine: Engine,
  task: Omit<Task, "engine" | "url" | "adminToken" | "pids">,
  env: Record<string, string>,
): Promise<Report> {
  const server = await startServerProcess(engine, env);
  try {
    const { url, adminToken, pids } = server;
    const report = await runPlayer({ engine, url, adminToken, pids, ...task });
    if ("failure" in report) throw new Error(`${engine}, ${task.concurrency} at a time: ${report.failure}${server.complaints()}`);
    return report;
  } finally {
    await server.stop();
  }
}

function runPlayer(task: Task): Promise<Report> {
  const player = fork(join(dirname(fileURLToPath(import.meta.url)), "player.ts"), { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    player.once("message", (report: Report) => resolve(report));
    player.once("error", reject);
    player.once("exit", (code) => reject(new Error(`the agents' process ended with ${code}`)));
    player.send(task);
  });
}
