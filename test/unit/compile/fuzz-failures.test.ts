/** What the fuzzer once broke stays mended: every kept failure by its name, and a short run of each kind of input. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCase, type FuzzCase } from "../../fuzz/create-case.ts";
import { listSeeds } from "../../fuzz/list-seeds.ts";
import { runCase } from "../../fuzz/run-case.ts";

const folder = join(import.meta.dirname, "../../fuzz/failures");
const failures = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];

/** Milliseconds of the processor; the fuzzer's own promise is two seconds, without the test runner around it. */
const budget = 4_000;

async function expectQuick(input: Pick<FuzzCase, "text" | "output">): Promise<void> {
  const used = process.cpuUsage();
  await runCase(input);
  const { user, system } = process.cpuUsage(used);
  expect((user + system) / 1000).toBeLessThan(budget);
}

describe("the fuzzer", () => {
  test("[CHECK19] makes the same input of the same number", () => {
    const seeds = listSeeds();
    expect(createCase(3, 14, seeds)).toEqual(createCase(3, 14, seeds));
    const kinds = new Set(Array.from({ length: 200 }, (_, index) => createCase(3, index, seeds).kind));
    expect(kinds.size).toBe(10);
  });

  for (const name of failures)
    test(`[CHECK19] the failure ${name} stays mended`, async () => {
      await expectQuick(JSON.parse(readFileSync(join(folder, name), "utf8")) as FuzzCase);
    });

  test("[CHECK19] finds nothing in 150 inputs of seed 5", { timeout: 120_000 }, async () => {
    const seeds = listSeeds();
    for (let index = 0; index < 150; index++) {
      const input = createCase(5, index, seeds);
      await expectQuick(input).catch((error: unknown) => {
        throw new Error(`seed 5, input ${index} (${input.kind}): ${String(error)}`);
      });
    }
  });
});
