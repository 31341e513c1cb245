/** The workflow files that generated things are tried on: the examples, and the corpus where it is beside the repository. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");
const corpus = process.env["NERVEFLARE_CORPUS"] ?? join(root, "../shared/corpus");

/** Absolute paths, without a file of the corpus that gives a key twice: that one is rightly refused. */
export function listWorkflows(): string[] {
  if (!existsSync(corpus))
    console.warn(`corpus SKIPPED: there is none at ${corpus}, so only the example workflows are tried; NERVEFLARE_CORPUS names its folder`);
  const recorded = globSync(join(corpus, "workflows/**/*.yaml")).filter(
    (file) => readFileSync(file, "utf8").match(/^version:/gm)?.length !== 2,
  );
  return [...globSync(join(root, "workflows/*.yaml")), ...recorded].sort();
}
