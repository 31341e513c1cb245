/** What the benchmark's own Workers have in common, so that all run as the product's server runs. */
import { join } from "node:path";
import { NoOpLog } from "miniflare";

export { bundleModule as bundleWorker } from "../src/path-tests/bundle-path-worker.ts";

/** Settings of Miniflare: reached past its own entry, silent, without its tools. @param data folder that holds the state */
export const makeSettings = (data: string) => ({
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  host: "127.0.0.1",
  port: 0,
  resourcePersistencePath: join(data, "state"),
  cf: false as const,
  telemetry: { enabled: false },
  unsafeLocalExplorer: false,
  unsafeObservability: false,
  logRequests: false,
  log: new NoOpLog(),
});
