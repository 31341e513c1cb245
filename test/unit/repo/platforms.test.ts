/** [DOCS10] The table of platforms speaks for every file, and the compilers' configurations say what it says. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findPlatforms, renderTsconfigs } from "../../../scripts/house/platforms.ts";

test("[DOCS10] the longest place that fits a file says where it runs", () => {
  expect(findPlatforms("src/client/deep/a.ts")).toEqual(["node", "workers", "browsers"]);
  expect(findPlatforms("src/durable/protocol/a.ts")).toEqual(["node", "workers"]);
  expect(findPlatforms("src/durable/a.ts")).toEqual(["workers"]);
  expect(findPlatforms("src/durable/host/storage/node-storage.ts")).toEqual(["node"]);
  expect(findPlatforms("test/unit/a.test.ts")).toEqual([]);
  expect(findPlatforms("src/nowhere/a.ts")).toBeUndefined();
  expect(findPlatforms("elsewhere.ts")).toBeUndefined();
});

const table = { "a/**": ["node", "workers"], "a/b": ["node"], "a/c/x.ts": ["workers"], "test/**": [] } as const;

function listIncluded(files: string[]): { [name: string]: object } {
  return Object.fromEntries(
    Object.entries(renderTsconfigs(files, table)).map(([name, text]) => {
      const { include, exclude } = JSON.parse(text) as { include: string[]; exclude: string[] };
      // Never Node's types in disguise.
      expect(exclude.shift()).toBe("scripts/house/no-node");
      return [name, { include, exclude }];
    }),
  );
}

test("[DOCS10] each platform's configuration takes its files and no others, by whole folders where it can", () => {
  const files = ["a/1.ts", "a/b/1.ts", "a/b/2.ts", "a/c/1.ts", "a/c/2.ts", "a/c/3.ts", "a/c/4.ts", "a/c/x.ts", "a/d/e/1.ts", "test/1.ts"];
  expect(listIncluded(files)).toEqual({
    "tsconfig.node.json": { include: ["a/**/*.ts"], exclude: ["a/c/x.ts"] },
    "tsconfig.workers.json": { include: ["a/**/*.ts"], exclude: ["a/b/1.ts", "a/b/2.ts"] },
    "tsconfig.browsers.json": { include: [], exclude: [] },
  });
  expect(listIncluded(["a/1.ts", "a/b/1.ts", "a/b/2.ts", "a/b/3.ts", "a/c/1.ts", "a/c/x.ts"])).toEqual({
    "tsconfig.node.json": { include: ["a/**/*.ts"], exclude: ["a/c/x.ts"] },
    "tsconfig.workers.json": { include: ["a/*.ts", "a/c/**/*.ts"], exclude: [] },
    "tsconfig.browsers.json": { include: [], exclude: [] },
  });
});

test("[DOCS10] the configurations that are committed are those of the table, and it speaks for every file", () => {
  const files = globSync("{src,machines,test,bench,scripts,examples}/**/*.{ts,tsx}", {
    exclude: (path) => path.includes("node_modules") || path.endsWith(".d.ts"),
  }).map((path) => path.replaceAll("\\", "/"));
  expect(files.length).toBeGreaterThan(1000);
  expect(files.filter((file) => findPlatforms(file) === undefined)).toEqual([]);
  for (const [name, text] of Object.entries(renderTsconfigs(files.sort()))) expect(readFileSync(name, "utf8"), name).toBe(text);
});
