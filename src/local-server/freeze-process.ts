/**
 * Holds a process still. A stopped process keeps its sockets and its memory; nobody is refused, everybody waits a moment.
 * What it has on disk is then what a loss of power would leave at that instant, in all of its files at once.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that a process may take to stand still: a write to disk that is under way ends first. */
const timeout = 10_000;

/**
 * Stops a process for the time of `work`, and lets it go on whatever becomes of that.
 * @returns what `work` returned, and for how many milliseconds the process stood still
 * @throws when it does not stand still, or there is none
 */
export async function whileFrozen<T>(pid: number, work: () => Promise<T>): Promise<{ value: T; milliseconds: number }> {
  const begun = performance.now();
  process.kill(pid, "SIGSTOP");
  try {
    while (!isStopped(pid)) {
      if (performance.now() - begun > timeout) throw new Error(`process ${pid} does not stand still`);
      await delay(2);
    }
    const value = await work();
    // It was killed or woken by somebody else: then others wrote while we read.
    if (!isStopped(pid)) throw new Error(`process ${pid} did not stand still all the while: repeat`);
    return { value, milliseconds: Math.ceil(performance.now() - begun) };
  } finally {
    // It may have been killed meanwhile.
    try {
      process.kill(pid, "SIGCONT");
    } catch {}
  }
}

/** Whether every thread of a process stands still: the signal reaches them one after another. */
function isStopped(pid: number): boolean {
  if (process.platform !== "linux") {
    const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
    return stdout?.trim().startsWith("T") ?? false;
  }
  const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  if (tasks.length === 0) return false;
  return tasks.every((task) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8");
      return /^[Tt]$/.test(stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "");
    } catch {
      // It ended between the two.
      return true;
    }
  });
}
