/** The compiler says the same in workerd as in Node: the same suite of fixtures, and the same whole result for whatever text. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { compileWorkflow } from "../../src/compile/index.ts";
import { hostileFiles } from "../fuzz/hostile-files.ts";
import { createRandom, mutateText } from "../fuzz/mutate-text.ts";
import { testFixtures } from "../unit/compile/fixtures-suite.ts";
import { readFixture } from "../unit/compile/read-fixture.ts";

function byName(files: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path.split("/").at(-1) ?? path, String(text)]));
}

const fixtures = byName(import.meta.glob("../fixtures/diagnostics/*.yaml", { query: "?raw", import: "default", eager: true }));
const examples = byName(import.meta.glob("../../workflows/*.yaml", { query: "?raw", import: "default", eager: true }));

/** Compiles here and in Node and holds the two together: diagnostics, intermediate form, machines, revision. */
async function expectSame(text: string): Promise<void> {
  const response = await env.COMPILE_IN_NODE.fetch("http://node/", { method: "POST", body: text });
  const there: unknown = await response.json();
  expect(JSON.parse(JSON.stringify(compileWorkflow(text)))).toEqual(there);
}

describe("fixtures, in workerd", () => testFixtures(fixtures));

describe("the whole result is that of Node", () => {
  test("[CHECK20] there are fixtures and examples", () => {
    expect(Object.keys(fixtures).length).toBeGreaterThan(70);
    expect(Object.keys(examples).length).toBeGreaterThan(1);
  });

  test.each(Object.entries(examples))("[CHECK20] of %s", async (_, text) => {
    expect(compileWorkflow(text).compiled?.revision).toMatch(/^[0-9a-f]{32}$/);
    await expectSame(text);
  });

  test.each(Object.entries(fixtures))("[CHECK20] of %s", async (_, source) => {
    await expectSame(readFixture(source).text);
  });

  // Text with half a surrogate can't be sent; where the stack ends differs between the two, and what is too deep is refused before.
  test.each(Object.entries(hostileFiles).filter(([name]) => name !== "half a surrogate"))(
    "[CHECK20] of a hostile file: %s",
    async (_, text) => {
      await expectSame(text);
    },
  );

  test("[CHECK20] of 150 files broken at random, seed 11", { timeout: 60_000 }, async () => {
    const random = createRandom(11);
    const seeds = [...Object.values(examples), ...Object.values(fixtures).map((source) => readFixture(source).text)];
    for (let run = 0; run < 150; run++) {
      const text = mutateText(seeds[Math.floor(random() * seeds.length)] ?? "", random);
      if (text.isWellFormed()) await expectSame(text);
    }
  });
});
