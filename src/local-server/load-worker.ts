/**
 * The Worker that a server runs. The package brings it made; a clone keeps what it made of its source, and makes it anew when a file
 * of that has changed. Neither wrangler nor esbuild is imported while it has not.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { packageRoot, runsFromSource } from "../package-files.ts";
import { explainRuntimeMissing } from "../runtime-missing.ts";
import { version } from "../version.ts";
import { assetsFolder, findOtherAssets, replaceAssets } from "./assets.ts";
import {
  type BuiltWorker,
  keptWorker,
  type Migration,
  type NoWorker,
  packagedWorker,
  readWorker,
  sumUp,
  type WorkerOptions,
  writeWorker,
} from "./built-worker.ts";
import { localDatabase } from "./migrate-d1.ts";
import { ServerStartError } from "./server-start-error.ts";

/** The Worker, ready to run. */
export interface LoadedWorker {
  /** With what a developer's own settings make variables of. */
  options: WorkerOptions;
  /** SHA-256 of the code. */
  code: string;
  /** Its cron triggers. */
  crons: string[];
  migrations: Migration[];
  /** Says why it was made just now, and in what time; null: it was there. */
  remark: string | null;
}

/**
 * The Worker's code in one module, with its bindings, compatibility date and migrations.
 * @param folder where it is, or is kept
 * @param assets where the files are that it answers with
 * @throws {ServerStartError} `bundle_failed`, `package_damaged`
 */
export async function loadWorker(
  folder: string = runsFromSource ? keptWorker : packagedWorker,
  assets: string = assetsFolder,
): Promise<LoadedWorker> {
  const { worker, remark } = runsFromSource ? await loadKept(folder, assets) : { worker: readPackaged(folder, assets), remark: null };
  return prepareToRun(worker, assets, remark);
}

/** @throws {ServerStartError} `package_damaged` */
export function readPackaged(folder: string, assetsIn: string): BuiltWorker {
  const worker = readWorker(folder, version);
  const states: Record<NoWorker, string> = { absent: "missing", damaged: "damaged", "other-version": "another version's" };
  const [lost] = typeof worker === "string" ? [] : findOtherAssets(worker.assets, assetsIn);
  if (typeof worker !== "string" && lost === undefined) return worker;
  const fault =
    typeof worker === "string"
      ? `The Worker that the package brings is ${states[worker]}: ${folder}.`
      : `A file that the package brings is missing or damaged: ${join(assetsIn, lost ?? "")}.`;
  throw new ServerStartError("package_damaged", fault, { hint: "Install nerveflare again." });
}

/** Takes what the clone kept, or makes and keeps it. */
async function loadKept(folder: string, assetsIn: string): Promise<{ worker: BuiltWorker; remark: string | null }> {
  const kept = readWorker(folder, version);
  const reason = typeof kept === "string" ? explainAbsence(kept, folder) : findChange(kept, assetsIn);
  if (typeof kept !== "string" && reason === null) return { worker: kept, remark: null };
  const began = performance.now();
  const { worker, notKept } = await makeWorker(folder, assetsIn);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const anew = kept === "absent" ? "bundled" : "bundled anew";
  return { worker, remark: `${reason}: ${anew} in ${seconds} s${notKept === null ? "." : `, and not kept (${notKept}).`}` };
}

/** Makes the clone's Worker and keeps it, where the folder can be written. */
async function makeWorker(folder: string, assetsIn: string): Promise<{ worker: BuiltWorker; notKept: string | null }> {
  const { worker, sourceMap, assets } = await import("./bundle-worker.ts").then(({ bundleWorker }) => bundleWorker()).catch(explainFailure);
  try {
    replaceAssets(assets, assetsIn);
    writeWorker(folder, worker, sourceMap);
    return { worker, notKept: null };
  } catch (error) {
    return { worker, notKept: (error as Error).message };
  }
}

function explainFailure(error: NodeJS.ErrnoException): never {
  const hint = error.code === "ERR_MODULE_NOT_FOUND" ? "A clone bundles with its development dependencies: run `npm ci`." : undefined;
  const missing = hint === undefined ? explainRuntimeMissing(error) : undefined;
  if (missing) throw new ServerStartError("runtime_missing", missing.message, { hint: missing.hint, cause: error });
  throw new ServerStartError("bundle_failed", `The Worker does not bundle: ${error.message}`, { cause: error, ...(hint && { hint }) });
}

function explainAbsence(found: NoWorker, folder: string): string {
  switch (found) {
    case "absent":
      return "The Worker was not bundled yet";
    case "damaged":
      return `The bundled Worker in ${folder} is damaged`;
    case "other-version":
      return "The bundled Worker is another version's";
    default:
      return found satisfies never;
  }
}

/** What has changed since a Worker was made. By content, for a file may be put back under its old time, and a checkout changes times only. */
function findChange({ sources, assets }: BuiltWorker, assetsIn: string): string | null {
  const [lost] = findOtherAssets(assets, assetsIn);
  if (lost !== undefined) return `A file that the Worker answers with is not as it was made (${join(assetsIn, lost)})`;
  const changed = Object.keys(sources).filter((path) => readSum(path) !== sources[path]);
  if (changed.length === 0) return null;
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : "";
  return `The Worker's source has changed (${changed[0]}${more})`;
}

function readSum(path: string): string | null {
  try {
    return sumUp(readFileSync(join(packageRoot, path)));
  } catch {
    return null;
  }
}

function prepareToRun({ options, code, migrations }: BuiltWorker, assetsIn: string, remark: string | null): LoadedWorker {
  return {
    options: {
      ...options,
      rootPath: packageRoot,
      // As wrangler.toml's binding, without what Miniflare would put before the Worker.
      serviceBindings: { ...options.serviceBindings, ASSETS: { disk: { path: assetsIn } } },
      bindings: { ...options.bindings, ...readOwnSettings(packageRoot) },
      d1Databases: { DB: { id: localDatabase.id } },
      r2Buckets: { ARTIFACTS: "artifacts" },
    },
    code,
    crons: options.cronTriggers ?? [],
    migrations,
    remark,
  };
}

/** Variables that a developer gives the Worker of this clone, in the files that wrangler reads: they may be secrets, and are kept nowhere. */
export function readOwnSettings(folder: string): { [name: string]: string } {
  const find = (names: string[]): string[] => names.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const [own = [], others = []] = [find([".dev.vars"]), find([".env", ".env.local"])];
  const files = own.length > 0 ? own : others;
  return Object.assign({}, ...files.map((path) => parseEnv(readFileSync(path, "utf8"))));
}
