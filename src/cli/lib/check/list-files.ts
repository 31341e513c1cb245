/** Which files are to be checked: those that are named, what a pattern matches, and the workflows of a folder. */
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { isWorkflow } from "../../../lsp/is-workflow.ts";
import { CliError, exitCodes } from "../command.ts";
import { checkLimits } from "./limits.ts";
import { readSource, type Source } from "./read-source.ts";

/** A file that is to be checked, once it was read. */
export interface FoundFile {
  path: string;
  /** Absent: it was named, and is read when its turn comes. */
  source?: Source;
}

export interface FoundFiles {
  files: FoundFile[];
  /** YAML files of folders that are no workflows. */
  passedOver: string[];
  /** A folder or a pattern was named. */
  several: boolean;
}

/** Folders that hold what others wrote. */
const foreign = new Set(["node_modules"]);

/**
 * Finds the files. Of a folder, all below it count but for hidden ones; those of its YAML files that are no workflows are passed over.
 * @throws {CliError} where a folder or a pattern leads to no workflow, or to too many
 */
export async function findFiles(named: readonly string[]): Promise<FoundFiles> {
  const files = new Map<string, FoundFile>();
  const passedOver: string[] = [];
  let several = false;
  const add = (file: FoundFile): void => {
    const key = file.path === "-" ? "-" : identify(file.path);
    if (!files.has(key)) files.set(key, file);
    if (files.size > checkLimits.files)
      throw new CliError(`There are more than ${checkLimits.files} workflow files.`, {
        hint: "Name folders with fewer of them.",
        exitCode: exitCodes.usage,
      });
  };
  for (const name of named) {
    const folder = isFolder(name);
    const matches = folder ? listAll(name) : matchPattern(name);
    if (!matches) {
      add({ path: name });
      continue;
    }
    several = true;
    let count = 0;
    for (const path of matches) {
      // What a pattern names is meant, but for what nobody would take for YAML.
      const source = await readSource(path);
      const isOne = source.problem !== undefined || isWorkflow(path, source.text);
      if (isOne) add({ path, source });
      else passedOver.push(path);
      count += isOne ? 1 : 0;
    }
    if (count === 0)
      throw new CliError(folder ? `${name} is a folder without a workflow.` : `${name} matches no workflow.`, {
        hint: folder
          ? `${matches.length === 0 ? "It holds no YAML files." : `None of its ${matches.length} YAML files is one.`} Name the folder that has them, or a file by itself.`
          : "Look at the spelling, and at the folder that you are in.",
        exitCode: exitCodes.usage,
      });
  }
  return { files: [...files.values()], passedOver, several };
}

/** A file counts once, under whatever names. */
function identify(path: string): string {
  return fs.existsSync(path) ? fs.realpathSync(path) : resolve(path);
}

function isFolder(path: string): boolean {
  return path !== "-" && (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

function listAll(folder: string): string[] {
  const found = listYaml(folder, checkLimits.entries);
  if (!found)
    throw new CliError(`${folder} holds more than ${checkLimits.entries} files.`, {
      hint: "Name the folder that has the workflows.",
      exitCode: exitCodes.usage,
    });
  return found;
}

/**
 * The YAML files below a folder, in the order of their names; undefined: it holds more than so many entries. Hidden ones are left
 * out, and so are links to folders, which may lead in a circle, and to files that are there themselves.
 */
export function listYaml(folder: string, entries: number): string[] | undefined {
  const found: string[] = [];
  const links: string[] = [];
  const left = [folder];
  let seen = 0;
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const entry of readFolder(at)) {
      seen += 1;
      if (seen > entries) return undefined;
      if (entry.name.startsWith(".") || foreign.has(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) left.push(path);
      else if (!/\.ya?ml$/i.test(entry.name)) continue;
      else if (entry.isFile()) found.push(path);
      else if (entry.isSymbolicLink() && fs.statSync(path, { throwIfNoEntry: false })?.isFile()) links.push(path);
    }
  }
  if (links.length === 0) return found.sort();
  const known = new Set(found.map((path) => fs.realpathSync(path)));
  for (const path of links.sort()) {
    const real = fs.realpathSync(path);
    if (!known.has(real)) found.push(path);
    known.add(real);
  }
  return found.sort();
}

/** One that may not be read is passed over, but for the one that was named. */
function readFolder(path: string): fs.Dirent[] {
  try {
    return fs.readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** What a pattern matches that no shell has filled in; undefined: it is no pattern, or a file has this name. */
function matchPattern(name: string): string[] | undefined {
  if (!/[*?[{]/.test(name) || fs.existsSync(name)) return undefined;
  // Older versions of Node have no patterns: there the shell fills them in.
  const { globSync } = fs as { globSync?: (pattern: string) => string[] };
  return globSync?.(name).sort();
}
