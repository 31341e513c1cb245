/** Has the Worker taken, and the runtime's configuration made, by a process that ends with it: see configure-runtime.ts. */
import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { findProgram } from "../package-files.ts";
import type { Configured, Launch } from "./configure-runtime.ts";
import type { RuntimeSettings } from "./runtime-options.ts";
import { ServerStartError } from "./server-start-error.ts";

export interface Configurator {
  /** Once. @throws {ServerStartError} of the Worker; what Miniflare says of the settings, or of a runtime that is not installed */
  configure(settings: RuntimeSettings): Promise<Launch>;
  /** Ends it where it is not needed. */
  dismiss(): void;
}

/** Begins to load Miniflare, beside whatever its caller does until it knows the settings. */
export function createConfigurator(): Configurator {
  const cache = getCompileCacheDir();
  const child = spawn(process.execPath, [findProgram("src/local-server/configure-runtime.ts")], {
    // What the tools print is no part of what a start prints.
    stdio: ["pipe", 2, "inherit", "pipe"],
    env: { ...process.env, ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) },
  });
  const made = readConfiguration(child);
  // Who dismisses it does not ask how it went.
  made.catch(() => {});
  child.stdin?.on("error", () => {});
  return {
    configure(settings) {
      // And is left open: its end says that nobody waits any more.
      child.stdin?.write(`${JSON.stringify(settings)}\n`);
      return made;
    },
    dismiss: () => void child.kill("SIGKILL"),
  };
}

async function readConfiguration(child: ChildProcess): Promise<Launch> {
  const started = new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  const ended = new Promise<string>((resolve) => child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`)));
  // Else it cannot be started at all.
  const [said] = await Promise.all([text(child.stdio[3] as Readable), started]);
  const configured = readAnswer(said);
  if (!configured) throw new Error(`the process that makes the runtime's configuration ended (${await ended})`);
  if ("refused" in configured) throw new ServerStartError(configured.refused.code, configured.refused.message, configured.refused);
  if ("failed" in configured) throw Object.assign(new Error(configured.failed.message), { code: configured.failed.code });
  return configured.launch;
}

/** Undefined for half of one, of a process that was killed. */
function readAnswer(said: string): Configured | undefined {
  try {
    return JSON.parse(said) as Configured;
  } catch {
    return undefined;
  }
}
