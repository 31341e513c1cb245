/** Starts a server as a process of its own on a fresh data folder, and ends it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { listPeerArguments, type PeerName } from "./peers/peers.ts";
import { listProcessTree } from "./process-stats.ts";

const benchFolder = dirname(fileURLToPath(import.meta.url));

/** Which server: ours, the bare ceiling, or a peer. */
export type Engine = "nerveflare" | "bare" | PeerName;

/** A server that has not ended by then is ended. */
const secondsToStop = 20;

/** A server that answers. */
export interface ServerProcess {
  url: string;
  adminToken: string;
  /** Where answers go, if not to `url`. */
  ingress?: string;
  /** All its processes. */
  pids: number[];
  /** The last that it wrote to stderr. */
  complaints(): string;
  stop(): Promise<void>;
}

/** Starts a server and resolves when it answers. `env` is added to the environment. */
export async function startServerProcess(engine: Engine, env: Record<string, string> = {}): Promise<ServerProcess> {
  const data = mkdtempSync(join(tmpdir(), `nerveflare-bench-${engine}-`));
  const child = spawn(process.execPath, listArguments(engine, data), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints = `${complaints}${text}`.slice(-4000);
  });

  async function stop() {
    const pids = listProcessTree(child.pid ?? 0).slice(1);
    child.kill("SIGTERM");
    const impatience = setTimeout(() => child.kill("SIGKILL"), secondsToStop * 1000);
    await exited;
    clearTimeout(impatience);
    // The runtime may outlive its parent while sockets are open; the folder goes next.
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended with its parent.
      }
    }
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  }

  const ready = new Promise<Pick<ServerProcess, "url" | "adminToken" | "ingress">>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line));
    });
    // Once it has said all that it has to say.
    child.once("close", (code) => reject(new Error(`the ${engine} server ended with ${code} before it was ready:\n${complaints}`)));
  });
  try {
    return { ...(await ready), pids: listProcessTree(child.pid ?? 0), complaints: () => complaints, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What its Node is told. */
function listArguments(engine: Engine, data: string): string[] {
  if (engine === "nerveflare") return [join(benchFolder, "..", "src", "cli", "main.ts"), "start", "--json", "--port", "0", "--data", data];
  if (engine === "bare") return [join(benchFolder, "bare", "server.ts"), data];
  return listPeerArguments(engine, data);
}
