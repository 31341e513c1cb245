import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("[DOCTOR5] every code that the doctor knows has a row in the docs, and no other", () => {
  const union = readFileSync("src/cli/doctor/finding.ts", "utf8").match(/export type FindingCode =([^;]*);/)?.[1] ?? "";
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  const section = readFileSync("docs/backup.md", "utf8").split("## Doctor")[1]?.split("\n## ")[0] ?? "";
  expect(codes.length).toBeGreaterThan(5);
  expect([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code).sort()).toEqual(codes.sort());
});
