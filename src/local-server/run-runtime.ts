/**
 * Runs workerd by a configuration, for as long as it is wanted: one that ends by itself is started again on the same ports. Knows
 * neither the Worker nor the data folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
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
  /** Path of the socket of Miniflare's entry, which takes no token; undefined: a port of loopback. */
  entry: string | undefined;
  /** Folders by name of service, in the place of those that the configuration names. */
  folders: { [service: string]: string };
  /** Gets what the Worker and the runtime log, a line at a time. */
  log(line: string): void;
  /** In the turn in which a runtime is spawned, the first and each later one. What it throws ends that one. */
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
  /** How. */
  ended: Promise<string>;
}

/** Starts a runtime and resolves when it listens. @throws {RuntimeError} */
export async function runRuntime(configuration: Launch, hooks: RuntimeHooks): Promise<Runtime> {
  const ending = new AbortController();
  let settings = configuration;
  /** The one that is wanted; undefined while there is none. */
  let current: Launched | undefined;
  let restarting: Promise<void> | undefined;
  let replacing: Promise<void> = Promise.resolve();
  let pause = 0;

  async function begin(ports?: Map<string, number>): Promise<Launched> {
    const launched = await launch(settings, hooks, ending.signal, ports);
    current = launched;
    const began = performance.now();
    void launched.ended.then((how) => {
      if (launched !== current || ending.signal.aborted) return;
      current = undefined;
      if (performance.now() - began > limits.long) pause = 0;
      restarting = restart(launched.ports, `the runtime ended unexpectedly (${how})`);
    });
    return launched;
  }

  async function restart(ports: Map<string, number>, why: string): Promise<void> {
    while (!ending.signal.aborted) {
      await delay(pause, undefined, { signal: ending.signal }).catch(() => {});
      pause = Math.min(limits.pauseLast, Math.max(limits.pauseFirst, pause * 2));
      if (ending.signal.aborted) return;
      try {
        await begin(ports);
        return hooks.log(`${why} and was started again`);
      } catch (error) {
        if (!ending.signal.aborted) hooks.log(`${why}, and does not start: ${(error as Error).message}`);
      }
    }
  }

  /** Once none is being started again. */
  async function endCurrent(): Promise<void> {
    await restarting;
    const ended = current;
    current = undefined;
    ended?.child.kill("SIGKILL");
    await ended?.ended;
  }

  async function exchange(next: Launch): Promise<void> {
    await endCurrent();
    settings = next;
    try {
      await begin(ports);
    } catch (error) {
      restarting = restart(ports, "the runtime was ended to go on otherwise");
      throw error;
    }
  }

  const { ports } = await begin();
  const { entry, worker } = configuration.sockets;
  return {
    url: `http://127.0.0.1:${ports.get(worker)}`,
    async runCron(cron) {
      const { status, body } = await askLoopback(
        `http://127.0.0.1:${ports.get(entry)}/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}`,
        hooks.entry,
      );
      if (status !== 200) throw new Error(body);
    },
    replace(next) {
      replacing = replacing.catch(() => {}).then(() => exchange(next));
      return replacing;
    },
    async stop() {
      // Kills whichever there is, also one that has yet to listen.
      ending.abort();
      await replacing.catch(() => {});
      await endCurrent();
    },
  };
}

/**
 * @param until kills it
 * @param ports that it listens on; else what the configuration says
 */
async function launch(
  { command, args, sockets }: Launch,
  { loopback, entry, folders, log, onSpawn }: RuntimeHooks,
  until: AbortSignal,
  ports?: Map<string, number>,
): Promise<Launched> {
  until.throwIfAborted();
  const addresses = new Map([...(ports ?? [])].map(([name, port]) => [name, `127.0.0.1:${port}`]));
  if (entry !== undefined) {
    addresses.set(sockets.entry, `unix:${entry}`);
    // Of the runtime before: it stays when that is killed.
    rmSync(entry, { force: true });
  }
  const own = [
    ...[...addresses].map(([name, address]) => `--socket-addr=${name}=${address}`),
    ...Object.entries(folders).map(([name, path]) => `--directory-path=${name}=${path}`),
  ];
  const kept = args
    .filter((arg) => ![...addresses.keys()].some((name) => arg.startsWith(`--socket-addr=${name}=`)))
    // Who made the configuration has ended.
    .map((arg) => arg.replace(/^(--external-addr=[^=]+=).*$/, `$1${loopback}`));
  const child = spawn(command, [...kept, ...own], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, TZ: "UTC", FORCE_COLOR: "0" },
  });
  const kill = (): void => void child.kill("SIGKILL");
  until.addEventListener("abort", kill, { once: true });
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`)).once("error", ({ message }) => resolve(message));
  });
  void ended.then(() => until.removeEventListener("abort", kill));
  const { stdout, stderr } = child;
  let complaint = "";
  function collect(text: string): void {
    complaint = `${complaint}${text}`.slice(-limits.complaint);
  }
  try {
    child.once("error", ({ message }) => collect(message));
    if (!stdout || !stderr) throw new RuntimeError("failed", "the runtime has no pipes");
    stderr.setEncoding("utf8").on("data", collect);
    readRuntimeLog(stdout, log);
    readRuntimeLog(stderr, (line) => void (isAddressTaken(line) || log(line)));
    if (child.pid !== undefined) onSpawn(child.pid);
    const listening = await Promise.race([listen(child.stdio[3] as Readable, Object.values(sockets)), ended]);
    stderr.off("data", collect);
    if (typeof listening === "string") throw explain(complaint, listening);
    return { child, ports: listening, ended };
  } catch (error) {
    // One that nobody knows of would write on in the data folder.
    kill();
    await ended;
    throw error;
  }
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

function explain(complaint: string, how: string): RuntimeError {
  if (isAddressTaken(complaint)) return new RuntimeError("address_in_use", "its port is taken");
  if (/bind.*Permission denied|Permission denied.*bind|os error 13\)/.test(complaint))
    return new RuntimeError("address_denied", "its port is not this user's to open");
  return new RuntimeError("failed", complaint.trim() || `the runtime ended at once and said nothing (${how})`);
}
