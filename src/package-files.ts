/** Where the package's own files are: the same rule in a clone, which runs from its source, and in an install, which runs what was built of it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(import.meta.url);

/** Whether this is a clone's TypeScript; else it is what was built of it. */
export const runsFromSource = here.endsWith(".ts");

/** The folder that holds package.json. */
export const packageRoot = findRoot(dirname(here));

/** A file that the package carries as it is, e.g. `workflows/debate.yaml`. */
export function findFile(path: string): string {
  return join(packageRoot, path);
}

/** A program of the package by its source, e.g. `src/cli/main.ts`: that file, or the one in `dist/` that was built of it. */
export function findProgram(source: string): string {
  return runsFromSource ? join(packageRoot, source) : join(packageRoot, "dist", source.replace(/\.ts$/, ".js"));
}

/** How a file imports what authors' tests need: by the package's name; where a clone wrote the file, which is installed nowhere, by its source. */
export function nameTestingEntry(importer: string): string {
  if (!runsFromSource) return "nerveflare/testing";
  const path = relative(dirname(importer), findFile("src/testing/open-workflow.ts")).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

function findRoot(folder: string): string {
  const manifest = join(folder, "package.json");
  if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "nerveflare") return folder;
  if (dirname(folder) === folder) throw new Error("nerveflare's package.json is missing. Install it again.");
  return findRoot(dirname(folder));
}
