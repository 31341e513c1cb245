/** Serves the Worker in this process with the settings of the product's own server: where a measurement needs more of the runtime than `npm start` gives. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Placement } from "../src/contract/placement.ts";
import { loadWorker } from "../src/local-server/load-worker.ts";
import { migrateD1 } from "../src/local-server/migrate-d1.ts";
import { listVariables } from "./contenders.ts";
import { makeSettings } from "./worker-settings.ts";

/** A server that answers. */
export interface WorkerServer {
  url: string;
  adminToken: string;
  /** Its data folder. */
  folder: string;
  /** What debuggers connect to, if it was asked for. */
  inspector: URL | undefined;
  stop(): Promise<void>;
}

/** What differs from `npm start`. */
export interface WorkerServerOptions {
  /** A bundle to run instead of the product's. */
  script?: string;
  /** Whether debuggers may connect. */
  inspect?: boolean;
  /** Whether the Worker finds V8's `gc`. */
  exposeGc?: boolean;
  placement?: Placement | undefined;
}

/** Starts one on a fresh data folder. */
export async function startWorkerServer({ script, inspect, exposeGc, placement }: WorkerServerOptions = {}): Promise<WorkerServer> {
  // Miniflare reads it as it starts the runtime, and has no option for it.
  if (exposeGc) process.env["MINIFLARE_WORKERD_V8_FLAGS"] = "--expose-gc";
  const data = mkdtempSync(join(tmpdir(), "nerveflare-bench-"));
  const adminToken = "bench";
  const { options, migrations } = await loadWorker();
  migrateD1(join(data, "state"), migrations);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      ...(script !== undefined && { script }),
      bindings: { ...options.bindings, NERVEFLARE_ADMIN_TOKEN: adminToken, ...listVariables(placement) },
      ...(inspect && { inspectorPort: 0 }),
      ...makeSettings(data),
      handleStructuredLogs: () => {},
    }),
  );
  await miniflare.ready;
  return {
    url: (await miniflare.unsafeGetDirectURL()).origin,
    adminToken,
    folder: data,
    inspector: inspect ? await miniflare.getInspectorURL() : undefined,
    async stop() {
      await miniflare.dispose();
      rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
