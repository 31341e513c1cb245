/** A server as users run it: a process of its own, spoken to over sockets, ended by signals. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { endProcess, identifyProcess, type ProcessIdentity } from "../../src/cli/server/process-identity.ts";

/** What `nerveflare start --json` prints when it answers. */
export interface Ready {
  url: string;
  adminToken: string;
  data: string;
  pids: { server: number; workerd: number };
}

/** How a process ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** A started process that may or may not become ready. */
export interface ServerProcess {
  child: ChildProcess;
  /** Null when it ended before it was ready. */
  ready: Promise<Ready | null>;
  ended: Promise<Ended>;
}

/** A new folder that is gone after the test. */
export async function makeDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-e2e-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Spawns `nerveflare start`; after the test it and its runtime are ended, however the test went. */
export function spawnServer(data: string, options: { port?: number; env?: Record<string, string> } = {}): ServerProcess {
  const child = spawn(process.execPath, ["src/cli/main.ts", "start", "--json", "--data", data, "--port", String(options.port ?? 0)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NERVEFLARE_ADMIN_TOKEN: "", ...options.env },
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code, signal) => resolve({ code, signal, stderr })));
  const ready = new Promise<Ready | null>((resolve) => {
    createInterface({ input: child.stdout })
      .once("line", (line) => resolve(JSON.parse(line) as Ready))
      .once("close", () => resolve(null));
  });
  const identities: ProcessIdentity[] = [];
  const note = (pid: number | undefined) =>
    identities.push(...(pid === undefined ? [] : [identifyProcess(pid)].filter((found) => found !== null)));
  note(child.pid);
  void ready.then((facts) => note(facts?.pids.workerd));
  onTestFinished(async () => {
    for (const identity of identities) await endProcess(identity);
  });
  return { child, ready, ended };
}

/** Spawns a server and waits until it answers. @throws with what it wrote when it ends instead */
export async function startServerProcess(
  data: string,
  options?: Parameters<typeof spawnServer>[1],
): Promise<ServerProcess & { facts: Ready }> {
  const server = spawnServer(data, options);
  const facts = await server.ready;
  if (!facts) throw new Error(`the server ended before it was ready: ${(await server.ended).stderr}`);
  return { ...server, facts };
}
