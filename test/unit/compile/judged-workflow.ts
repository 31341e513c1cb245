/** Workflows whose schemas rule something out, and what is said of it. */
import { expect } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";

export const judged = ["unknown-field-of-type", "impossible-comparison", "absence-decides"];

/** What stands at the place of each finding, and what its fix writes. */
export function find(text: string): [name: string, at: string, fix?: string][] {
  const { diagnostics } = parseWorkflow(text);
  const other = diagnostics.filter(({ name, severity }) => severity === "error" || name === "compiler-bug");
  expect(other).toEqual([]);
  return diagnostics
    .filter(({ name }) => judged.includes(name))
    .map(({ name, span, fix }) => [name, text.slice(span.start, span.end), ...(fix ? [fix.text] : [])] as [string, string, string?]);
}

export const answer =
  "type: object, required: [vote], properties: { vote: { enum: [hire, pass] }, strong: { type: boolean }, score: { type: integer }, why: { type: string }, " +
  "tags: { type: array, items: { enum: [a, b] } }, parts: { type: array, items: { type: object, properties: { title: { type: string } } } } }";

/** The expression as a condition behind `judge`. */
export const condition = (expression: string, schema = answer): string => `name: a
description: b
max_rounds: 9
roles:
  judge: { goal: Judge., frontmatter: { ${schema} } }
  crowd: { goal: Judge., type: broadcast, capabilities: [x], frontmatter: { ${answer} } }
conditions: { c: { expression: ${JSON.stringify(expression)} } }
graph:
  $START: [{ role: judge }]
  judge: [{ role: crowd, condition: c }, { role: $END }]
  crowd: [{ role: judge, condition: c }, { role: $END }]
`;

export const field = "unknown-field-of-type";
export const never = "impossible-comparison";
export const absent = "absence-decides";
