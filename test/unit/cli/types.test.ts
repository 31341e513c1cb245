import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFolder, fine, run } from "./run.ts";

const { folder, write } = createFolder();
const read = (...path: string[]): string => readFileSync(join(folder, ...path), "utf8");

test("[TYPES6] types go to stdout, to a file, or to a folder with a file for each workflow; a second time there is nothing to do", async () => {
  const file = write("fine.yaml", fine);
  const other = write("other.yaml", fine.replace("name: fine", "name: other"));
  const shown = await run("types", file);
  expect(shown).toMatchObject({ code: 0, err: "" });
  expect(shown.out).toContain('from "@nerveflare/agent";');
  const out = join(folder, "made");
  expect(await run("types", file, other, "--out", out, "--import", "../client.ts")).toMatchObject({
    code: 0,
    out: `wrote ${out}/fine.types.ts\nwrote ${out}/other.types.ts\n`,
  });
  expect(read("made", "fine.types.ts")).toContain('from "../client.ts";');
  expect(await run("types", file, other, "--out", out, "--import", "../client.ts")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^unchanged .*\nunchanged /),
  });
  const json = await run("types", file, "--out", join(folder, "new", "one.ts"), "--json");
  expect(JSON.parse(json.out)).toEqual({ file, name: "fine", path: join(folder, "new", "one.ts"), state: "written", diagnostics: [] });
});

test("[TYPES6] the command in the module is that of its own folder, wherever it was given", async () => {
  mkdirSync(join(folder, "a folder"));
  write("a folder/fine.yaml", fine);
  await run("types", join(folder, "a folder", "fine.yaml"), "--out", join(folder, "code", "fine.types.ts"));
  expect(read("code", "fine.types.ts")).toContain("`nerveflare types '../a folder/fine.yaml' --out fine.types.ts`");
});

test("[TYPES7] --check fails for what is stale, absent or not ours, and says which; it writes nothing", async () => {
  const file = write("checked.yaml", fine);
  const out = join(folder, "checked.ts");
  expect(await run("types", file, "--out", out, "--check")).toMatchObject({
    code: 1,
    err: expect.stringContaining(`${out} does not exist`),
  });
  await run("types", file, "--out", out);
  expect(await run("types", file, "--out", out, "--check")).toMatchObject({ code: 0, out: `fresh ${out}\n` });
  writeFileSync(out, read("checked.ts").replaceAll("\n", "\r\n"));
  expect(await run("types", file, "--out", out, "--check")).toMatchObject({ code: 0 });
  write("checked.yaml", fine.replace("$status: { const: done }", "$status: { const: done }, n: { type: number }"));
  const before = read("checked.ts");
  const stale = await run("types", file, "--out", out, "--check", "--json");
  expect(stale.code).toBe(1);
  expect(JSON.parse(stale.out)).toMatchObject({ path: out, state: "stale" });
  expect(JSON.parse(stale.err)).toMatchObject({
    error: expect.stringContaining("is not what the workflow gives now"),
    hint: expect.stringContaining("without --check"),
  });
  expect(read("checked.ts")).toBe(before);
});

test("[TYPES8] a file that another wrote is not overwritten, unless told", async () => {
  const file = write("kept.yaml", fine);
  const mine = write("kept.ts", "export const mine = 1;\n");
  expect(await run("types", file, "--out", mine)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/was not written by .*\n.*--force/),
  });
  expect(await run("types", file, "--out", mine, "--check")).toMatchObject({ code: 1, err: expect.stringContaining("was not written by") });
  expect(read("kept.ts")).toBe("export const mine = 1;\n");
  expect(await run("types", file, "--out", mine, "--force")).toMatchObject({ code: 0 });
  expect(read("kept.ts")).toContain("export const fine:");
});

test.each<[what: string, args: string[], says: RegExp]>([
  ["two on stdout", ["a.yaml", "b.yaml"], /cannot go to stdout.*\n.*--out FOLDER/],
  ["two in one file", ["a.yaml", "b.yaml", "--out", "x.ts"], /cannot go into one file/],
  ["a declaration file", ["a.yaml", "--out", "x.d.ts"], /Leave the `\.d` out/],
  ["another language", ["a.yaml", "--out", "x.js"], /is no TypeScript/],
  ["a text", ["a.yaml", "--out", "README.md"], /is no TypeScript/],
  ["a check of nothing", ["a.yaml", "--check"], /Give --out/],
  ["no file", [], /missing required argument 'file'/],
  ["a file that is not there", ["absent.yaml"], /does not exist/],
])("[TYPES9] %s is a usage error that says what to give", async (_, args, says) => {
  expect(await run("types", ...args)).toMatchObject({ code: 2, err: expect.stringMatching(says) });
});

test("[TYPES9] a workflow with errors, and two that would be one file, leave all as it was", async () => {
  const good = write("good.yaml", fine.replace("name: fine", "name: good"));
  const bad = write("bad.yaml", fine.replace("role: worker", "role: nobody"));
  const out = join(folder, "nothing");
  expect(await run("types", good, bad, "--out", out)).toMatchObject({ code: 1, err: expect.stringContaining("does not compile") });
  expect(await run("types", good, good, "--out", out)).toMatchObject({ code: 2, err: expect.stringContaining("would both be written") });
  expect(() => read("nothing", "good.types.ts")).toThrow("ENOENT");
});

test("[TYPES10] what a workflow includes is in its types, as it is in its machines", async () => {
  write(
    "answer.json",
    '{ "type": "object", "properties": { "$status": { "const": "done" }, "from a file": { "type": "boolean" } }, "required": ["$status"] }',
  );
  const file = write("including.yaml", fine.replace(/frontmatter: .*/, "frontmatter: !include answer.json"));
  expect((await run("types", file)).out).toContain('"from a file"?: boolean | undefined;');
});

test("[TYPES17] the types that the examples use are those of their workflow", async () => {
  const root = join(import.meta.dirname, "../../..");
  const out = join(root, "examples/agents/code-review.types.ts");
  const checked = await run("types", join(root, "workflows/code-review.yaml"), "--out", out, "--import", "./client.ts", "--check");
  expect(checked).toMatchObject({ code: 0, out: `fresh ${out}\n` });
});
