/** Has the Worker taken, and the runtime's configuration made, by a process that ends with it: see configure-runtime.ts. */
import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { buffer } from "node:stream/consumers";
import { findProgram } from "../package-files.ts";
import type { ConfigurationHead, Launch } from "./configure-runtime.ts";
import type { RuntimeSettings } from "./runtime-options.ts";
import { ServerStartError } from "./server-start-error.ts";

/** How workerd is started. */
export interface RuntimeConfiguration extends Launch {
  /** In workerd's binary form. It holds the admin token. */
  configuration: Buffer;
}

export interface Configurator {
  /** Once. @throws {ServerStartError} of the Worker; what Miniflare says of the settings, or of a runtime that is not installed */
  configure(settings: RuntimeSettings): Promise<RuntimeConfiguration>;
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

async function readConfiguration(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<RuntimeConfiguration> {
  const unstartable = new Promise<never>((_, reject) => child.once("error", reject));
  const said = await Promise.race([buffer(child.stdout), unstartable]);
  const end = said.indexOf("\n");
  if (end < 0) throw new Error("the runtime's configuration could not be made");
  const head = JSON.parse(said.toString("utf8", 0, end)) as ConfigurationHead;
  if ("refused" in head) throw new ServerStartError(head.refused.code, head.refused.message, head.refused);
  if ("failed" in head) throw Object.assign(new Error(head.failed.message), { code: head.failed.code });
  // A copy, for a view would keep all that was read.
  return { ...head.launch, configuration: Buffer.from(said.subarray(end + 1)) };
}
