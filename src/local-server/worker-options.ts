/**
 * What the Worker is, read from wrangler.toml as `wrangler dev` and the tests read it, and its code in one module. Made once and kept:
 * a start imports neither wrangler nor esbuild while nothing that they read has changed.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { V4WorkerOptions } from "miniflare";
import { projectRoot } from "./project-root.ts";
import { ServerStartError } from "./server-start-error.ts";

/** The Worker, ready to run. */
interface BuiltWorker {
  options: V4WorkerOptions;
  /** Its cron triggers. */
  crons: string[];
}

/** What was built, and by which files: path in the project, time of its last change in milliseconds, and bytes. */
interface KeptWorker extends BuiltWorker {
  files: [path: string, changed: number, bytes: number][];
}

const configPath = join(projectRoot, "wrangler.toml");
/** Files of which wrangler makes variables of the Worker. */
const ownSettings = [".dev.vars", ".env", ".env.local"];

const keptPath = join(projectRoot, "node_modules/.cache/nerveflare/worker.json");

/**
 * The Worker's code in one module, with its bindings and compatibility date.
 * @throws {ServerStartError} `bundle_failed`
 */
export async function readWorkerOptions(): Promise<V4WorkerOptions> {
  return (await readWorker()).options;
}

/** The Worker's cron triggers. */
export async function readCrons(): Promise<string[]> {
  return (await readWorker()).crons;
}

async function readWorker(): Promise<BuiltWorker> {
  // What a developer's own settings make of the Worker is not kept: they may be secrets.
  const isPlain = !ownSettings.some((name) => existsSync(join(projectRoot, name)));
  const kept = isPlain ? readKept() : undefined;
  if (kept) return kept;
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");
  const { workerOptions, main, define } = unstable_getMiniflareWorkerOptions(configPath);
  // Wrangler's rules say which files to gather; ours are one bundle.
  const { modulesRules: _, ...options } = workerOptions;
  const { script, inputs } = await bundleWorker(main ?? "src/worker/index.ts", define);
  const crons = unstable_readConfig({ config: configPath }).triggers.crons ?? [];
  // As JSON keeps it, so that every start runs the same.
  const worker = JSON.parse(JSON.stringify({ options: { ...options, name: "nerveflare", modules: true, script }, crons })) as BuiltWorker;
  // A lock file stands for the versions of wrangler and esbuild.
  if (isPlain) keep(worker, ["wrangler.toml", "package-lock.json", ...inputs]);
  return worker;
}

function readKept(): BuiltWorker | undefined {
  try {
    const kept = JSON.parse(readFileSync(keptPath, "utf8")) as KeptWorker;
    const isFresh = kept.files.every(([path, ...facts]) => isDeepStrictEqual(readFacts(path), facts));
    // The project may have been moved since.
    return isFresh ? { options: { ...kept.options, rootPath: projectRoot }, crons: kept.crons } : undefined;
  } catch {
    // Nothing is kept yet, or a file is gone.
    return undefined;
  }
}

function readFacts(path: string): [changed: number, bytes: number] {
  const { mtimeMs, size } = statSync(join(projectRoot, path));
  return [mtimeMs, size];
}

/** Keeps what was built. Where the folder can't be written the next start builds again. */
function keep(worker: BuiltWorker, paths: string[]): void {
  try {
    const kept: KeptWorker = { ...worker, files: paths.map((path) => [path, ...readFacts(path)]) };
    mkdirSync(dirname(keptPath), { recursive: true });
    // Another start may read it at this moment.
    const draft = `${keptPath}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(kept));
    renameSync(draft, keptPath);
  } catch {}
}

async function bundleWorker(entry: string, define: Record<string, string>): Promise<{ script: string; inputs: string[] }> {
  const { build } = await import("esbuild");
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: projectRoot,
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*"],
      define,
      sourcemap: "inline",
      logLevel: "silent",
    });
    return { script: outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) };
  } catch (error) {
    throw new ServerStartError("bundle_failed", `The Worker does not bundle: ${(error as Error).message}`, { cause: error });
  }
}
