/** `nerveflare check` on folders: what is checked, what is passed over, and what only shows where several files are looked at. */
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFolder, fine, run } from "./run.ts";

/** A folder of its own. */
function create(name: string): { folder: string; write: (file: string, text: string) => string } {
  const { folder, write } = createFolder();
  mkdirSync(join(folder, name, "parts"), { recursive: true });
  return { folder: join(folder, name), write: (file, text) => write(join(name, file), text) };
}

const named = (name: string, more = ""): string =>
  fine.replace("name: fine", `name: ${name}`).replace('"It is done." }', `"It is done."${more} }`);

test("[MANY10] of a folder all workflows are checked, together; other YAML is passed over and counted", async () => {
  const { folder, write } = create("a");
  write("paper.yaml", named("paper", ", spawn: [{ workflow: stroy }]"));
  write("parts/story.yml", named("story").replace("procedure: Do it.", "procedure: !include how.yaml"));
  write("parts/how.yaml", "Do it well.\n");
  write("compose.yaml", "services: { web: { image: nginx } }\n");
  const { code, out } = await run("check", folder);
  expect(code).toBe(0);
  expect(out).toMatch(/warning\[NRV6001\][\s\S]*--> .*paper\.yaml:15:\d+[\s\S]*did you mean `story`\?/);
  expect(out).toContain("no errors, 1 warning in 2 files; 2 YAML files passed over, which are no workflows");
  const { out: json } = await run("check", folder, "--json");
  const list = JSON.parse(json) as { file: string; diagnostics: { code: string }[]; passedOver?: string }[];
  expect(
    list.map(({ file, diagnostics, passedOver }) => [file.slice(folder.length + 1), diagnostics.map(({ code }) => code), passedOver]),
  ).toEqual([
    ["paper.yaml", ["NRV6001"], undefined],
    [join("parts", "story.yml"), [], undefined],
    ["compose.yaml", [], "not a workflow"],
    [join("parts", "how.yaml"), [], "not a workflow"],
  ]);
});

test("[MANY10] patterns that no shell filled in, and several files, are checked together too; a file counts once", async () => {
  const { folder, write } = create("b");
  const [a, b] = [write("a.yaml", named("same")), write("b.yaml", named("same"))];
  for (const args of [[join(folder, "*.yaml")], [a, b], [folder, a, b]]) {
    const { code, out, err } = await run("check", ...args);
    expect([code, out.match(/NRV6002/g)?.length, err]).toEqual([1, 1, expect.stringContaining("1 error in 2 files")]);
  }
  expect((await run("check", a)).code).toBe(0);
});

test("[MANY11] of 500 files the one that is broken is named, and the rest is checked", async () => {
  const { folder, write } = create("c");
  for (let index = 0; index < 500; index++)
    write(`w${index}.yaml`, named(`w-${index}`, `, spawn: [{ workflow: w-${Math.min(index + 1, 499)}x }]`));
  write("w250.yaml", "name: w-250\nroles: [\ngraph: {}\n");
  const { code, out } = await run("check", folder, "--json");
  expect(code).toBe(1);
  const list = JSON.parse(out) as { file: string; diagnostics: { severity: string; code: string }[] }[];
  expect(list.length).toBe(500);
  const broken = list.filter(({ diagnostics }) => diagnostics.some(({ severity }) => severity === "error"));
  expect(broken.map(({ file }) => file)).toEqual([join(folder, "w250.yaml")]);
  expect(list.filter(({ diagnostics }) => diagnostics.some(({ code }) => code === "NRV6001")).length).toBe(499);
});

test("[MANY12] a fix of what several files say together is applied by --fix", async () => {
  const { folder, write } = create("d");
  const paper = write("paper.yaml", named("paper", ", spawn: [{ workflow: stroy }]"));
  write("story.yaml", named("story"));
  const { code, out } = await run("check", folder, "--fix");
  expect([code, out]).toEqual([0, expect.stringMatching(/fixed .*paper\.yaml:15 Write `story`/)]);
  expect(readFileSync(paper, "utf8")).toContain("workflow: story }");
  expect((await run("check", folder)).out).toContain("ok no errors in 2 files");
});

test("[MANY20] a file counts once, under whatever names; links to files count, links to folders and hidden ones don't", async () => {
  const { folder, write } = create("e");
  const one = write("one.yaml", named("one"));
  write("../elsewhere.yaml", named("two"));
  for (const [target, link] of [
    ["one.yaml", "alias.yaml"],
    ["../elsewhere.yaml", "linked.yaml"],
    ["gone.yaml", "broken.yaml"],
    [".", "circle"],
  ] as const)
    symlinkSync(target, join(folder, link));
  for (const hidden of ["node_modules", ".git"]) {
    mkdirSync(join(folder, hidden));
    write(`${hidden}/one.yaml`, named("one"));
  }
  const list = async (...args: string[]) =>
    (JSON.parse((await run("check", ...args, "--json")).out) as { file: string; diagnostics: object[] }[]).map((each) => [
      each.file.slice(folder.length + 1),
      each.diagnostics.length,
    ]);
  expect(await list(folder)).toEqual([
    ["linked.yaml", 0],
    ["one.yaml", 0],
  ]);
  expect(await list(join(folder, "alias.yaml"), one, join(folder, "parts", "..", "one.yaml"))).toEqual([["alias.yaml", 0]]);
});
