/**
 * A program of its own: takes the Worker, bundling it where it must, has Miniflare make the runtime's configuration, and ends. Miniflare
 * knows how D1 and objects are laid out for workerd, and takes 150 MB for it, as does bundling; who serves for months starts workerd by
 * what this wrote, and holds neither.
 *
 * Settings come in as a line of JSON on stdin, which stays open for as long as somebody waits. What is to be started goes out as JSON on
 * descriptor 3, or what went wrong; stdout is for whatever the tools say.
 */
import childProcess, { type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { createInterface } from "node:readline";
import { replaceFile } from "../replace-file.ts";
import type { Migration } from "./built-worker.ts";
import { loadWorker } from "./load-worker.ts";
import { createRuntimeOptions, type RuntimeSettings } from "./runtime-options.ts";
import { ServerStartError } from "./server-start-error.ts";
import { standIn } from "./stand-in.ts";

/** How the runtime is started, and what the Worker needs beside it. */
export interface Launch {
  /** The runtime's program. */
  command: string;
  /** With the configuration's file. That has the admin token in it, and is for its owner alone. */
  args: string[];
  /** Names of the sockets of Miniflare's entry and of the Worker. */
  sockets: { entry: string; worker: string };
  /** Of the Worker: SHA-256 of its code, cron triggers, migrations, and why it was bundled just now, if it was. */
  code: string;
  crons: string[];
  migrations: Migration[];
  remark: string | null;
}

/** What it says. */
export type Configured =
  | { launch: Launch }
  | { refused: { code: ServerStartError["code"]; message: string; hint?: string | undefined } }
  | { failed: { message: string; code?: string | undefined } };

try {
  // By require, for an import would look through all of its 6 MB for what it exports.
  const { convertV4MiniflareOptions, getDirectSocketName, Miniflare, NoOpLog, SOCKET_ENTRY } = createRequire(import.meta.url)(
    "miniflare",
  ) as typeof import("miniflare");
  const settings = JSON.parse(await readLine()) as RuntimeSettings;
  // Miniflare makes a folder there, also where all but the data folder is mounted read-only.
  process.env.TMPDIR = settings.scratch;
  if (!hasHome()) process.env.HOME = settings.scratch;
  const { options, code, crons, migrations, remark } = await loadWorker();
  const spawn = (command: string, args: readonly string[]): ChildProcess =>
    standIn((configuration) => {
      const sockets = { entry: SOCKET_ENTRY, worker: getDirectSocketName(0, "default") };
      const file = settings.configuration;
      // A new file each time: a runtime may have the one before in its memory.
      replaceFile(file, configuration);
      // By its name, for then the runtime maps it into memory; what it reads from stdin it would hold.
      finish({ launch: { command, args: args.map((arg) => (arg === "-" ? file : arg)), sockets, code, crons, migrations, remark } });
    });
  childProcess.spawn = spawn as typeof childProcess.spawn;
  await new Miniflare(convertV4MiniflareOptions({ ...createRuntimeOptions(options, settings), log: new NoOpLog() })).ready;
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  if (error instanceof ServerStartError) finish({ refused: { code: error.code, message, hint: error.hint } });
  else finish({ failed: { message, code } });
}

/** A user without an entry in the system's list, as containers have them, has none, and the tools ask for it whether they need it or not. */
function hasHome(): boolean {
  try {
    return homedir() !== "";
  } catch {
    return false;
  }
}

/** Who asked may be killed: then nobody waits for what we would write, and another server may have the folder. */
async function readLine(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  createInterface({ input: process.stdin })
    .once("line", resolve)
    .once("close", () => process.exit(1));
  const line = await promise;
  process.stdin.unref();
  return line;
}

function finish(configured: Configured): void {
  createWriteStream("", { fd: 3 }).end(JSON.stringify(configured), () => process.exit());
}
