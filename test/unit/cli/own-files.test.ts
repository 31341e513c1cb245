/** Commands write over what they wrote, and over nothing else unless they are told to. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeOwnFiles } from "../../../src/cli/lib/own-files.ts";
import { runCli } from "../../../src/cli/main.ts";
import { adminToken } from "../worker/test-app.ts";
import { run } from "./run.ts";
import { serveApp } from "./serve-app.ts";

const folder = mkdtempSync(join(tmpdir(), "nerveflare-own-files-"));
const workflow = join(folder, "pair.yaml");
const other = join(folder, "other.yaml");

/** As little as a workflow can be, so that its paths are few. */
const oneRole = `
name: pair
binding: cloud
description: One writes.
reflexes: [ { kind: workflow, on: [wanted] } ]
roles:
  writer:
    type: named
    agent: lead
    description: Writes.
    frontmatter: { type: object, properties: { $status: { const: written } }, required: [$status] }
graph:
  $START:
    new: { role: writer, prompt: "Write." }
  writer:
    written: { role: $END, prompt: "Done." }
`;

beforeAll(() => {
  writeFileSync(workflow, oneRole);
  // The same name, and something else to say.
  writeFileSync(other, oneRole.replace(/^description: .*$/m, "description: Changed since."));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sampled = ["--sample", "--seed", "1"];

const archived = '{"position":7,"recordedAt":"2026-01-01T00:00:00.000Z","event":{}}';

test.for([
  ["a line of somebody's", "my only line, without an end", false],
  ["JSON of somebody's", '{"event": 1}', false],
  ["half of an archive's first line", archived.slice(0, 30), true],
  ["less than that", archived.slice(0, 5), true],
  ["a whole archive", `${archived}\n`, true],
  ["an archive with half a line at its end", `${archived}\n${archived.slice(0, 20)}`, true],
] as const)("[FILE4] a file that holds %s", async ([, held, goesOn]) => {
  const path = join(folder, "log.ndjson");
  writeFileSync(path, held);
  const app = await serveApp();
  let err = "";
  const code = await runCli(["events", "archive", "--out", path], {
    stdout: { write: () => true },
    stderr: { write: (text) => (err += text) },
    env: { NERVEFLARE_URL: app.url, NERVEFLARE_ADMIN_TOKEN: adminToken },
  });
  if (goesOn) expect(code, err).toBe(0);
  else expect([code, err]).toEqual([1, expect.stringContaining("is no archive of events")]);
  const kept = held.slice(0, held.lastIndexOf("\n") + 1);
  expect(readFileSync(path, "utf8")).toBe(goesOn ? kept : held);
});

/** Commands that write, the files that they write into a folder, and how they are given other content for the same files. */
const writers: [name: string, write: (out: string, from: string) => string[], files: string[]][] = [
  ["draw", (out, from) => ["draw", from, "--out", out], ["pair.task.svg", "pair.task.mmd"]],
  [
    "compile",
    (out, from) => ["compile", from, "--out", out],
    ["pair.recruitment.json", "pair.recruitment.machine.ts", "pair.task.json", "pair.task.machine.ts"],
  ],
  ["schema", (out) => ["schema", "--out", join(out, "schema.json")], ["schema.json"]],
  ["test --emit", (out, from) => ["test", from, "--emit", join(out, "pair.test.ts")], ["pair.test.ts"]],
  ["simulate --save to a test", (out, from) => ["simulate", from, ...sampled, "--save", join(out, "walk.test.ts")], ["walk.test.ts"]],
  ["simulate --save to YAML", (out, from) => ["simulate", from, ...sampled, "--save", join(out, "walk.yaml")], ["walk.yaml"]],
];

test.for(writers)("[FILE1] %s refuses what somebody else wrote, as a whole, and says how to go on", async ([name, write, files]) => {
  const out = join(folder, `foreign ${name}`);
  mkdirSync(out);
  const last = join(out, files.at(-1) ?? "");
  writeFileSync(last, "mine\n");
  const refused = await run(...write(out, workflow));
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`would_overwrite: ${last} is there`) });
  expect(refused.err).toContain("Give --force to overwrite");
  expect(readdirSync(out)).toEqual(files.slice(-1));
  expect(readFileSync(last, "utf8")).toBe("mine\n");
  expect(await run(...write(out, workflow), "--force")).toMatchObject({ code: 0 });
  expect(readdirSync(out).sort()).toEqual(files.toSorted());
  expect(readFileSync(last, "utf8")).not.toBe("mine\n");
});

test.for(writers)(
  "[FILE2] %s writes anew what it wrote before, also where lines end as on Windows, and fills an empty file",
  async ([name, write, files]) => {
    const out = join(folder, `own ${name}`);
    expect(await run(...write(out, workflow))).toMatchObject({ code: 0 });
    const first = files.map((file) => readFileSync(join(out, file), "utf8"));
    for (const [index, file] of files.entries()) writeFileSync(join(out, file), (first[index] ?? "").replaceAll("\n", "\r\n"));
    expect(await run(...write(out, other))).toMatchObject({ code: 0 });
    for (const file of files) writeFileSync(join(out, file), "\n");
    expect(await run(...write(out, workflow))).toMatchObject({ code: 0 });
    expect(files.map((file) => readFileSync(join(out, file), "utf8"))).toEqual(first);
  },
);

test.for(writers.slice(3))("[FILE3] what %s wrote and somebody changed since stays", async ([name, write, [file = ""]]) => {
  const out = join(folder, `changed ${name}`);
  expect(await run(...write(out, workflow))).toMatchObject({ code: 0 });
  const path = join(out, file);
  const changed = `${readFileSync(path, "utf8")}\n# and more\n`;
  writeFileSync(path, changed);
  expect(await run(...write(out, other))).toMatchObject({ code: 1, err: expect.stringContaining("or was changed since") });
  expect(readFileSync(path, "utf8")).toBe(changed);
});

test("[FILE3] a walk as JSON, which has no place for a mark, stays; the same once more is no change", async () => {
  const path = join(folder, "walk.json");
  const save = (from: string, ...more: string[]) => run("simulate", from, ...sampled, "--save", path, ...more);
  expect(await save(workflow)).toMatchObject({ code: 0 });
  expect(await save(workflow)).toMatchObject({ code: 0 });
  writeFileSync(path, "{}");
  expect(await save(workflow)).toMatchObject({ code: 1, err: expect.stringContaining("would_overwrite") });
  expect(await save(workflow, "--force")).toMatchObject({ code: 0 });
});

test("[FILE1] several files of others are named at once; a folder in a file's place is told", async () => {
  const paths = ["a.txt", "b.txt"].map((name) => join(folder, "several", name));
  mkdirSync(dirname(paths[0] ?? ""));
  for (const path of paths) writeFileSync(path, "mine");
  await expect(writeOwnFiles(paths.map((path) => ({ path, content: "ours" })))).rejects.toThrow(
    `${paths.join(", ")} are there, and were not`,
  );
  await expect(writeOwnFiles([{ path: folder, content: "ours" }])).rejects.toThrow(`${folder} cannot be written`);
});
