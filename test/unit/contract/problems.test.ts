import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ProblemCode, problemCodes, refuse } from "../../../src/contract/problem.ts";
import { problemMeanings, problemView, renderProblems } from "../../../src/contract/problem-meanings.ts";

const page = new URL("../../../docs/problems.md", import.meta.url).pathname;
const codes = Object.keys(problemCodes) as ProblemCode[];

test("[API21] every code has a number of its own, a meaning and what to do, as docs/problems.md says (UPDATE_DOCS=1 writes it)", () => {
  if (process.env.UPDATE_DOCS) writeFileSync(page, renderProblems());
  expect(readFileSync(page, "utf8")).toBe(renderProblems());
  expect(new Set(codes.map((code) => problemCodes[code].nrv)).size).toBe(codes.length);
  expect(Object.keys(problemMeanings).sort()).toEqual([...codes].sort());
});

test("[API21] whether to send the same again, the number says too: 7xxx are retried, and of the others an answer that was invalid", () => {
  const retried = codes.filter((code) => problemCodes[code].retryable && !String(problemCodes[code].nrv).startsWith("7"));
  expect(retried).toEqual(["output_invalid"]);
  expect(codes.filter((code) => String(problemCodes[code].nrv).startsWith("7") && !problemCodes[code].retryable)).toEqual([]);
});

test("[API21] a refusal has a declared code, else it does not compile, and is of the declared shape", () => {
  // @ts-expect-error not declared
  expect(() => refuse("no_such_code", "x")).toThrow();
  for (const code of codes) expect(problemView.safeParse(refuse(code, "what happened", { limit: 7 }).problem).success).toBe(true);
});
