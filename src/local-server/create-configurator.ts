/** Has the Worker taken, and the runtime's configuration made, by a process that ends with it: see configure-runtime.ts. */
import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
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
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) },
  });
  const made = readConfiguration(child);
  // Who dismisses it does not ask how it went.
  made.catch(() => {});
  child.stdin.on("error", () => {});
  return {
    configure(settings) {
      child.stdin.end(JSON.stringify(settings));
      return made;
    },
    dismiss: () => void child.kill("SIGKILL"),
  };
}

async function readConfiguration(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<Launch> {
  const unstartable = new Promise<never>((_, reject) => child.once("error", reject));
  const said = await Promise.race([text(child.stdout), unstartable]);
  if (said === "") throw new Error("the runtime's configuration could not be made");
  const configured = JSON.parse(said) as Configured;
  if ("refused" in configured) throw new ServerStartError(configured.refused.code, configured.refused.message, configured.refused);
  if ("failed" in configured) throw Object.assign(new Error(configured.failed.message), { code: configured.failed.code });
  return configured.launch;
}
