/** Counts a server's fsync calls with the kernel's own counters, where `perf` is installed and allowed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/** A count that runs until it is stopped. */
export interface FsyncCount {
  /** Whether it counts: not where `perf` is absent or not allowed, or one of the processes has ended. */
  begin(): Promise<boolean>;
  /** Calls since `begin`; undefined where they can't be counted. */
  end(): Promise<number | undefined>;
}

/** Attaches to processes; nothing is counted before `begin`. */
export function countFsyncs(pids: readonly number[]): FsyncCount {
  const events = "syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync";
  const perf = spawn("perf", ["stat", "-x,", "-D", "-1", "--control", "fd:3,4", "-e", events, "-p", pids.join(",")], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  const [, , stderr, control, acknowledged] = perf.stdio as [null, null, Readable, Writable, Readable];
  let report = "";
  stderr.on("data", (text) => {
    report += text;
  });
  const closed = once(perf, "close").catch(() => undefined);
  // A perf that is absent or not allowed closes its pipes; that is an answer too.
  control.on("error", () => {});

  return {
    async begin() {
      control.write("enable\n");
      return Promise.race([once(acknowledged, "data").then(() => true), closed.then(() => false)]);
    },
    async end() {
      control.write("disable\n");
      await Promise.race([once(acknowledged, "data"), closed]);
      perf.kill("SIGINT");
      await closed;
      const counts = report.split("\n").filter((line) => /sys_enter_f(data)?sync/.test(line));
      const values = counts.map((line) => Number(line.split(",")[0]));
      return values.length > 0 && values.every(Number.isFinite) ? values.reduce((sum, value) => sum + value, 0) : undefined;
    },
  };
}
