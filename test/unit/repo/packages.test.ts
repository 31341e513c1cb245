/** What holds the packages together before they are packed: their dependencies, the Node that they ask for, what they say of what is missing. */
import { describe, expect, test } from "vitest";
import { compareDependencies } from "../../../scripts/packages/compare-dependencies.ts";
import { explainMissing } from "../../../src/cli/lib/explain-missing.ts";
import { requireWholeNode } from "../../../src/node-version.ts";
import { explainRuntimeMissing } from "../../../src/runtime-missing.ts";

describe("[PKG11] the dependencies of a package", () => {
  const judge = (text: string, dependencies: Record<string, string>, path = "dist/a.js") =>
    compareDependencies([{ path, text }], { name: "nerveflare", dependencies });

  test("are what its code imports, however it does", () => {
    const code = `import a from "a/sub.js"; export * from "@b/c"; import "node:fs"; import "fs"; import "./own.js"; import "cloudflare:workers";
      await import("d"); const text = 'import "e"';`;
    expect(judge(code, { a: "1", "@b/c": "1", d: "1" })).toEqual([]);
  });

  test("are named when they are missing, of types too, and when they are too many", () => {
    expect(judge('import a from "a";', {})).toEqual(["dist/a.js imports a, which an install does not bring"]);
    expect(judge('import type { A } from "@a/b/c";', {}, "dist/a.d.ts")).toEqual([
      "dist/a.d.ts imports @a/b, which an install does not bring",
    ]);
    expect(judge("", { a: "1" })).toEqual(["an install brings a, which nothing imports"]);
  });
});

test.each([
  ["20.20.2", false],
  ["22.12.9", false],
  ["22.13.0", true],
  ["23.0.0", true],
  ["24.21.0", true],
  ["100.0.0", true],
])("[PKG2] Node %s runs all: %s", (version, runs) => {
  const ask = () => requireWholeNode("start", version);
  if (runs) expect(ask).not.toThrow();
  else
    expect(ask).toThrow(
      expect.objectContaining({ code: "node_too_old", hint: expect.stringContaining("npx -p node@24 -p nerveflare nerveflare start") }),
    );
});

test.each([
  ['The package "@cloudflare/workerd-linux-64" could not be found, and is needed by workerd.', /workerd was not installed whole/],
  ['The package "@esbuild/linux-x64" could not be found, and is needed by esbuild.', /esbuild was not installed whole/],
  ["\nYou installed workerd on another platform than the one you're currently using.", /workerd was installed for another platform/],
  ["\nYou installed esbuild for another platform than the one you're currently using.", /esbuild was installed for another platform/],
  ["Unsupported platform: sunos x64 LE", /does not exist for/],
  ["Cannot find module 'miniflare'\nRequire stack:", /the package miniflare is not installed/],
  ["Cannot find package 'esbuild' imported from /x/y.js", /the package esbuild is not installed/],
])("[PKG10] what was left out is told from its error: %s", (message, says) => {
  const found = explainMissing(new Error(message));
  // Whoever has a code of its own for it, as a server that does not start, says the code by itself.
  expect(found?.message).toBe(`runtime_missing: ${explainRuntimeMissing(new Error(message))?.message}`);
  expect(found).toMatchObject({
    hint: expect.stringContaining("--include=optional"),
  });
  expect(found?.message).toMatch(says);
});

test.each([[new Error("Cannot find package 'left-pad' imported from /x")], [new TypeError("x is not a function")], [undefined], ["text"]])(
  "[PKG10] an error of another kind stays one: %s",
  (error) => expect(explainMissing(error)).toBeUndefined(),
);
