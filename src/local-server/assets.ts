/**
 * The files that the Worker answers with and does not carry, in the folder that wrangler.toml names: Wrangler uploads them, and the runtime
 * on this machine reads them there. They are made with the Worker, which knows their sums.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { packageRoot } from "../package-files.ts";
import { replaceFile } from "../replace-file.ts";
import { sumUp } from "./built-worker.ts";

/** Their bytes by path, e.g. `v1/openapi.json`. */
export type Assets = { [path: string]: string | Buffer };

/** As wrangler.toml has it. */
export const assetsFolder = join(packageRoot, "dist/assets");

export function sumUpAssets(assets: Assets): { [path: string]: string } {
  return Object.fromEntries(Object.entries(assets).map(([path, bytes]) => [path, sumUp(bytes)]));
}

/** Writes those that are not there as they are; who reads one meanwhile finds it whole. @throws where the folder can't be written */
export function writeAssets(assets: Assets, folder: string = assetsFolder): void {
  for (const path of findOtherAssets(sumUpAssets(assets), folder)) {
    const place = join(folder, path);
    makeFolder(dirname(place));
    replaceFile(place, assets[path] ?? "", 0o644);
  }
}

/** Writes all that there are, and removes what is no part of them any more. @throws where the folder can't be written */
export function replaceAssets(assets: Assets, folder: string = assetsFolder): void {
  writeAssets(assets, folder);
  // Node 20 has no globSync, and runs what an install brings.
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const place = join(found.parentPath, found.name);
    if (found.isFile() && !Object.hasOwn(assets, relative(folder, place).replaceAll("\\", "/"))) rmSync(place, { force: true });
  }
}

/** Paths of those that are missing, or not what they should be. */
export function findOtherAssets(sums: { [path: string]: string }, folder: string = assetsFolder): string[] {
  return Object.keys(sums).filter((path) => readSum(join(folder, path)) !== sums[path]);
}

/** For whoever else runs this clone, too: a server keeps what it makes for its owner alone. */
function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}

function readSum(place: string): string | null {
  try {
    return sumUp(readFileSync(place));
  } catch {
    return null;
  }
}
