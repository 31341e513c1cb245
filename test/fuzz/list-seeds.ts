/** The files that the fuzzer starts from: the corpus where it is there, the examples and fixtures always. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFixture } from "../unit/compile/read-fixture.ts";

const root = join(import.meta.dirname, "../..");

/** Texts, always in the same order. */
export function listSeeds(): string[] {
  const corpus = join(process.env["NERVEFLARE_CORPUS"] ?? join(root, "../shared/corpus"), "workflows");
  const fixtures = join(root, "test/fixtures/diagnostics");
  const texts = [
    ...listYaml(corpus).map((path) => readFileSync(path, "utf8")),
    ...listYaml(join(root, "workflows")).map((path) => readFileSync(path, "utf8")),
    ...listYaml(fixtures).map((path) => readFixture(readFileSync(path, "utf8")).text),
  ];
  return texts.filter((text) => text.length < 64 * 1024);
}

function listYaml(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name));
  return names.sort().map((name) => join(folder, name));
}
