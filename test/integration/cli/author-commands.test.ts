/** The commands for authors as they are typed: what they print, and how they end. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { writePair } from "../../unit/explore/compile-text.ts";

const root = join(import.meta.dirname, "../../..");
const review = join(root, "workflows/code-review.yaml");
// Inside the package, so that what was emitted finds it by its name.
const folder = mkdtempSync(join(import.meta.dirname, ".emitted-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  let out = "";
  let err = "";
  const code = await runCli(args, { stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, env: {} });
  return { code, out, err };
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function runVitest(file: string): Promise<string> {
  write("vitest.config.mjs", "export default {};\n");
  const vitest = join(root, "node_modules/.bin/vitest");
  const { stdout } = await promisify(execFile)(vitest, ["run", "--root", folder, file], { cwd: folder });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of vitest's own output
  return stdout.replaceAll(/\u001b\[\d+m/g, "");
}

describe("prove", () => {
  test("[PROVE10] ends well on a sound workflow and says how far it looked", async () => {
    expect(await run("prove", review)).toMatchObject({ code: 0, out: expect.stringMatching(/proved .*explored \d+ states/) });
  });

  test("[PROVE10] ends by 1 on an error, told at its place and as a story; under --json as data", async () => {
    const file = write("nobody.yaml", writePair("eligibility: { agents: [other-1], not: [other] }"));
    const told = await run("prove", file);
    expect(told).toMatchObject({ code: 1, out: expect.stringMatching(/nobody\.yaml:\d+:3/) });
    expect(told.out).toContain("1. an event arrives");
    const { diagnostics } = JSON.parse((await run("prove", file, "--json")).out) as { diagnostics: object[] };
    expect(diagnostics).toContainEqual(expect.objectContaining({ code: "NRV3103", column: 3, node: "worker", story: expect.any(Array) }));
  });

  test("[PROVE8] says when it was bounded", async () => {
    expect((await run("prove", review, "--states", "40")).out).toMatch(/^not finished: .*explored 40 states/);
  });

  test.each([[["prove"]], [["prove", "nowhere.yaml"]], [["prove", review, "--states", "many"]]])(
    "[PROVE10] %j is a usage error",
    async (args) => {
      expect((await run(...args)).code).toBe(2);
    },
  );
});

describe("test", () => {
  test("[PATH5] runs every path in workerd, evicted between events, and tells what it covered", async () => {
    const { code, out } = await run("test", review, "--json");
    expect(code).toBe(0);
    const { runtime, machines } = JSON.parse(out) as {
      runtime: string;
      machines: { failures: object[]; states: object; uncovered: { why: string }[] }[];
    };
    expect(runtime).toBe("workerd");
    expect(machines).toMatchObject([
      { machine: "recruitment", failures: [] },
      { machine: "task", failures: [], states: { covered: 19, total: 19 } },
    ]);
    for (const { why } of machines.flatMap(({ uncovered }) => uncovered)) expect(why).toMatch(/^unreachable: /);
  }, 120_000);

  test("[PATH5] --node runs the same, with progress on the way", async () => {
    const { code, out, err } = await run("test", write("pair.yaml", writePair()), "--node");
    expect(code).toBe(0);
    expect(out).toMatch(/task +passed +\d+ paths, \d+ events; states \d+\/\d+, transitions \d+\/\d+/);
    expect(err).toMatch(/10\/\d+ paths/);
  }, 60_000);

  test("[PATH6] --emit writes a test that an author can keep, and it passes", async () => {
    const workflow = write("kept.yaml", writePair());
    expect(await run("test", workflow, "--emit")).toMatchObject({ code: 0, out: expect.stringContaining("pair.paths.test.ts") });
    expect(readFileSync(join(folder, "pair.paths.test.ts"), "utf8")).toContain('new URL("./kept.yaml", import.meta.url)');
    expect(await runVitest("pair.paths.test.ts")).toMatch(/Tests +\d+ passed/);
  }, 120_000);

  test("[PATH6] --script passes a walk that was saved, and fails it once the workflow goes another way", async () => {
    const script = join(folder, "walk.yaml");
    expect(await run("simulate", review, "--sample", "--save", script)).toMatchObject({ code: 0 });
    expect(await run("test", review, "--script", script)).toMatchObject({ code: 0, out: expect.stringContaining("passed") });
    writeFileSync(script, readFileSync(script, "utf8").replace("status: completed", "status: cancelled"));
    const failed = await run("test", review, "--script", script);
    expect(failed).toMatchObject({ code: 1, out: expect.stringContaining('status is "completed", not "cancelled"') });
  });

  test.each([[["test"]], [["test", review, "--emit", "x", "--script", "y"]], [["test", review, "--script", "nowhere.yaml"]]])(
    "[PATH7] %j is a usage error",
    async (args) => {
      expect((await run(...args)).code).toBe(2);
    },
  );
});

describe("simulate", () => {
  test("[PLAY8] --script makes the moves and shows decisions with their reasons", async () => {
    const script = write("moves.yaml", "- { $status: changes_requested, changes: [x] }\n- { $status: withdrawn, reason: no }\n");
    const { code, out } = await run("simulate", review, "--event", '{"repo":"r","pr":1}', "--script", script);
    expect(code).toBe(0);
    expect(out).toContain("Review r#1.");
    expect(out).toContain('decided author "withdrawn" → $END');
    expect(out).toContain("because the status is withdrawn");
    expect(out).toContain("the thread is completed");
  });

  test("[PLAY8] --script --json is a line per step; a step that is refused fails", async () => {
    const { code, out } = await run("simulate", review, "--json", "--script", write("bad.yaml", "- { $status: approved }\n"));
    expect(code).toBe(1);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { step: 0, turn: { role: "reviewer" } },
      { step: 1, refused: expect.stringContaining("schema"), differences: [expect.any(String)] },
    ]);
  });

  test("[PLAY9] --sample is the same for the same seed", async () => {
    const first = await run("simulate", review, "--sample", "--seed", "5");
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining("the thread is") });
    expect((await run("simulate", review, "--sample", "--seed", "5")).out).toBe(first.out);
  });

  test("[PLAY9] --save writes a walk for vitest, which passes", async () => {
    const workflow = write("walked.yaml", writePair());
    expect(await run("simulate", workflow, "--sample", "--save", join(folder, "walked.test.ts"))).toMatchObject({ code: 0 });
    expect(await runVitest("walked.test.ts")).toMatch(/Tests +1 passed/);
  }, 60_000);

  test("[PLAY10] an event that does not fit `input` is said to", async () => {
    const { err } = await run("simulate", review, "--event", '{"repo":1}', "--sample");
    expect(err).toContain("the event does not fit `input`");
  });

  test("[PLAY7] lines that are piped in are obeyed", async () => {
    const input = "help\n$status: changes_requested, changes: [a]\ntimeout\nback\nshow\n$status: withdrawn, reason: no\nquit\n";
    const child = promisify(execFile)(process.execPath, [join(root, "src/cli/main.ts"), "simulate", review]);
    child.child.stdin?.end(input);
    const { stdout } = await child;
    expect(stdout).toContain("the thread is suspended: turn_timeout");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("the thread is completed");
  });

  test.each([
    [["simulate"]],
    [["simulate", review, "--seed", "x"]],
    [["simulate", review, "--event", "{"]],
    [["simulate", review, "--sample", "--script", "x"]],
  ])("[PLAY10] %j is a usage error", async (args) => {
    expect((await run(...args)).code).toBe(2);
  });
});
