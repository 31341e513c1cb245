/** Bundles the Worker of `nerveflare test` of a clone's source. Imports esbuild, which an install does not have: that brings it bundled. */
import { build, stop } from "esbuild";

/** @returns its code in one module */
export async function bundlePathWorker(entry: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser", "module"],
      external: ["cloudflare:*"],
      logLevel: "silent",
    });
    return outputFiles[0]?.text ?? "";
  } finally {
    // Its service is a process that would stay with us to our end.
    await stop();
  }
}
