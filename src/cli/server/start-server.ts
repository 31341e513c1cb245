/** Runs the Worker on this machine: the same bundle in the same runtime as deployed, its data on disk, nothing beyond loopback. */
import type { ChildProcess } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { basename, join } from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog, type Request, Response } from "miniflare";
import { findTracesUrl } from "../../durable/trace/trace-exporter.ts";
import { parseRetention } from "../../worker/retention.ts";
import { settleAdminToken } from "./admin-token.ts";
import { claimDataFolder, type DataFolder } from "./data-folder.ts";
import { migrateD1 } from "./migrate-d1.ts";
import { projectRoot } from "./project-root.ts";
import { ServerStartError } from "./server-start-error.ts";
import { readCrons, readWorkerOptions } from "./worker-options.ts";

/** Milliseconds. */
const cronInterval = 3_600_000;

/** How to run a local server. */
export interface ServerOptions {
  /** Folder that holds everything the server keeps; created where absent. */
  data: string;
  /** 0 takes a free one. */
  port: number;
  /** Absent: the one kept in the data folder, or a new one. */
  adminToken?: string;
  /** Gets what the Worker logs, a line at a time. */
  log?: (line: string) => void;
}

/** A server that answers. */
export interface RunningServer {
  /** Without a slash at the end. */
  url: string;
  adminToken: string;
  /** Absolute path of the data folder. */
  data: string;
  /** The processes; `workerd` changes when the runtime crashed and was started again. */
  pids: { server: number; workerd: number };
  /** Ends the runtime, also with sockets open, and gives the data folder free. What was answered before is on disk. */
  stop(): Promise<void>;
}

/**
 * Starts a server and resolves when it answers, its D1 migrated.
 * @throws {ServerStartError} when another server has the data folder, the port is taken, or the Worker does not run
 */
export async function startServer({ data, port, adminToken, log = () => {} }: ServerOptions): Promise<RunningServer> {
  const retention = parseRetention(process.env.NERVEFLARE_RETENTION);
  if (!retention.ok) throw new ServerStartError("bad_setting", retention.error);
  const folder = await claimDataFolder(data);
  if (folder.orphan !== null) log(`ended process ${folder.orphan}, a runtime that a killed server had left on ${folder.path}`);
  const pids = { server: process.pid, workerd: 0 };
  const unwatch = watchRuntime((pid) => {
    pids.workerd = pid;
    folder.note({ workerdPid: pid });
  });
  let miniflare: Miniflare | undefined;
  let cron: NodeJS.Timeout | undefined;

  async function stop(): Promise<void> {
    clearInterval(cron);
    unwatch();
    await miniflare?.dispose();
    folder.release();
  }

  try {
    const token = settleAdminToken(folder.path, adminToken);
    miniflare = await createMiniflare(folder, port, token, log);
    await miniflare.ready;
    const url = (await miniflare.unsafeGetDirectURL()).origin;
    await migrateD1(await miniflare.getD1Database("DB"), join(projectRoot, "migrations"));
    folder.note({ url });
    cron = setInterval(runCrons, cronInterval, miniflare, log);
    return { url, adminToken: token, data: folder.path, pids, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw explainFailure(error, port);
  }
}

async function createMiniflare(folder: DataFolder, port: number, adminToken: string, log: (line: string) => void): Promise<Miniflare> {
  const worker = await readWorkerOptions();
  return new Miniflare(
    convertV4MiniflareOptions({
      ...worker,
      bindings: { ...worker.bindings, NERVEFLARE_ADMIN_TOKEN: adminToken, ...readVariables() },
      outboundService: callOutside,
      // Requests go to the Worker itself: Miniflare's own entry in front of it costs two thirds of a request.
      unsafeDirectSockets: [{ host: "127.0.0.1", port }],
      host: "127.0.0.1",
      port: 0,
      resourcePersistencePath: join(folder.path, "state"),
      cf: false,
      telemetry: { enabled: false },
      // Both cost several times the speed, see `wrangler dev`.
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      logRequests: false,
      log: new NoOpLog(),
      handleStructuredLogs: ({ level, message }) => log(`${level}: ${message}`),
      unsafeHandleRuntimeRestart: () => log("the runtime ended unexpectedly and was started again"),
    }),
  );
}

/** What a deployed Worker reads from its variables, under the same names. */
function readVariables(): { [name: string]: string } {
  const names = ["PLACEMENT", "RATE_EVENTS", "RATE_CALLS", "RETENTION", "OTLP_URL", "OTLP_HEADERS"].map((name) => `NERVEFLARE_${name}`);
  const given = names.map((name) => [name, process.env[name]]).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}

/** The Worker calls nobody but the collector of traces, where one is named; a stray fetch must not leave the machine. */
async function callOutside(request: Request): Promise<Response> {
  const collector = process.env.NERVEFLARE_OTLP_URL;
  if (collector === undefined || request.url !== findTracesUrl(collector))
    return new Response("the local server has no network", { status: 502 });
  const { method, headers } = request;
  const answer = await fetch(request.url, { method, headers: Object.fromEntries(headers), body: await request.text() });
  return new Response(await answer.text(), { status: answer.status, headers: Object.fromEntries(answer.headers) });
}

/** Runs the Worker's cron triggers: here nothing else does, and once an hour is often enough for what they tidy. */
async function runCrons(miniflare: Miniflare, log: (line: string) => void): Promise<void> {
  try {
    const worker = await miniflare.getWorker();
    for (const cron of readCrons()) await worker.scheduled({ scheduledTime: new Date(), cron });
  } catch (error) {
    log(`a cron trigger failed: ${(error as Error).message}`);
  }
}

/** Calls back with the pid of each runtime that this process spawns from now on, in the turn in which it is spawned. */
function watchRuntime(onSpawn: (pid: number) => void): () => void {
  function onChild(message: unknown): void {
    const child = (message as { process: ChildProcess }).process;
    // The channel speaks before the child is spawned.
    process.nextTick(() => {
      if (child.pid !== undefined && basename(child.spawnfile).startsWith("workerd")) onSpawn(child.pid);
    });
  }
  diagnostics.subscribe("child_process", onChild);
  return () => diagnostics.unsubscribe("child_process", onChild);
}

function explainFailure(error: unknown, port: number): ServerStartError {
  if (error instanceof ServerStartError) return error;
  const { code, message } = error as { code?: string; message?: string };
  return code === "ERR_ADDRESS_IN_USE"
    ? new ServerStartError("port_in_use", `Port ${port} of 127.0.0.1 is taken.`, {
        hint: "Take another with --port or PORT; 0 takes a free one.",
        cause: error,
      })
    : new ServerStartError("runtime_failed", `The server did not start: ${message ?? String(error)}`, { cause: error });
}
