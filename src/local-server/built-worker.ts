/**
 * The Worker as it lies on disk, ready to run: `index.js`, one module; `index.js.map`; and `worker.json`, what runs it. In a clone it
 * is kept beside the packages, in the package it is in `dist/worker`. `worker.json` is written last and knows the sum of the code, so
 * that files of two writers, or half of one, are not taken for a Worker.
 */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import { packageRoot } from "../package-files.ts";
import { replaceFile } from "../replace-file.ts";

/** One of D1's migrations. */
export interface Migration {
  name: string;
  sql: string;
}

/** Miniflare's options of a Worker whose code is one text. */
export type WorkerOptions = V4WorkerOptions & { script: string };

/** The Worker, ready to run. `worker.json` holds all of it but the code. */
export interface BuiltWorker {
  format: 4;
  /** The package's. */
  version: string;
  /** Miniflare's, of wrangler.toml: bindings, compatibility date, cron triggers; and the code. No paths. */
  options: WorkerOptions;
  migrations: Migration[];
  /** SHA-256 of the code. */
  code: string;
  /** The files that it answers with, which are beside it: path, and SHA-256. */
  assets: { [path: string]: string };
  /** Of which files it was made: path in the project, and SHA-256. */
  sources: { [path: string]: string };
}

/** Where the package has it. */
export const packagedWorker = join(packageRoot, "dist/worker");

/** Where a clone keeps it. */
export const keptWorker = join(packageRoot, "node_modules/.cache/nerveflare/worker");

/** What there is instead of a Worker. */
export type NoWorker = "absent" | "damaged" | "other-version";

/** Reads what {@link writeWorker} wrote. */
export function readWorker(folder: string, version: string): BuiltWorker | NoWorker {
  try {
    const facts = JSON.parse(readFileSync(join(folder, "worker.json"), "utf8")) as BuiltWorker;
    if (facts.format !== 4 || facts.version !== version) return "other-version";
    const script = readFileSync(join(folder, "index.js"), "utf8");
    return sumUp(script) === facts.code ? { ...facts, options: { ...facts.options, script } } : "damaged";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "absent" : "damaged";
  }
}

/** Writes a Worker for {@link readWorker}, whoever else reads or writes there. @throws where the folder can't be written */
export function writeWorker(folder: string, worker: BuiltWorker, sourceMap: string): void {
  const { script, ...options } = worker.options;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  for (const [name, text] of [
    ["index.js.map", sourceMap],
    ["index.js", script],
    ["worker.json", JSON.stringify({ ...worker, options })],
  ] as const) {
    // For whoever else runs this clone, too.
    replaceFile(join(folder, name), text, 0o644);
  }
}

/** SHA-256, hexadecimal. */
export function sumUp(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
