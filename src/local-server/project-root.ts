/** Where the package lies, in a clone or installed: wrangler.toml, migrations, examples. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of nerveflare's package.json: the nearest above this file, wherever a bundler has put its code. */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  const path = join(folder, "package.json");
  if (existsSync(path) && (JSON.parse(readFileSync(path, "utf8")) as { name?: string }).name === "nerveflare") return folder;
  if (dirname(folder) === folder) throw new Error("nerveflare's package.json is missing: install it again");
  return findRoot(dirname(folder));
}
