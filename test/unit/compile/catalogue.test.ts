/** Holds the catalogue, the fixtures and the docs together. `UPDATE_DOCS=1` writes the page anew. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue, renderCatalogue } from "../../../src/compile/index.ts";
import { testFixtures } from "./fixtures-suite.ts";

const folder = new URL("../../fixtures/diagnostics/", import.meta.url).pathname;
const page = new URL("../../../docs/diagnostics.md", import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

describe("the catalogue", () => {
  test("[CHECK4] gives every code once", () => {
    const codes = Object.values(catalogue).map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^NRV[1-69]\d{3}$/);
  });

  test("[CHECK4] has one fixture for every code, and no other fixtures", () => {
    const wanted = Object.entries(catalogue).map(([name, entry]) => `${entry.code}-${name}.yaml`);
    const together = readdirSync(new URL("../../fixtures/together/", import.meta.url).pathname).map((name) => `${name}.yaml`);
    expect([...files, ...together].sort()).toEqual(wanted.sort());
  });

  test("[CHECK4] is what docs/diagnostics.md shows (UPDATE_DOCS=1 writes it)", () => {
    if (process.env.UPDATE_DOCS) writeFileSync(page, renderCatalogue());
    expect(readFileSync(page, "utf8")).toBe(renderCatalogue());
  });
});

describe("fixtures", () => testFixtures(Object.fromEntries(files.map((file) => [file, readFileSync(`${folder}${file}`, "utf8")]))));
