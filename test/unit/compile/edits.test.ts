/** What is said of sound workflows that somebody has changed in one place. */
import { describe, expect, test } from "vitest";
import { applyFixes } from "../../../src/compile/diagnostics/apply-fixes.ts";
import type { Diagnostic } from "../../../src/compile/diagnostics/diagnostic.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { boundedEdits } from "./bounded-edits.ts";
import { type Edit, edits as firstEdits } from "./edits.ts";
import { foreignEdits } from "./foreign-edits.ts";
import { type SoundWorkflow, soundWorkflows } from "./sound-workflows.ts";

const edits = [...firstEdits, ...boundedEdits];

function edit(of: SoundWorkflow, from: string, to: string): string {
  const text = soundWorkflows[of];
  expect(text.split(from), "the text that is changed stands there once").toHaveLength(2);
  return text.replace(from, () => to);
}

describe("single edits", () => {
  test("[MEAN11] of the sound workflows themselves nothing is said", () => {
    for (const text of Object.values(soundWorkflows)) expect(parseWorkflow(text).diagnostics).toEqual([]);
  });

  /** Asked for once for each text: what a fix has made, most edits share with the workflow that they are of. */
  const found = new Map<string, Diagnostic[]>();
  const findAll = (text: string): Diagnostic[] => {
    const all = found.get(text) ?? parseWorkflow(text).diagnostics;
    found.set(text, all);
    return all;
  };

  const name = ([of, from, to, ...found]: Edit) => ({ of, from, to, found });
  const check = ({ of, from, to, found }: ReturnType<typeof name>): void => {
    const text = edit(of, from, to);
    expect(findAll(text).map(({ code, span, fix }) => [code, text.slice(span.start, span.end), ...(fix ? [fix.text] : [])])).toEqual(found);
    if (found.every(([, , fix]) => fix === undefined)) return;
    expect(findAll(applyFixes(text, findAll).text)).toEqual([]);
  };

  test.each(edits.map(name))("[MEAN11] $of: $from → $to", check);
  test.each(foreignEdits.map(name))("[MEAN22] $of: $from → $to", check);

  test("[MEAN11] every kind of finding that types give is among them", () => {
    const codes = new Set(edits.flatMap(([, , , ...found]) => found.map(([code]) => code)));
    for (const code of [
      "NRV4010",
      "NRV4011",
      "NRV4013",
      "NRV4017",
      "NRV4018",
      "NRV4019",
      "NRV4021",
      "NRV4022",
      "NRV4023",
      "NRV4024",
      "NRV4025",
    ])
      expect(codes, code).toContain(code);
  });
});
