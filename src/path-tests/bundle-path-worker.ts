/** Bundles the Worker of `nerveflare test` of a clone's source. Imports esbuild, which an install does not have: that brings it bundled. */
import { build, stop } from "esbuild";

/** A Worker in one module. */
export interface BundledModule {
  script: string;
  sourceMap: string;
}

/** Bundles a Worker that is not the product's: as it is written, for its messages and its profile are read. esbuild's service stays. */
export async function bundleModule(entry: string): Promise<BundledModule> {
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
    logLevel: "silent",
  });
  const find = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return { script: find(".js"), sourceMap: find(".js.map") };
}

/** @returns its code in one module */
export async function bundlePathWorker(entry: string): Promise<string> {
  try {
    return (await bundleModule(entry)).script;
  } finally {
    // Its service is a process that would stay with us to our end.
    await stop();
  }
}
