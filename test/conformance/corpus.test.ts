import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { measureAgreement, runConformance } from "../../scripts/conformance/run.ts";

const corpus = process.env["NERVEFLARE_CORPUS"] ?? join(import.meta.dirname, "../../../shared/corpus");
const there = existsSync(`${corpus}/decisions.jsonl`);
if (!there)
  console.warn(`conformance SKIPPED: there is no corpus at ${corpus}; set NERVEFLARE_CORPUS to the folder that holds decisions.jsonl`);

describe.runIf(there)("the recorded corpus", () => {
  it("[DECIDE14] is decided by the compiled machines as it was recorded, but for the original engines' known oddities", async () => {
    const report = await runConformance(corpus);
    expect(report.passed).toBeGreaterThan(5_000);
    expect(report.failed.filter((difference) => difference.why === undefined)).toEqual([]);
    expect(measureAgreement(report)).toBeGreaterThanOrEqual(0.99);
  }, 120_000);
});
