/** A local server as a process of its own, for programs: the demo, the end-to-end tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Placement } from "../contract/placement.ts";
import { findFile } from "../package-files.ts";

/** What `nerveflare start --json` prints when it answers. */
export interface Ready {
  url: string;
  adminToken: string;
  data: string;
  placement: Placement;
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

/** The token is printed only when it is made; else it is where the line says. */
function readReady(line: string): Ready {
  const { adminTokenFile, ...ready } = JSON.parse(line) as Ready & { adminTokenFile: string };
  return { ...ready, adminToken: ready.adminToken ?? readFileSync(adminTokenFile, "utf8").trim() };
}

/** Spawns `nerveflare start --json`. An admin token in our environment is not for it. */
export function spawnServer(data: string, options: { port?: number; env?: Record<string, string>; args?: string[] } = {}): ServerProcess {
  const args = [
    findFile("bin/nerveflare.js"),
    "start",
    "--json",
    "--data",
    data,
    "--port",
    String(options.port ?? 0),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NERVEFLARE_ADMIN_TOKEN: "", ...options.env },
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-20_000);
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code, signal) => resolve({ code, signal, stderr })));
  const ready = new Promise<Ready | null>((resolve) => {
    createInterface({ input: child.stdout })
      .once("line", (line) => resolve(readReady(line)))
      .once("close", () => resolve(null));
  });
  return { child, ready, ended };
}
