/** Holds the catalogue, the fixtures and the docs together. `UPDATE_DOCS=1` writes the page anew. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue, parseWorkflow, renderCatalogue } from "../../../src/compile/index.ts";
import { readFixture } from "./read-fixture.ts";

const folder = new URL("../../fixtures/diagnostics/", import.meta.url).pathname;
const page = new URL("../../../docs/diagnostics.md", import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

describe("the catalogue", () => {
  test("gives every code once", () => {
    const codes = Object.values(catalogue).map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^NRV[1-59]\d{3}$/);
  });

  test("has one fixture for every code, and no other fixtures", () => {
    const wanted = Object.entries(catalogue).map(([name, entry]) => `${entry.code}-${name}.yaml`);
    expect([...files].sort()).toEqual(wanted.sort());
  });

  test("is what docs/diagnostics.md shows (UPDATE_DOCS=1 writes it)", () => {
    if (process.env.UPDATE_DOCS) writeFileSync(page, renderCatalogue());
    expect(readFileSync(page, "utf8")).toBe(renderCatalogue());
  });
});

describe("fixtures", () => {
  test.each(files)("%s gives just this finding, at just this place", (file) => {
    const { text, spans, options } = readFixture(readFileSync(`${folder}${file}`, "utf8"));
    expect(spans.length).toBeGreaterThan(0);
    const { ir, diagnostics } = parseWorkflow(text, options);
    const found = diagnostics.map(({ code, name, span }) => ({ file: `${code}-${name}.yaml`, at: text.slice(span.start, span.end), span }));
    expect(found).toEqual(spans.map((span) => ({ file, at: text.slice(span.start, span.end), span })));
    expect(ir === undefined).toBe(diagnostics.some((diagnostic) => diagnostic.severity === "error"));
    for (const diagnostic of diagnostics) expect(diagnostic.message).toMatch(/\S/);
  });

  test.each(files)("%s: a fix that it offers mends it", (file) => {
    const { text, options } = readFixture(readFileSync(`${folder}${file}`, "utf8"));
    for (const { code, fix } of parseWorkflow(text, options).diagnostics) {
      if (fix === undefined) continue;
      const mended = text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
      const left = parseWorkflow(mended, options).diagnostics;
      expect(left.map((diagnostic) => diagnostic.code)).not.toContain(code);
    }
  });
});
