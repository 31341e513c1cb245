/** The workflows beside one that an editor has open, as they are on disk. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { listYaml } from "./list-files.ts";
import { readSource } from "./read-source.ts";

/** A YAML file on disk. */
interface FileBeside {
  path: string;
  bytes: number;
  /** Another one: the file is another. */
  stamp: string;
  /** Undefined where it can't be read. */
  read(): Promise<string | undefined>;
}

/** Where a document lies, and the folder whose workflows belong together, with a separator at its end; undefined where there is none. */
export function locateDocument(uri: string): { path: string; folder: string } | undefined {
  try {
    const named = fileURLToPath(uri);
    // Under whatever name it was opened, it is the file that the folder has.
    const path = existsSync(named) ? realpathSync(named) : named;
    const folder = chooseFolder(path);
    return existsSync(folder) ? { path, folder: folder.replace(/[\\/]?$/, sep) } : undefined;
  } catch {
    return undefined;
  }
}

/** The folder `workflows` that it lies in, however deep; else its own. */
function chooseFolder(path: string): string {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) if (basename(at) === "workflows") return at;
  return dirname(path);
}

/** The YAML files of a folder and of those below it; undefined where it has more than so many entries. */
export function listFolder(folder: string, entries: number): FileBeside[] | undefined {
  return listYaml(folder, entries)?.flatMap((path): FileBeside[] => {
    const info = statSync(path, { throwIfNoEntry: false });
    if (!info) return [];
    const { size, mtimeMs, ino } = info;
    return [{ path, bytes: size, stamp: `${mtimeMs} ${size} ${ino}`, read: () => readText(path) }];
  });
}

async function readText(path: string): Promise<string | undefined> {
  const { text, fault, problem } = await readSource(path);
  return fault || problem ? undefined : text;
}
