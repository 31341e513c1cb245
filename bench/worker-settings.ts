/** What the benchmark's own Workers have in common, so that all run as the product's server runs. */
import { join } from "node:path";
import { build } from "esbuild";
import { NoOpLog } from "miniflare";

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

/** Bundles a Worker into one module. */
export async function bundleWorker(entry: string): Promise<{ script: string; sourceMap: string }> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    outfile: "index.js",
    sourcemap: "external",
    sourcesContent: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser", "module"],
    external: ["cloudflare:*", "node:*"],
  });
  const find = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return { script: find(".js"), sourceMap: find(".js.map") };
}
