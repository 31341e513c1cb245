/**
 * Runs workerd by a configuration, for as long as it is wanted: one that ends by itself is started again on the same ports. Knows
 * neither the Worker nor the data folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { askLoopback } from "./ask-loopback.ts";
import type { Launch } from "./configure-runtime.ts";
import { readRuntimeLog } from "./runtime-log.ts";

const limits = {
  /** Milliseconds before a runtime that ended is started again: none at first, then doubling between these, until one has lived for long. */
  pauseFirst: 100,
  pauseLast: 10_000,
  long: 60_000,
  /** Characters of what a runtime said before it listened, for who asks why it did not. */
  complaint: 16_384,
} as const;

/** What a runtime is given beside its configuration. */
export interface RuntimeHooks {
  /** `host:port` that takes what the configuration sends to the process beside the runtime. */
  loopback: string;
  /** Folders by name of service, in the place of those that the configuration names. */
  folders: { [service: string]: string };
  /** Gets what the Worker and the runtime log, a line at a time. */
  log(line: string): void;
  /** In the turn in which a runtime is spawned, the first and each later one. */
  onSpawn(pid: number): void;
}

export interface Runtime {
  /** Where the Worker answers, without a slash at the end. */
  url: string;
  /** Runs a cron trigger of the Worker. @throws where it fails */
  runCron(cron: string): Promise<void>;
  /** Goes on by another configuration, on the same ports. */
  replace(next: Launch): Promise<void>;
  /** Ends it at once, also with sockets open: what was answered is on disk. */
  stop(): Promise<void>;
}

/** The runtime did not start: its port is taken, or is not this user's to open, or another reason. */
export class RuntimeError extends Error {
  override name = "RuntimeError";
  readonly code: "address_in_use" | "address_denied" | "failed";

  constructor(code: RuntimeError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** One process that listens. */
interface Launched {
  child: ChildProcess;
  /** By name of socket. */
  ports: Map<string, number>;
  ended: Promise<void>;
}

/** Starts a runtime and resolves when it listens. @throws {RuntimeError} */
export async function runRuntime(configuration: Launch, hooks: RuntimeHooks): Promise<Runtime> {
  const ending = new AbortController();
  let settings = configuration;
  /** The one that is wanted; undefined while there is none. */
  let current: Launched | undefined;
  let restarting: Promise<void> | undefined;
  let pause = 0;

  async function begin(ports?: Map<string, number>): Promise<Launched> {
    const launched = await launch(settings, hooks, ports);
    if (ending.signal.aborted) await end(launched);
    else current = launched;
    const began = performance.now();
    void launched.ended.then(() => {
      if (launched !== current) return;
      current = undefined;
      if (performance.now() - began > limits.long) pause = 0;
      restarting = restart(launched.ports);
    });
    return launched;
  }

  async function restart(ports: Map<string, number>): Promise<void> {
    while (!ending.signal.aborted) {
      await delay(pause, undefined, { signal: ending.signal }).catch(() => {});
      pause = Math.min(limits.pauseLast, Math.max(limits.pauseFirst, pause * 2));
      if (ending.signal.aborted) return;
      try {
        await begin(ports);
        return hooks.log("the runtime ended unexpectedly and was started again");
      } catch (error) {
        hooks.log(`the runtime ended unexpectedly, and does not start: ${(error as Error).message}`);
      }
    }
  }

  /** Ends the one that there is, or that is just being started. */
  async function endCurrent(): Promise<void> {
    await restarting;
    const ended = current;
    current = undefined;
    if (ended) await end(ended);
  }

  const { ports } = await begin();
  const { entry, worker } = configuration.sockets;
  return {
    url: `http://127.0.0.1:${ports.get(worker)}`,
    async runCron(cron) {
      const { status, body } = await askLoopback(
        `http://127.0.0.1:${ports.get(entry)}/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}`,
      );
      if (status !== 200) throw new Error(body);
    },
    async replace(next) {
      await endCurrent();
      settings = next;
      await begin(ports);
    },
    async stop() {
      ending.abort();
      await endCurrent();
    },
  };
}

async function end({ child, ended }: Launched): Promise<void> {
  child.kill("SIGKILL");
  await ended;
}

/** @param ports that it listens on; else what the configuration says */
async function launch(
  { command, args, sockets }: Launch,
  { loopback, folders, log, onSpawn }: RuntimeHooks,
  ports?: Map<string, number>,
): Promise<Launched> {
  const own = [
    ...[...(ports ?? [])].map(([name, port]) => `--socket-addr=${name}=127.0.0.1:${port}`),
    ...Object.entries(folders).map(([name, path]) => `--directory-path=${name}=${path}`),
  ];
  const kept = args
    .filter((arg) => ports === undefined || !arg.startsWith("--socket-addr="))
    // Who made the configuration has ended.
    .map((arg) => arg.replace(/^(--external-addr=[^=]+=).*$/, `$1${loopback}`));
  const child = spawn(command, [...kept, ...own], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, TZ: "UTC", FORCE_COLOR: "0" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()).once("error", () => resolve()));
  if (child.pid !== undefined) onSpawn(child.pid);
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new RuntimeError("failed", "the runtime has no pipes");
  let complaint = "";
  function collect(text: string): void {
    complaint = `${complaint}${text}`.slice(-limits.complaint);
  }
  child.once("error", ({ message }) => collect(message));
  stderr.setEncoding("utf8").on("data", collect);
  readRuntimeLog(stdout, log);
  readRuntimeLog(stderr, (line) => void (isAddressTaken(line) || log(line)));

  const listening = await Promise.race([listen(child.stdio[3] as Readable, Object.values(sockets)), ended]);
  stderr.off("data", collect);
  if (listening) return { child, ports: listening, ended };
  throw explain(complaint);
}

/** Reads what the runtime tells of its sockets until it listens on all of these. */
function listen(control: Readable, names: string[]): Promise<Map<string, number>> {
  const { promise, resolve } = Promise.withResolvers<Map<string, number>>();
  const ports = new Map<string, number>();
  createInterface({ input: control }).on("line", (line) => {
    const { event, socket, port } = readMessage(line);
    if (event === "listen" && socket !== undefined && port !== undefined && names.includes(socket)) ports.set(socket, port);
    if (ports.size === names.length) resolve(ports);
  });
  return promise;
}

/** What is none is let pass: a later runtime may say more than this one knows. */
function readMessage(line: string): { event?: string; socket?: string; port?: number } {
  try {
    return JSON.parse(line) as { event?: string; socket?: string; port?: number };
  } catch {
    return {};
  }
}

function isAddressTaken(text: string): boolean {
  return /Address already in use|bind\(\): .*os error (48|98|10013|10048)\)/.test(text);
}

function explain(complaint: string): RuntimeError {
  if (isAddressTaken(complaint)) return new RuntimeError("address_in_use", "its port is taken");
  if (/bind.*Permission denied|Permission denied.*bind|os error 13\)/.test(complaint))
    return new RuntimeError("address_denied", "its port is not this user's to open");
  return new RuntimeError("failed", complaint.trim() || "the runtime ended at once and said nothing");
}
