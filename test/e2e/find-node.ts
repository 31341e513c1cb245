/** Other runtimes on this machine: the Node that it came with, beside the one that the packages bring. */
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

/** The first program of this name on the path whose `--version` fits. */
export function findRuntime(name: string, fits: RegExp): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const program = join(folder, name);
    const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    if (status === 0 && fits.test(stdout)) return program;
  }
  return undefined;
}
