import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseWorkflow } from "../../src/compile/index.ts";

/** All that types tell. */
const judged: ReadonlySet<string> = new Set([
  ...[
    "unknown-field-of-type",
    "impossible-comparison",
    "absence-decides",
    "wrong-argument",
    "role-never-before",
    "wrong-result",
    "map-as-text",
    "always-holds",
  ],
]);
const corpus = process.env["NERVEFLARE_CORPUS"] ?? join(import.meta.dirname, "../../../shared/corpus");
const there = existsSync(join(corpus, "workflows"));
if (!there) console.warn(`meaning SKIPPED: there is no corpus at ${corpus}; set NERVEFLARE_CORPUS to the folder that holds workflows/`);

test.runIf(there)("[MEAN9] of the workflows of the corpus nothing is said that schemas would rule out", () => {
  const files = globSync(join(corpus, "workflows/**/*.yaml"));
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((file) =>
    parseWorkflow(readFileSync(file, "utf8"))
      .diagnostics.filter(({ name }) => judged.has(name))
      .map(({ name, message }) => `${file}: ${name}: ${message}`),
  );
  expect(found).toEqual([]);
});
