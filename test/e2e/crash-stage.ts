/** One server for all stories of a file, killed in several ways and started again on the same data and port. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, vi } from "vitest";
import { readRecord } from "../../src/local-server/data-folder.ts";
import type { Ended } from "../../src/local-server/spawn-server.ts";
import { findFreePort } from "./find-free-port.ts";
import { type Afterwards, makeDataFolder, startTestServer } from "./server-process.ts";

type Server = Awaited<ReturnType<typeof startTestServer>>;

/** What is killed: all processes; the parent, with which its runtime ends; the runtime, which its parent starts again. */
export type Kill = "all" | "parent" | "runtime";

export interface CrashStage {
  url: string;
  adminToken: string;
  /** Kills with SIGKILL, and waits until the server answers again. */
  crash(what: Kill): Promise<void>;
  /** What all servers said; it ends the present one. */
  readLogs(): Promise<string>;
}

/** @param afterwards ends what was started @param env of all servers */
export async function openCrashStage(afterwards: Afterwards, env: Record<string, string> = {}): Promise<CrashStage> {
  const data = await makeDataFolder(afterwards);
  // Always the same port: the agents know no other.
  const port = await findFreePort();
  const said: Promise<Ended>[] = [];
  async function start(): Promise<Server> {
    const started = await startTestServer(data, { port, env }, afterwards);
    said.push(started.ended);
    return started;
  }
  let server = await start();

  async function killAll(): Promise<void> {
    const { pids } = server.facts;
    const runtime = readRecord(join(data, "server.json"))?.workerd?.pid ?? pids.workerd;
    // The parent first: it would start its runtime again.
    for (const pid of [pids.server, runtime]) process.kill(pid, "SIGKILL");
    await server.ended;
    server = await start();
  }

  async function killParent(): Promise<void> {
    server.child.kill("SIGKILL");
    await server.ended;
    server = await start();
  }

  async function killRuntime(): Promise<void> {
    const record = join(data, "server.json");
    const before = readRecord(record)?.workerd;
    if (before) process.kill(before.pid, "SIGKILL");
    await vi.waitFor(() => expect(readRecord(record)?.workerd).not.toEqual(before), { interval: 20 });
    await vi.waitFor(() => fetch(`${server.facts.url}/healthz`), { interval: 20 });
  }

  const kills: Readonly<Record<Kill, () => Promise<void>>> = { all: killAll, parent: killParent, runtime: killRuntime };
  return {
    url: server.facts.url,
    adminToken: server.facts.adminToken,
    crash: (what) => kills[what](),
    async readLogs() {
      server.child.kill("SIGTERM");
      return (await Promise.all(said)).map(({ stderr }) => stderr).join("\n-- the next server --\n");
    },
  };
}

/** Counts happenings, and lets one wait for the next few. */
export function createCounter() {
  let count = 0;
  const waiting: { at: number; resolve: () => void }[] = [];
  return {
    count() {
      count++;
      for (const { at, resolve } of waiting) if (count >= at) resolve();
    },
    /** Waits for `more` happenings, or for `timeout` milliseconds: few are left when all reviews stand at their end. */
    reach(more: number, timeout: number): Promise<unknown> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ at: count + more, resolve });
      return Promise.race([promise, delay(timeout, undefined, { ref: false })]);
    },
  };
}
