/** Resolves `!include` for the command line: files of the workflow's own folder, and of none other. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, normalize, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { compileLimits } from "../../../compile/limits.ts";
import type { ParseOptions } from "../../../compile/parse-workflow.ts";
import { decode } from "./read-source.ts";

/**
 * Gives the resolver for one workflow file. Paths are relative to its folder; what lies outside, by `..`, an absolute path or a
 * symbolic link, is not had. A file from stdin has no folder.
 */
export function createIncludes(file: string): ParseOptions["includes"] {
  if (file === "-") return undefined;
  return (path) => {
    // Before anything is looked for: what lies elsewhere is nobody's to learn of.
    if (isAbsolute(path) || leavesFolder(normalize(path))) return outside;
    try {
      const folder = realpathSync(dirname(file));
      const found = realpathSync(resolve(folder, path));
      if (leavesFolder(relative(folder, found))) return outside;
      const info = statSync(found);
      if (!info.isFile()) return { refused: "is no file" };
      if (info.size > compileLimits.fileBytes) return { refused: `has ${info.size} bytes; ${compileLimits.fileBytes} are allowed` };
      const { text, fault } = decode(readFileSync(found));
      return fault ? { refused: "is no text in UTF-8" } : text;
    } catch {
      return undefined;
    }
  };
}

const outside = { refused: "lies outside the workflow's folder" };

function leavesFolder(path: string): boolean {
  return path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
}

/** The resolver for a document that an editor has open; undefined where it is no file. */
export function findIncludes(uri: string): ParseOptions["includes"] {
  try {
    return createIncludes(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}
