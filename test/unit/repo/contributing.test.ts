/** That CONTRIBUTING.md leads somewhere: whoever follows a recipe opens the files that it names. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync("CONTRIBUTING.md", "utf8");

/** Paths in code and links, of files to write as far as the folder. */
const paths = [...page.matchAll(/(?<=^|[\s`(])((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:md|json))(?=<|[`)\s,;:]|$)/gm)].map(([path]) => path);
/** As `parameters.ts`, of a folder that the sentence names. */
const names = [...page.matchAll(/(?<=`)[\w-]+\.ts(?=`)/g)].map(([name]) => name);

test("[DOCS9] every file that CONTRIBUTING.md names is there", () => {
  expect(paths.length).toBeGreaterThan(50);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  const beside = ["src/contract/http", "src/contract/kinds", "src/compile/diagnostics/families"];
  expect(names.length).toBeGreaterThan(7);
  expect(names.filter((name) => !beside.some((folder) => existsSync(`${folder}/${name}`)))).toEqual([]);
});

test("[DOCS9] every script that CONTRIBUTING.md names is one", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { [name: string]: string } };
  const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});
