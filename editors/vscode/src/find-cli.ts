/** Finds the `nerveflare` of the project that a file lies in. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A program and its arguments, run without a shell: names of files are words, whatever is in them. */
export interface Program {
  process: string;
  args: string[];
}

/** The script of the nearest `nerveflare`: installed in a folder above the file, or of a clone that the file lies in. */
export function findCli(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    for (const place of [join(folder, "node_modules/nerveflare"), folder]) {
      const script = readScript(place);
      if (script !== undefined) return script;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function readScript(folder: string): string | undefined {
  try {
    const { name, bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: unknown; bin?: unknown };
    const path: unknown = typeof bin === "object" && bin !== null ? (bin as { nerveflare?: unknown }).nerveflare : bin;
    if (name !== "nerveflare" || typeof path !== "string") return undefined;
    const script = join(folder, path);
    return existsSync(script) ? script : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What runs a command on a file.
 * @param own the setting `nerveflare.command`; empty for the project's
 */
export function chooseProgram(own: readonly string[], verb: string, file: string): Program {
  const [program, ...args] = own;
  if (program !== undefined) return { process: program, args: [...args, verb, file] };
  const script = findCli(file);
  if (script !== undefined) return { process: "node", args: [script, verb, file] };
  return { process: process.platform === "win32" ? "npx.cmd" : "npx", args: ["--yes", "nerveflare", verb, file] };
}
