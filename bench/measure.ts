/** Measurements: a server in a process of its own, the agents in another, on order. */
import { type ChildProcess, fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Contender, listVariables, nameContender } from "./contenders.ts";
import type { MemoryResult, Order, Report, Task, WindowOrder, WindowResult } from "./orders.ts";
import { startServerProcess } from "./server-process.ts";

/** A contender with a server of its own, which measures when it is told to. */
export interface Stage {
  measureWindow(order: WindowOrder): Promise<WindowResult>;
  stop(): Promise<void>;
}

/** Seconds without the end of any thread after which a memory run counts as stuck. */
const timeout = 60;

/** Starts a server and its agents. */
export async function openStage(contender: Contender, concurrency: number): Promise<Stage> {
  const { send, stop } = await open(contender, { concurrency });
  return {
    async measureWindow(window) {
      const report = await send({ window });
      if (!("window" in report)) throw new Error("the agents measured something else");
      return report.window;
    },
    stop,
  };
}

/** Plays a number of threads and samples the server's memory. */
export async function measureMemory(contender: Contender, concurrency: number, threads: number): Promise<MemoryResult> {
  const { send, stop } = await open(contender, { concurrency, threads });
  try {
    const report = await send({ memory: { threads, timeout } });
    if (!("memory" in report)) throw new Error("the agents measured something else");
    return report.memory;
  } finally {
    await stop();
  }
}

async function open(
  contender: Contender,
  play: Pick<Task, "concurrency" | "threads">,
): Promise<{ send(order: Order): Promise<Report>; stop(): Promise<void> }> {
  const { engine, roles, length } = contender;
  const server = await startServerProcess(engine, listVariables(contender.placement));
  const player = fork(join(dirname(fileURLToPath(import.meta.url)), "player.ts"), { stdio: "inherit" });
  async function send(order: Order): Promise<Report> {
    const report = await ask(player, order);
    if ("failure" in report)
      throw new Error(`${nameContender(contender)}, ${play.concurrency} at a time: ${report.failure}${server.complaints()}`);
    return report;
  }
  async function stop(): Promise<void> {
    if (player.connected) player.disconnect();
    await server.stop();
  }
  try {
    const { complaints: _, stop: __, ...facts } = server;
    await send({ task: { engine, roles, ...facts, ...play, ...(length !== undefined && { turns: length }) } });
    return { send, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Gives an order to an agents' process and resolves to what it reports. */
export function ask(player: ChildProcess, order: Order): Promise<Report> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the agents' process ended with ${code}`));
    player.once("exit", ended);
    player.once("error", reject);
    player.once("message", (report: Report) => {
      player.off("exit", ended);
      player.off("error", reject);
      resolve(report);
    });
    player.send(order);
  });
}
