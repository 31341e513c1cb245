/** Wrangler as a child process: which one, how it is run, and what it said. It never gets the admin token but in a file of its own. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import * as z from "zod";
import { isAtLeast } from "../node-version.ts";
import { DeployError, runAgain } from "./deploy-error.ts";
import { deployLimits, oldestWrangler, triedWrangler } from "./limits.ts";

type Env = Record<string, string | undefined>;

/** A Wrangler that can be run. */
export interface FoundWrangler {
  command: readonly [program: string, ...args: string[]];
  version: string;
  /** Where it is from, for people. */
  from: string;
}

/** What a run came to. */
export interface WranglerRun {
  /** Its exit code; null: it was ended, for it took too long. */
  code: number | null;
  /** Without colours; what was too long lacks its beginning. */
  stdout: string;
  /** Both outputs, in the order in which they came. */
  said: string;
  /** What it wrote for programs. */
  records: unknown[];
}

/** Runs Wrangler. */
export type RunWrangler = (args: readonly string[], extra?: Env) => Promise<WranglerRun>;

/**
 * The Wrangler of the project in which the command is run, that of nerveflare's clone, or the one that was tried, by npx.
 * @throws {DeployError} `wrangler_old`
 */
export function findWrangler(folders: readonly string[]): FoundWrangler {
  for (const folder of folders) {
    const manifest = findManifest(folder);
    if (manifest === undefined) continue;
    const { version, bin } = manifestShape.parse(JSON.parse(readFileSync(manifest, "utf8")));
    if (!isAtLeast(version, oldestWrangler)) {
      throw new DeployError(
        "wrangler_old",
        `The Wrangler in ${dirname(manifest)} is ${version}, which does not know all of the configuration.`,
        `Update it: npm install --save-dev wrangler@${triedWrangler}.`,
      );
    }
    return { command: [process.execPath, join(dirname(manifest), bin.wrangler)], version, from: dirname(manifest) };
  }
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  return { command: [npx, "--yes", `wrangler@${triedWrangler}`], version: triedWrangler, from: "fetched by npx: none is installed here" };
}

const manifestShape = z.looseObject({ version: z.string(), bin: z.looseObject({ wrangler: z.string() }) });

function findManifest(folder: string): string | undefined {
  try {
    return createRequire(join(folder, "package.json")).resolve("wrangler/package.json");
  } catch {
    return undefined;
  }
}

/**
 * Makes a function that runs it in a folder, quietly and without asking anybody.
 * @param timeout milliseconds after which a run is ended
 */
export function createWrangler(
  { command: [program, ...first] }: FoundWrangler,
  cwd: string,
  env: Env,
  timeout: number = deployLimits.run,
): RunWrangler {
  return async (args, extra = {}) => {
    const scratch = mkdtempSync(join(tmpdir(), "nerveflare-wrangler-"));
    const records = join(scratch, "records");
    try {
      const own = { ...quietEnv(env), ...extra, WRANGLER_OUTPUT_FILE_PATH: records };
      const ran = await run(program, [...first, ...args], { cwd, env: own, timeout });
      return { ...ran, records: existsSync(records) ? readRecords(readFileSync(records, "utf8")) : [] };
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  };
}

/** Of which it would make a secret or another target by itself, or say more or less than is read here. */
const withheld = ["NERVEFLARE_ADMIN_TOKEN", "CLOUDFLARE_ENV", "WRANGLER_LOG", "FORCE_COLOR"];

function quietEnv(env: Env): Env {
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !withheld.includes(name))),
    // npx finds its Node there: the one that runs us, rather than an older one.
    PATH: [dirname(process.execPath), env["PATH"]].filter(Boolean).join(delimiter),
    CI: "1",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    // Else it writes all that it does to a file in the home folder.
    WRANGLER_WRITE_LOGS: "false",
    // Beside its own `module`, as where the Worker is bundled for one machine.
    WRANGLER_BUILD_CONDITIONS: "workerd,worker,browser,module",
  };
}

/** A run that was ended may have left half a line. */
function readRecords(text: string): unknown[] {
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      return [];
    }
  });
}

/** What would end us ends it, and its end lets us clean up and say where the deploy stopped. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function run(
  program: string,
  args: string[],
  { cwd, env, timeout }: { cwd: string; env: Env; timeout: number },
): Promise<Omit<WranglerRun, "records">> {
  const { promise, resolve, reject } = Promise.withResolvers<Omit<WranglerRun, "records">>();
  let stdout = "";
  let said = "";
  const bound = (text: string): string => text.slice(-deployLimits.output);
  const isWindows = process.platform === "win32";
  // A group of its own: Wrangler, and npx, are parents of what does the work.
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    shell: program.endsWith(".cmd"),
    detached: !isWindows,
  });
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(isWindows ? child.pid : -child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(() => end("SIGKILL"), timeout);
  const settle = (): void => {
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, end);
  };
  for (const signal of signals) process.on(signal, end);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout = bound(stdout + text);
    said = bound(said + text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = bound(said + text);
  });
  child.on("error", (cause) => {
    settle();
    const hint = `Install it beside your project: npm install --save-dev wrangler@${triedWrangler}. ${runAgain}`;
    reject(new DeployError("wrangler_missing", `Wrangler cannot be run: ${cause.message}.`, hint, { cause }));
  });
  child.on("close", (code) => {
    settle();
    resolve({ code, stdout: stripVTControlCharacters(stdout), said: stripVTControlCharacters(said) });
  });
  return promise;
}
