/** The lint rules that hold the rooms apart: each must refuse what it is there for, else the architecture rests on good will. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Where a file stands and what it says, and whether it may. */
const cases: { file: string; says: string; refused?: string }[] = [
  { file: "machines/a.ts", says: 'import { x } from "../src/compile/ir.ts";', refused: "noRestrictedImports" },
  { file: "machines/types.ts", says: 'import type { x } from "../src/durable/protocol/rpc.ts";', refused: "noRestrictedImports" },
  { file: "machines/deep/a.ts", says: 'import { x } from "../../src/worker/x.ts";', refused: "noRestrictedImports" },
  { file: "machines/package.ts", says: 'import { x } from "jsonata";', refused: "noRestrictedImports" },
  { file: "machines/node.ts", says: 'import { x } from "node:crypto";', refused: "noRestrictedImports" },
  { file: "machines/fine.ts", says: 'import { x } from "xstate";' },
  { file: "machines/contract.ts", says: 'import type { x } from "../src/contract/event.ts";' },
  { file: "src/contract/a.ts", says: 'import { x } from "../compile/ir.ts";', refused: "noRestrictedImports" },
  { file: "src/contract/fine.ts", says: 'import { x } from "./event.ts";' },
  { file: "src/compile/a.ts", says: 'import { x } from "../durable/protocol/rpc.ts";', refused: "noRestrictedImports" },
  { file: "src/compile/deep/a.ts", says: 'import { x } from "cloudflare:workers";', refused: "noRestrictedImports" },
  { file: "src/compile/fine.ts", says: 'import { x } from "../../machines/task.ts";' },
  { file: "src/durable/a.ts", says: 'import { x } from "../worker/x.ts";', refused: "noRestrictedImports" },
  { file: "src/durable/node.ts", says: 'import { x } from "node:fs";', refused: "noRestrictedImports" },
  { file: "src/durable/fine.ts", says: 'import { x } from "../compile/index.ts";' },
  { file: "src/worker/a.ts", says: 'import { x } from "../client/index.ts";', refused: "noRestrictedImports" },
  { file: "src/worker/fine.ts", says: 'import { x } from "../durable/protocol/rpc.ts";' },
  { file: "src/client/a.ts", says: 'import { x } from "../compile/index.ts";', refused: "noRestrictedImports" },
  { file: "src/client/fine.ts", says: 'import { x } from "../contract/event.ts";' },
  { file: "src/worker/storage.ts", says: "export const x = (ctx: Ctx) => ctx.storage.sql;", refused: "plugin" },
  { file: "src/compile/storage.ts", says: "export const x = (object: Ctx) => object.ctx.storage;", refused: "plugin" },
  { file: "src/durable/storage.ts", says: "export const x = (ctx: Ctx) => ctx.storage.sql;" },
];

let found: Map<string, string[]>;
const folder = mkdtempSync(join(tmpdir(), "nerveflare-rooms-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  for (const path of ["biome.json", "scripts/lint"]) cpSync(path, join(folder, path), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  // Biome reads what git ignores.
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
  writeFileSync(join(folder, ".gitignore"), "node_modules\n");
  for (const { file, says } of cases) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), says.startsWith("import") ? `${says}\nexport type y = typeof x;\n` : `${says}\n`);
  }
  const { stdout } = spawnSync(
    resolve("node_modules/.bin/biome"),
    ["lint", "--reporter=json", "--max-diagnostics=none", "machines", "src"],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: string | { file: string } } }[] };
  found = new Map();
  for (const { category, location } of diagnostics) {
    const file = typeof location.path === "string" ? location.path : location.path.file;
    found.set(file, [...(found.get(file) ?? []), category]);
  }
});

test.for(cases.filter(({ refused }) => refused))("[DOCS4] $file may not say: $says", ({ file, refused }) => {
  expect(found.get(file)).toContainEqual(expect.stringContaining(refused ?? ""));
});

test.for(cases.filter(({ refused }) => !refused))("[DOCS4] $file may say: $says", ({ file }) => {
  const held = (found.get(file) ?? []).filter((category) => /noRestrictedImports|plugin/.test(category));
  expect(held).toEqual([]);
});
