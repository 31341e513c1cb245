/** Resolves `!include` for the command line: files of the workflow's own folder, and of none other. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { compileLimits } from "../../../compile/limits.ts";
import type { ParseOptions } from "../../../compile/parse-workflow.ts";

/**
 * Gives the resolver for one workflow file. Paths are relative to its folder; what lies outside, by `..`, an absolute path or a
 * symbolic link, is not had. A file from stdin has no folder.
 */
export function createIncludes(file: string): ParseOptions["includes"] {
  if (file === "-") return undefined;
  return (path) => {
    if (isAbsolute(path)) return undefined;
    try {
      const folder = realpathSync(dirname(file));
      const found = realpathSync(resolve(folder, path));
      const inside = relative(folder, found);
      if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return undefined;
      const info = statSync(found);
      if (!info.isFile() || info.size > compileLimits.fileBytes) return undefined;
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(readFileSync(found));
    } catch {
      return undefined;
    }
  };
}

/** The resolver for a document that an editor has open; undefined where it is no file. */
export function findIncludes(uri: string): ParseOptions["includes"] {
  try {
    return createIncludes(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}
