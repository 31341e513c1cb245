/** [DOCS4] The table of rooms holds them apart: each row must refuse what it is there for, else the architecture rests on good will. */
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path/posix";
import { expect, test } from "vitest";
import { checkConfined, checkRooms, findUnused } from "../../../scripts/house/check-rooms.ts";
import { confined, rooms } from "../../../scripts/house/rooms.ts";
import { readSourceFile } from "../../../scripts/house/source-file.ts";

const judge = (file: string, says: string): string[] => checkRooms([readSourceFile(file, says)], rooms);

/** Where a file stands, and what it may not say there. */
const refused: [file: string, says: string][] = [
  ["src/contract/a.ts", 'import { x } from "../compile/ir.ts";'],
  ["src/contract/a.ts", 'import { x } from "node:crypto";'],
  ["src/contract/json-schema/a.ts", 'import { x } from "zod";'],
  ["machines/a.ts", 'import { x } from "../src/compile/ir.ts";'],
  ["machines/a.ts", 'import type { x } from "../src/durable/protocol/envelope.ts";'],
  ["machines/task/a.ts", 'export { x } from "../../src/worker/x.ts";'],
  ["machines/a.ts", 'import { x } from "jsonata";'],
  ["machines/a.ts", 'import { x } from "node:crypto";'],
  ["src/compile/a.ts", 'import { x } from "../durable/protocol/envelope.ts";'],
  ["src/compile/check/a.ts", 'import { x } from "cloudflare:workers";'],
  ["src/compile/source/a.ts", 'import { x } from "../lower/task.ts";'],
  ["src/compile/a.ts", 'const x = await import("node:fs");'],
  ["src/durable/host/a.ts", 'import type { x } from "../../compile/ir.ts";'],
  ["src/durable/host/a.ts", 'import { x } from "../thread/thread-schema.ts";'],
  ["src/durable/protocol/a.ts", 'import { x } from "../thread/thread-schema.ts";'],
  ["src/durable/thread/eligibility/a.ts", 'import type { Storage } from "../../host/ports.ts";'],
  ["src/durable/thread/eligibility/a.ts", "export const x = ({ storage }: Ctx) => storage;"],
  ["src/durable/thread/explain/a.ts", 'export const x = (s: Storage) => s.exec("DELETE FROM offer");'],
  ["src/durable/thread/explain/a.ts", "export const x = (s: Storage, id: string) => s.exec(`INSERT INTO offer SELECT ?`, id);"],
  ["src/durable/agent/a.ts", 'import { x } from "../../worker/x.ts";'],
  ["src/durable/agent/a.ts", 'import { x } from "node:fs";'],
  ["src/worker/a.ts", 'import { x } from "../client/index.ts";'],
  ["src/worker/routes/a.ts", 'import { x } from "../../durable/thread/thread-schema.ts";'],
  ["src/worker/a.ts", "export const x = (ctx: Ctx) => ctx.storage.sql;"],
  ["src/compile/a.ts", "export const x = (object: Ctx) => object.ctx.storage;"],
  ["src/client/a.ts", 'import { x } from "../compile/index.ts";'],
  ["src/client/a.ts", 'import { x } from "ws";'],
  ["src/lsp/a.ts", 'import { x } from "../cli/lib/terminal.ts";'],
  ["src/lsp/a.ts", 'import { x } from "node:fs";'],
  ["src/simulate/a.ts", 'import { x } from "../cli/lib/command.ts";'],
  ["src/local-server/a.ts", 'import { x } from "../worker/index.ts";'],
  ["src/path-tests/a.ts", 'import { x } from "../simulate/script.ts";'],
  ["src/cli/lib/a.ts", 'import { x } from "../commands/agents.ts";'],
  ["src/cli/commands/a.ts", 'import { x } from "./agents.ts";'],
  ["src/cli/commands/a.ts", 'import { x } from "../main.ts";'],
  ["src/worker/a.ts", 'import { x } from "../../test/unit/worker/test-app.ts";'],
];

test.for(refused)("[DOCS4] %s may not say: %s", ([file, says]) => {
  expect(judge(file, says)).toEqual([expect.stringContaining(`${file}:1 `)]);
});

const allowed: [file: string, says: string][] = [
  ["machines/a.ts", 'import { x } from "xstate";'],
  ["machines/a.ts", 'import type { x } from "../src/contract/event.ts";'],
  ["src/compile/decide/a.ts", 'import { x } from "../../../machines/messages.ts";'],
  ["src/durable/host/a.ts", 'import { x } from "../../../machines/address.ts";'],
  ["src/durable/cell/a.ts", 'import { x } from "cloudflare:workers";'],
  ["src/durable/agent/a.ts", "export const x = (ctx: Ctx) => ctx.storage.sql;"],
  ["src/durable/thread/explain/a.ts", 'export const x = (s: Storage) => s.exec("SELECT id FROM offer");'],
  ["src/worker/a.ts", 'import { x } from "hono/http-exception";'],
  ["src/client/a.ts", 'import { x } from "../contract/kinds/turn.ts";'],
  ["src/cli/commands/a.ts", 'import { x } from "../lib/check/check-file.ts";'],
];

test.for(allowed)("[DOCS4] %s may say: %s", ([file, says]) => {
  expect(judge(file, says)).toEqual([]);
});

test("[DOCS4] XState is touched by the files that are named for it, and by tests", () => {
  const says = 'import type { x } from "xstate";';
  const find = (file: string, text = says): string[] => checkConfined([readSourceFile(file, text)], confined);
  for (const file of ["src/durable/host/stepper.ts", "src/explore/model.ts", "machines/task/guards.ts"])
    expect(find(file)).toEqual([expect.stringContaining(`${file}:1 `)]);
  expect(find("src/durable/host/stepper.ts", 'export { x } from "xstate/actors";')).toHaveLength(1);
  for (const file of [...(confined["xstate"] ?? []), "test/host/machines.ts"]) expect(find(file)).toEqual([]);
});

test("[DOCS4] a file that a package is confined to is there, and imports it", () => {
  for (const [name, files] of Object.entries(confined))
    for (const file of files)
      expect(readSourceFile(file, readFileSync(file, "utf8")).imports.map(({ specifier }) => specifier)).toContain(name);
});

test("[DOCS4] a permission that nobody makes use of is named, and a row without files", () => {
  const plan = { "src/a": { is: "", may: ["src/b", "src/c/**", "zod", "hono", "node:*"] }, "src/gone/**": { is: "", may: [] } };
  const says = 'import "../b/x.ts"; import "../c/d/x.ts"; import type { z } from "zod"; import "node:fs";';
  expect(findUnused([readSourceFile("src/a/a.ts", says)], plan)).toEqual([
    "src/a may import hono, and does not. Remove that from its row in scripts/house/rooms.ts.",
    "src/gone/**: no file is in this room. Remove its row in scripts/house/rooms.ts.",
  ]);
});

test("[DOCS4] a folder without a row is refused, and told where to give it one", () => {
  expect(judge("src/durable/thread/utils/a.ts", "")).toEqual([
    "src/durable/thread/utils: the folder is no room. Give it a row in scripts/house/rooms.ts.",
  ]);
});

test.for(Object.keys(rooms).filter((folder) => folder !== "test/**"))("[DOCS4] %s lets nothing in that its row does not name", (row) => {
  const folder = row.replace("/**", "");
  for (const name of ["left-pad", "src/nowhere/x.ts"]) {
    const specifier = name.startsWith("src/") ? `${"../".repeat(folder.split("/").length)}${name}` : name;
    const faults = judge(`${folder}/a.ts`, `import type { x } from "${specifier}";`);
    // The scripts check every room, and may look into all of them.
    expect(faults).toHaveLength(row === "scripts/**" || row === "bench/**" ? (name === "left-pad" ? 1 : 0) : 1);
  }
});

test("[DOCS4] unit tests lie in folders that are called like the rooms they test", () => {
  const folders = new Set(globSync("test/unit/**/*.ts").map((file) => dirname(file).slice("test/unit/".length)));
  const strangers = [...folders].filter((folder) => !rooms[`src/${folder}`] && folder !== "machines" && folder !== "repo");
  expect(strangers).toEqual([]);
});
