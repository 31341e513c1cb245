/** CPU time and memory of a server's processes, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of a second in /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** A process and all that descend from it and are alive. */
export function listProcessTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    const parent = Number(fields?.[1]);
    if (fields) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Those of the processes that run the program. */
export function keepProgram(pids: readonly number[], program: string): number[] {
  return pids.filter((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").startsWith(program));
}

/** Seconds of CPU, user and system, that the processes have used. */
export function readCpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readStat(pid);
    return sum + (Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0)) / ticksPerSecond;
  }, 0);
}

/** Megabytes that are resident. */
export function readResidentMegabytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      return sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
    } catch {
      return sum;
    }
  }, 0);
}

/** The fields after the program's name, which may itself contain spaces. */
function readStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
