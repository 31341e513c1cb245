/** How Miniflare runs the Worker: the same bundle in the same runtime as deployed, its data on disk, nothing beyond loopback. */
import { accessSync, constants, statfsSync } from "node:fs";
import {
  convertV4MiniflareOptions,
  Miniflare,
  type MiniflareOptions,
  NoOpLog,
  type Request,
  Response,
  type V4WorkerOptions,
} from "miniflare";
import { findTracesUrl } from "../durable/trace/trace-exporter.ts";
import type { DataFolder } from "./data-folder.ts";
import type { LoadedWorker } from "./load-worker.ts";
import { findState } from "./state-files.ts";

/** Bytes that must be free: less does not hold a write-ahead log until it is folded in. */
const freeAtLeast = 4 * 1024 * 1024;

export interface RuntimeSettings {
  worker: LoadedWorker;
  folder: DataFolder;
  port: number;
  adminToken: string;
  paused: boolean;
  log: (line: string) => void;
}

/** Options of the runtime that serves. */
export function createServingOptions({ worker: { options }, folder, port, adminToken, paused, log }: RuntimeSettings): MiniflareOptions {
  return convertV4MiniflareOptions({
    ...options,
    bindings: {
      ...options.bindings,
      NERVEFLARE_ADMIN_TOKEN: adminToken,
      ...readVariables(),
      ...(paused && { NERVEFLARE_PAUSED: "true" }),
    },
    serviceBindings: { NERVEFLARE_HOST: async () => Response.json({ fault: findFolderFault(folder) }) },
    outboundService: callOutside,
    // Requests go to the Worker itself: Miniflare's own entry in front of it costs two thirds of a request.
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
    ...createCommonOptions(folder),
    logRequests: false,
    handleStructuredLogs: ({ level, message }: { level: string; message: string }) => log(`${level}: ${message}`),
    unsafeHandleRuntimeRestart: () => log("the runtime ended unexpectedly and was started again"),
  });
}

/** A runtime that has nothing but D1: no object wakes, no alarm rings, nothing listens. For migrations. */
export function createDatabaseRuntime(worker: V4WorkerOptions, folder: DataFolder): Miniflare {
  const { d1Databases, compatibilityDate } = worker;
  return new Miniflare(
    convertV4MiniflareOptions({
      name: "migrations",
      modules: true,
      script: "export default {};",
      ...(compatibilityDate !== undefined && { compatibilityDate }),
      ...(d1Databases !== undefined && { d1Databases }),
      ...createCommonOptions(folder),
    }),
  );
}

function createCommonOptions(folder: DataFolder) {
  return {
    host: "127.0.0.1",
    port: 0,
    resourcePersistencePath: findState(folder.path),
    cf: false as const,
    telemetry: { enabled: false },
    // Both cost several times the speed, see `wrangler dev`.
    unsafeLocalExplorer: false,
    unsafeObservability: false,
    log: new NoOpLog(),
  };
}

/** What is wrong with the data folder, for anybody to read: so without its path. */
function findFolderFault(folder: DataFolder): string | null {
  const fault = folder.findFault();
  if (fault !== null) return fault;
  try {
    accessSync(findState(folder.path), constants.W_OK);
    const { bavail, bsize } = statfsSync(folder.path);
    const free = bavail * bsize;
    return free < freeAtLeast ? `The disk is full: ${Math.floor(free / 1024)} KB are free. Make room.` : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS") return "The data folder's file system is mounted read-only. Mount it writable.";
    if (code === "EACCES") return "The data folder is not this user's to write in.";
    return `The data folder cannot be looked at (${code}).`;
  }
}

/** What a deployed Worker reads from its variables, under the same names. */
function readVariables(): { [name: string]: string } {
  const names = ["PLACEMENT", "RATE_EVENTS", "RATE_CALLS", "RETENTION", "ORIGINS", "OTLP_URL", "OTLP_HEADERS"].map(
    (name) => `NERVEFLARE_${name}`,
  );
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
