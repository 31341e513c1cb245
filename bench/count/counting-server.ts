/** Serves the Worker with counters around it, with the settings of the product's own server, in this process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { migrateD1 } from "../../src/cli/server/migrate-d1.ts";
import { projectRoot } from "../../src/cli/server/project-root.ts";
import { readWorkerOptions } from "../../src/cli/server/worker-options.ts";
import type { Counts } from "./counts.ts";

/** A server that counts. */
export interface CountingServer {
  url: string;
  adminToken: string;
  /** What was counted since the last call. */
  takeCounts(): Promise<Counts>;
  stop(): Promise<void>;
}

/** Starts one on a fresh data folder. @param variables the Worker's, such as `NERVEFLARE_PLACEMENT` */
export async function startCountingServer(variables: Record<string, string>): Promise<CountingServer> {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-count-"));
  const adminToken = "counting";
  const { outputFiles } = await build({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), "worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  });
  const worker = await readWorkerOptions();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...worker,
      script: outputFiles[0]?.text ?? "",
      bindings: { ...worker.bindings, NERVEFLARE_ADMIN_TOKEN: adminToken, ...variables },
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      host: "127.0.0.1",
      port: 0,
      resourcePersistencePath: join(data, "state"),
      cf: false,
      telemetry: { enabled: false },
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      logRequests: false,
      log: new NoOpLog(),
      handleStructuredLogs: () => {},
    }),
  );
  await miniflare.ready;
  await migrateD1(await miniflare.getD1Database("DB"), join(projectRoot, "migrations"));
  const url = (await miniflare.unsafeGetDirectURL()).origin;
  return {
    url,
    adminToken,
    takeCounts: async () => (await (await fetch(`${url}/count`)).json()) as Counts,
    async stop() {
      await miniflare.dispose();
      rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
