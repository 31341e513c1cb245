/** What the Worker is, read from wrangler.toml as `wrangler dev` and the tests read it, and its code in one module. */
import { join } from "node:path";
import { build } from "esbuild";
import type { V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { projectRoot } from "./project-root.ts";
import { ServerStartError } from "./server-start-error.ts";

const configPath = join(projectRoot, "wrangler.toml");

/** The Worker's cron triggers. */
export function readCrons(): string[] {
  return unstable_readConfig({ config: configPath }).triggers.crons ?? [];
}

/**
 * Bundles the Worker and reads its bindings and compatibility date.
 * @throws {ServerStartError} `bundle_failed`
 */
export async function readWorkerOptions(): Promise<V4WorkerOptions> {
  const { workerOptions, main, define } = unstable_getMiniflareWorkerOptions(configPath);
  // Wrangler's rules say which files to gather; ours are one bundle.
  const { modulesRules: _, ...options } = workerOptions;
  return { ...options, name: "nerveflare", modules: true, script: await bundleWorker(main ?? "src/worker/index.ts", define) };
}

async function bundleWorker(entry: string, define: Record<string, string>): Promise<string> {
  try {
    const { outputFiles } = await build({
      absWorkingDir: projectRoot,
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*"],
      define,
      sourcemap: "inline",
      logLevel: "silent",
    });
    return outputFiles[0]?.text ?? "";
  } catch (error) {
    throw new ServerStartError("bundle_failed", `The Worker does not bundle: ${(error as Error).message}`, { cause: error });
  }
}
