/** The diagnostics' fixtures as a suite: the same expectations in Node and in workerd. */
import { expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { readFixture } from "./read-fixture.ts";

/** Defines the tests of fixtures, given by file name. */
export function testFixtures(sources: Record<string, string>): void {
  const files = Object.keys(sources);

  test.each(files)("[CHECK4] [CHECK20] %s gives just this finding, at just this place", (file) => {
    const { text, spans, options } = readFixture(sources[file] ?? "");
    expect(spans.length).toBeGreaterThan(0);
    const { ir, diagnostics } = parseWorkflow(text, options);
    const found = diagnostics.map(({ code, name, span }) => ({ file: `${code}-${name}.yaml`, at: text.slice(span.start, span.end), span }));
    expect(found).toEqual(spans.map((span) => ({ file, at: text.slice(span.start, span.end), span })));
    expect(ir === undefined).toBe(diagnostics.some((diagnostic) => diagnostic.severity === "error"));
    for (const diagnostic of diagnostics) expect(diagnostic.message).toMatch(/\S/);
  });

  test.each(files)("[CHECK5] %s: a fix that it offers mends it", (file) => {
    const { text, options } = readFixture(sources[file] ?? "");
    for (const { code, fix } of parseWorkflow(text, options).diagnostics) {
      if (fix === undefined) continue;
      const mended = text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
      const left = parseWorkflow(mended, options).diagnostics;
      expect(left.map((diagnostic) => diagnostic.code)).not.toContain(code);
    }
  });
}
