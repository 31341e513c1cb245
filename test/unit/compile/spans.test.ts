/** A caret stands where the fault is, however the text was written in YAML. */
import { describe, expect, test } from "vitest";
import { Scalar, stringify } from "yaml";
import { createReport } from "../../../src/compile/diagnostics/diagnostic.ts";
import { locateOffset, parseWorkflow } from "../../../src/compile/index.ts";
import { findText } from "../../../src/compile/source/node.ts";
import { readYaml } from "../../../src/compile/source/read-yaml.ts";

/** The scalar of `text: …` and what the source says at each of its characters. */
function readScalar(source: string): { value: string; at: (index: number) => string } {
  const report = createReport(source.length);
  const node = findText(readYaml(source, report), "text");
  expect(report.list()).toEqual([]);
  if (node === undefined) throw new Error("no text");
  return { value: node.value, at: (index) => source.slice(node.locate(index, index + 1).start).slice(0, 1) };
}

describe("characters of a scalar are found in the source", () => {
  const scalars: Record<string, string> = {
    plain: "text: one two three\n",
    "plain over lines": "text: one\n  two\n\n  three   \n  four\nnext: x\n",
    single: "text: 'it''s one'\n",
    "single over lines": "text: 'one\n  two\n\n\n  it''s'\n",
    "double over lines": 'text: "one\n  two  \n\n  three"\n',
    literal: "text: |\n  one\n    two\n\n  three\nnext: x\n",
    "literal, stripped": "text: |-\n  one\n  two\n\n\nnext: x\n",
    "literal, kept": "text: |+\n  one two\n\n\nnext: x\n",
    "literal of Windows": "text: |\r\n  one\r\n  two\r\n",
    folded: "text: >\n  one\n  two\n\n  three\n    four\n    five\n  six\nnext: x\n",
    "folded with a comment": "text: > # why\n  one\n  two\n",
    "folded, blank lines first": "text: >\n\n\n  one\n  two\n",
    "folded, indented first": "text: >-\n  one\n\n   two\n\n  three\n",
    "with an indentation indicator": "text: |2\n    one\n  two\n",
    deep: "a: 1\ntext: |\n      one\n      two\n",
  };

  test.each(Object.entries(scalars))("[CHECK8] %s", (_, source) => {
    const { value, at } = readScalar(source);
    let judged = 0;
    for (let index = 0; index < value.length; index++) {
      if (/\s/.test(value[index] ?? "")) continue;
      expect(at(index), `${JSON.stringify(value)} at ${index}`).toBe(value[index]);
      judged += 1;
    }
    expect(judged).toBeGreaterThan(5);
  });

  test("[CHECK8] an escape is found by its backslash, what follows by itself", () => {
    const { value, at } = readScalar('text: "a\\tb\\u0041c\\x41\\\\d\\\n   e"\n');
    expect(value).toBe("a\tbAcA\\de");
    expect([...value].map((_, index) => at(index)).join("")).toBe("a\\b\\c\\\\de");
  });
});

test("[CHECK8] any text in any style is found again", () => {
  let state = 5;
  const pick = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const parts = ["one", "two three", " ", "  ", "\n", "\n\n", "it's", '"', "\\", "#", ": ", "- ", "{{ x }}", "ä", "😀", "\t", "tail "];
  const styles = ["PLAIN", "QUOTE_SINGLE", "QUOTE_DOUBLE", "BLOCK_LITERAL", "BLOCK_FOLDED"] as const;
  let judged = 0;
  for (let run = 0; run < 600; run++) {
    const text = Array.from({ length: 1 + pick(14) }, () => parts[pick(parts.length)]).join("");
    const scalar = new Scalar(text);
    scalar.type = styles[pick(styles.length)] ?? "PLAIN";
    const source = stringify({ text: scalar, next: 1 }, { lineWidth: 24 });
    const node = findText(readYaml(source, createReport(source.length)), "text");
    // The library does not write every text so that it reads it back.
    if (node?.value !== text) continue;
    judged += 1;
    for (let index = 0; index < text.length; index++) {
      const { start, end } = node.locate(index, index + 1);
      const found = source.slice(start, start + 1);
      if (/\s/.test(text[index] ?? "") || found === "\\") continue;
      expect(found, `${JSON.stringify(source)} at ${index}`).toBe(text[index]);
      expect(end).toBeGreaterThan(start);
    }
  }
  expect(judged).toBeGreaterThan(400);
});

/** The single finding of a file, with the text it marks and where. */
function find(text: string): { name: string; marked: string; line: number; column: number } {
  const { diagnostics } = parseWorkflow(text);
  expect(diagnostics.map((diagnostic) => `${diagnostic.name}: ${diagnostic.message}`)).toHaveLength(1);
  const [diagnostic] = diagnostics;
  if (diagnostic === undefined) throw new Error("nothing found");
  return {
    name: diagnostic.name,
    marked: text.slice(diagnostic.span.start, diagnostic.span.end),
    ...locateOffset(text, diagnostic.span.start),
  };
}

const withCondition = (scalar: string): string =>
  `name: a\ndescription: b\nroles:\n  w: { goal: Work. }\nconditions:\n  c:\n    expression: ${scalar}\ngraph:\n  $START: [{ role: w }]\n  w: [{ role: $END, condition: c }, { role: $END }]\n`;

const withPrompt = (scalar: string): string =>
  `name: a\ndescription: b\nbinding: cloud\nroles:\n  w:\n    goal: Work.\n    frontmatter: { properties: { $status: { const: done }, note: { type: string } } }\ngraph:\n  $START:\n    new: { role: w, prompt: Work. }\n  w:\n    done:\n      role: $END\n      prompt: ${scalar}\n`;

describe("the caret stands inside the string", () => {
  test("[CHECK9] JSONata in a folded scalar", () => {
    expect(find(withCondition(">-\n      steps[-1].output.ok = true\n      and $lst('w').ok"))).toEqual({
      name: "unknown-variable",
      marked: "$lst",
      line: 9,
      column: 11,
    });
  });
  test("[CHECK9] JSONata in double quotes, behind escapes", () => {
    expect(find(withCondition('"steps[0].\\u006futput = \\"x\\" and $now() = 1"'))).toEqual({
      name: "forbidden-function",
      marked: "$now",
      line: 7,
      column: 51,
    });
  });
  test("[CHECK9] JSONata in single quotes, behind a doubled quote", () => {
    expect(find(withCondition("'$last(''w'').ok = $foo'"))).toEqual({ name: "unknown-variable", marked: "$foo", line: 7, column: 36 });
  });
  test("[CHECK9] JSONata that ends too early", () => {
    expect(find(withCondition("steps[-1].output.ok ="))).toEqual({ name: "bad-expression", marked: "=", line: 7, column: 37 });
  });
  test("[CHECK9] Liquid on the third line of a block", () => {
    expect(find(withPrompt("|\n        Dear all,\n\n        it is {{ note | upcas }}."))).toEqual({
      name: "unknown-filter",
      marked: "upcas",
      line: 17,
      column: 25,
    });
  });
  test("[CHECK9] a Liquid variable behind a fold", () => {
    expect(find(withPrompt(">\n        Dear all, it is\n        {{ notes.x }}."))).toEqual({
      name: "unknown-template-variable",
      marked: "notes",
      line: 16,
      column: 12,
    });
  });
  test("[CHECK9] a mustache variable", () => {
    expect(find(withPrompt('"{{{nope}}}"'))).toEqual({ name: "unknown-template-variable", marked: "nope", line: 14, column: 19 });
  });
});
