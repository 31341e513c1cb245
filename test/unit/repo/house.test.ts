/** [DOCS7] [DOCS8] The house's other rules: no circles of imports, nothing too long to be read; and the check that holds them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkSizes, sizeLimits } from "../../../scripts/house/check-sizes.ts";
import { findCircles } from "../../../scripts/house/find-circles.ts";
import { readSourceFile } from "../../../scripts/house/source-file.ts";

const read = (texts: { [path: string]: string }) => Object.entries(texts).map(([path, text]) => readSourceFile(path, text));
const lines = (count: number): string => Array.from({ length: count }, (_, index) => `  use(${index});\n`).join("");

test("[DOCS7] a circle is told as the way round, whether of values, types, re-exports or imports that run late", () => {
  const files = read({
    "src/a.ts": 'import { b } from "./deep/b.ts";',
    "src/deep/b.ts": 'export type { C } from "../c.ts";',
    "src/c.ts": 'export const load = () => import("./a.ts");',
    "src/d.ts": 'import { a } from "./a.ts"; import type { E } from "./e.ts";',
    "src/e.ts": 'import type { D } from "./d.ts";',
    "src/f.ts": 'import { a } from "./a.ts"; import { d } from "./d.ts"; import "zod";',
  });
  expect(findCircles(files)).toEqual([
    ["src/a.ts", "src/deep/b.ts", "src/c.ts", "src/a.ts"],
    ["src/d.ts", "src/e.ts", "src/d.ts"],
  ]);
});

test("[DOCS7] what is reached twice is no circle", () => {
  const files = read({
    "a.ts": 'import "./b.ts"; import "./c.ts";',
    "b.ts": 'import "./d.ts";',
    "c.ts": 'import "./b.ts"; import "./d.ts";',
    "d.ts": 'import "./gone.ts";',
  });
  expect(findCircles(files)).toEqual([]);
});

test.for([
  ["a function", (inside: string) => `export function long() {\n${inside}}`, "long"],
  ["a factory's closure", (inside: string) => `const create = () => {\n  const long = () => {\n${inside}  };\n};`, "long"],
  ["a class", (inside: string) => `export class Long {\n  go() {}\n${inside.replaceAll(/use\((\d+)\)/g, "x$1 = 0")}}`, "Long"],
  ["a method", (inside: string) => `export const x = {\n  long() {\n${inside}  },\n};`, "long"],
  ["a test", (inside: string) => `test("one", () => {\n${inside}});`, "a function"],
] as const)("[DOCS8] %s that is too long to be read is named with its place", ([, write, name]) => {
  const judge = (count: number) => checkSizes(read({ "src/a.ts": write(lines(count)) }));
  expect(judge(sizeLimits.unit - 10)).toEqual([]);
  expect(judge(sizeLimits.unit)).toContainEqual(
    expect.stringMatching(new RegExp(`^src/a\\.ts:\\d ${name} has 1\\d\\d lines, more than 120`)),
  );
});

test("[DOCS8] a function that declares tests is as long as what is left without them; each of them counts by itself", () => {
  const one = `  test.each([1])("one", () => {\n${lines(100)}  });\n`;
  const suite = `export function testAll() {\n  describe("all", () => {\n${one}${one}  });\n}`;
  expect(checkSizes(read({ "test/a.ts": suite }))).toEqual([]);
  expect(checkSizes(read({ "test/a.ts": `export function testAll() {\n${lines(121)}${one}}` }))).toHaveLength(1);
});

test("[DOCS8] a file that is too long is named", () => {
  const judge = (count: number) => checkSizes(read({ "src/a.ts": "export {};\n".repeat(count) }));
  expect(judge(sizeLimits.file)).toEqual([]);
  expect(judge(sizeLimits.file + 1)).toEqual(["src/a.ts has 401 lines, more than 400: split it by subject."]);
});

test("[DOCS4] [DOCS7] [DOCS8] the check fails with a line for every fault, wherever it lies", () => {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-house-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const planted = {
    "src/client/a.ts": 'import { x } from "../durable/x.ts";\n',
    "src/odd/a.ts": 'import { b } from "./b.ts";\n',
    "src/odd/b.ts": 'import type { a } from "./a.ts";\n',
    "scripts/long.ts": "export {};\n".repeat(500),
    "examples/js/agent.mjs": `function long() {\n${lines(130)}}\n`,
  };
  for (const [path, text] of Object.entries(planted)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { status, stderr } = spawnSync(process.execPath, [resolve("scripts/check-house.ts")], { cwd: folder, encoding: "utf8" });
  expect(status).toBe(1);
  // So few files make use of next to nothing of the table.
  const [unused, faults] = [true, false].map((is) =>
    stderr
      .trim()
      .split("\n")
      .filter((line) => /Remove (its row|that from its row)/.test(line) === is),
  );
  expect(unused).toContainEqual(expect.stringContaining("src/contract: no file is in this room"));
  expect(faults).toEqual([
    expect.stringContaining("src/odd: the folder is no room"),
    expect.stringContaining("src/client/a.ts:1 imports src/durable/x.ts"),
    expect.stringContaining("src/odd/a.ts → src/odd/b.ts → src/odd/a.ts"),
    expect.stringContaining("agent.mjs:1 long has 132 lines"),
    expect.stringContaining("long.ts has 500 lines"),
  ]);
});
