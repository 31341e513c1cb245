/** No input, however hostile, makes the compiler throw, hang, or eat memory. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { compileLimits } from "../../../src/compile/limits.ts";
import { hostileFiles } from "../../fuzz/hostile-files.ts";
import { createRandom, mutateText } from "../../fuzz/mutate-text.ts";
import { readFixture } from "./read-fixture.ts";

/** Milliseconds of the processor that one file may take: the promise is two seconds on a quiet machine, and what else runs does not count. */
const budget = 4000;

function measure(text: string): [result: ReturnType<typeof parseWorkflow>, spent: number] {
  const before = process.cpuUsage();
  const result = parseWorkflow(text);
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1000];
}

function compile(text: string): ReturnType<typeof parseWorkflow> {
  let [result, spent] = measure(text);
  // A busy machine makes the processor slower too, for a while: what is slow is slow again.
  if (spent >= budget) [result, spent] = measure(text);
  expect(spent).toBeLessThan(budget);
  expect(result.diagnostics.filter((diagnostic) => diagnostic.name === "compiler-bug")).toEqual([]);
  expect(result.diagnostics.length).toBeLessThanOrEqual(compileLimits.diagnostics);
  expect(result.ir === undefined).toBe(result.diagnostics.some((diagnostic) => diagnostic.severity === "error"));
  for (const { span } of result.diagnostics) {
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(Math.max(1, text.length));
  }
  return result;
}

describe("a hostile file", () => {
  test.each(Object.entries(hostileFiles))("[CHECK18] %s", (_, text) => {
    compile(text);
  });

  test("[CHECK14] with line ends of Windows or a byte order mark compiles", () => {
    expect(compile(hostileFiles["line ends of Windows"] ?? "").ir).toBeDefined();
    expect(compile(hostileFiles["a byte order mark"] ?? "").ir).toBeDefined();
  });

  test.each([
    "doubling text in JSONata",
    "text put into text in JSONata",
    "descendants of descendants in JSONata",
    "joins of joins in JSONata",
    "ranges of ranges in JSONata",
    "a regular expression in JSONata",
    "recursion in JSONata",
    "loops in Liquid",
    "billion laughs",
  ])("[CHECK18] %s is refused, not run", (name) => {
    expect(compile(hostileFiles[name] ?? "").ir).toBeUndefined();
  });
});

describe("files broken at random", () => {
  const folder = new URL("../../fixtures/diagnostics/", import.meta.url).pathname;
  const workflows = new URL("../../../workflows/", import.meta.url).pathname;
  const seeds = [
    ...readdirSync(folder)
      .map((name) => readFixture(readFileSync(`${folder}${name}`, "utf8")).text)
      .filter((text) => text.length < 10_000),
    ...readdirSync(workflows)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => readFileSync(`${workflows}${name}`, "utf8")),
  ];
  const runs = Number(process.env.FUZZ_RUNS ?? 600);
  const seed = Number(process.env.FUZZ_SEED ?? 7);

  test(`[CHECK18] ${runs} files of seed ${seed} are answered with findings, in time`, { timeout: 600_000 }, () => {
    const random = createRandom(seed);
    for (let run = 0; run < runs; run++) {
      const text = mutateText(seeds[Math.floor(random() * seeds.length)] ?? "", random);
      try {
        compile(text);
      } catch (error) {
        throw new Error(`seed ${seed}, run ${run}: ${String(error)}\n${text}`);
      }
    }
  });
});

describe("[JUDGE30] a schema that can't be judged by is refused with its code, at its place", () => {
  const file = (schema: string) => `
name: hostile
description: d
roles: { worker: { goal: g, frontmatter: ${schema} } }
graph: { $START: { new: { role: worker, prompt: go } }, worker: { done: { role: $END, prompt: done } } }
`;
  const status = "$status: { const: done }";
  test.each([
    [`{ properties: { ${status}, a: { pattern: "(" } } }`, "NRV2012", '"("'],
    [`{ properties: { ${status}, a: { $ref: "#/$defs/none" } } }`, "NRV2012", '"#/$defs/none"'],
    [`{ properties: { ${status}, a: { $ref: "http://127.0.0.1:9/schema" } } }`, "NRV2012", '"http://127.0.0.1:9/schema"'],
    [`{ $id: a, properties: { ${status} }, $defs: { x: { $id: a } } }`, "NRV2012", "a"],
    [`{ properties: { ${status} }, dependentRequired: { a: b } }`, "NRV2012", "{"],
    [`{ properties: { ${status} }, multipleOf: 0 }`, "NRV2012", "0"],
    [`{ properties: { ${status} }, patternProperties: { "(a)\\\\1": {} } }`, "NRV2019", '"(a)\\\\1"'],
    [`{ properties: { ${status}, a: { pattern: "a{9000}" } } }`, "NRV2019", '"a{9000}"'],
    [`{ properties: { ${status}, a: { allOf: [{ $ref: "#/properties/a" }] } } }`, "NRV2019", "{"],
  ])("%s", (schema, code, at) => {
    const text = file(schema);
    const { diagnostics } = parseWorkflow(text);
    expect(diagnostics.map((found) => [found.code, text.slice(found.span.start, found.span.end)])).toEqual([[code, at]]);
  });

  test("all of them in one run", () => {
    const text = file(`{ properties: { ${status}, a: { pattern: "(a)\\\\1" }, b: { $ref: "#/properties/b" }, c: { $ref: "#/none" } } }`);
    expect(
      parseWorkflow(text)
        .diagnostics.map(({ code }) => code)
        .sort(),
    ).toEqual(["NRV2012", "NRV2019", "NRV2019"]);
  });

  test("patterns that a machine going back would not end on compile, for they are matched in linear time", () => {
    const text = file(`{ properties: { ${status}, a: { pattern: "^(a|a)*$" }, b: { pattern: "^((a+))+$" } } }`);
    expect(parseWorkflow(text).diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });
});
