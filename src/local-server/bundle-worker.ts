/**
 * Makes the Worker of its source: what wrangler.toml says, as `wrangler dev` and the tests read it, and the code in one module. Imports
 * wrangler and esbuild, which take longer than everything else that a start does: nobody loads this file who has a Worker that is made.
 */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { build, type Plugin, stop } from "esbuild";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { requiredMigrations } from "../durable/required-migrations.ts";
import { packageRoot } from "../package-files.ts";
import { version } from "../version.ts";
import { type Assets, sumUpAssets } from "./assets.ts";
import { type BuiltWorker, type Migration, sumUp } from "./built-worker.ts";
import { assetSources, makeAssets } from "./make-assets.ts";
import { listInspectorSources, makeInspector } from "./make-inspector.ts";

/** A Worker that was just made. */
export interface FreshWorker {
  worker: BuiltWorker;
  /** Of its code. */
  sourceMap: string;
  assets: Assets;
}

/** @throws what esbuild says when the source does not bundle */
export async function bundleWorker(): Promise<FreshWorker> {
  // Else it tells of a developer's own settings on stdout, where a start's answer is read.
  process.env.WRANGLER_LOG ??= "error";
  // Before they are read: what is saved meanwhile is then a change, which the next start sees.
  const own = sumFiles(["wrangler.toml", "src/local-server/bundle-worker.ts", ...assetSources, ...listInspectorSources()]);
  const config = unstable_readConfig({ config: join(packageRoot, "wrangler.toml") });
  // Secrets are who runs it to give, and what a developer's own settings say is not for keeping: of variables only the file's.
  const { workerOptions, main = "src/worker/index.ts", define } = unstable_getMiniflareWorkerOptions({ ...config, secrets: undefined });
  // Wrangler's rules say which files to gather; ours are one bundle.
  // Where the assets are is each machine's own, and who asks for them has no use for Miniflare's entry before them.
  const { modulesRules: _, rootPath: __, assets: ___, ...options } = workerOptions;
  const [{ script, sourceMap, inputs }, inspector] = await Promise.all([bundle(main, define), makeInspector()]);
  const migrations = requiredMigrations.map(readMigration);
  const assets = { ...(await makeAssets()), ...inspector.assets };
  const worker: BuiltWorker = {
    format: 4,
    version,
    options: { ...dropEmpty(options), bindings: config.vars, name: "nerveflare", modules: true, script },
    migrations,
    code: sumUp(script),
    assets: sumUpAssets(assets),
    sources: {
      ...own,
      ...Object.fromEntries(migrations.map(({ name, sql }) => [`migrations/${name}`, sumUp(sql)])),
      ...inputs,
      ...sumFiles(inspector.modules),
      ...sumFiles(findManifests(Object.keys(inputs))),
    },
  };
  // As JSON keeps it, so that every start runs the same.
  return { worker: JSON.parse(JSON.stringify(worker)) as BuiltWorker, sourceMap, assets };
}

function sumFiles(paths: string[]): { [path: string]: string } {
  return Object.fromEntries(paths.map((path) => [path, sumUp(readFileSync(join(packageRoot, path)))]));
}

/** Each kind of binding that wrangler.toml does not use is there, empty, and would be given a service of the runtime's. */
function dropEmpty<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => !isEmpty(value))) as T;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every(isEmpty);
}

const tools = ["esbuild", "preact", "vite", "wrangler"].map((name) => `node_modules/${name}`);

/** Which file of a package is taken, and with which version of the tools, its package.json says. */
function findManifests(inputs: string[]): string[] {
  const packages = inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter((path) => path !== undefined);
  return [...new Set([...packages, ...tools])].map((path) => `${path}/package.json`).filter((path) => existsSync(join(packageRoot, path)));
}

function readMigration(name: string): Migration {
  return { name, sql: readFileSync(join(packageRoot, "migrations", name), "utf8") };
}

interface Bundle {
  script: string;
  sourceMap: string;
  /** Files that it was made of, with their sums just before they were read. */
  inputs: { [path: string]: string };
}

async function bundle(entry: string, define: Record<string, string>): Promise<Bundle> {
  const sums = new Map<string, string>();
  const reader: Plugin = {
    name: "sums",
    setup({ onLoad }) {
      onLoad({ filter: /.*/, namespace: "file" }, async ({ path }) => {
        sums.set(relative(packageRoot, path).split(sep).join("/"), sumUp(await readFile(path)));
        // It is then read again, as without us.
        return undefined;
      });
    },
  };
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: packageRoot,
      entryPoints: [entry],
      bundle: true,
      write: false,
      outfile: "index.js",
      metafile: true,
      plugins: [reader],
      format: "esm",
      target: "es2024",
      // What the project's own settings say, which are for checking types, is no part of the Worker.
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
      // The last has XState as modules: its CommonJS is a third larger, and calls each of its functions through an object.
      conditions: ["workerd", "worker", "browser", "module"],
      external: ["cloudflare:*", "node:*"],
      define,
      sourcemap: "linked",
      minifyWhitespace: true,
      minifySyntax: true,
      // For places in the source; the source itself is beside it, or in the repository.
      sourcesContent: false,
      logLevel: "silent",
    });
    const find = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
    const inputs = Object.fromEntries(Object.keys(metafile.inputs).map((path) => [path, sums.get(path) ?? ""]));
    return { script: find(".js"), sourceMap: find(".js.map"), inputs };
  } finally {
    // Its service is a process that would stay with us to our end.
    await stop();
  }
}
