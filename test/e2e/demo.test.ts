import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { identifyProcess, isAlive } from "../../src/local-server/process-identity.ts";

interface Line {
  who: string;
  what: string;
  text: string;
}

function spawnDemo(...options: string[]) {
  const child = spawn(process.execPath, ["src/cli/main.ts", "demo", "--json", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGTERM"));
  return { child, ended: once(child, "close") as Promise<[number | null]> };
}

test("[DEMO1] the demo plays a review, a debate and, if all is asked for, each further kind of role, and leaves no process behind", async () => {
  const { child, ended } = spawnDemo("--all");
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });

  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const texts = (what: string) => lines.filter((line) => line.what === what).map((line) => line.text);
  // One reviewer of two, and one of two who wanted to speak first.
  expect(texts("refused").length).toBeGreaterThanOrEqual(2);
  expect(texts("awarded").slice(0, 3)).toEqual(["reviewer", "against", "for"]);
  expect(texts("answers").filter((said) => /^(changes requested|updated|approved):/.test(said))).toHaveLength(3);
  expect(texts("completed")).toEqual(
    expect.arrayContaining([
      "Approved: Tests pass, the name says what it does.",
      "Closed.",
      "Done by all 3: north, south, west.",
      "nerve 2.1.0 is approved.",
    ]),
  );
  const threads = texts("thread").map((said) => said.split(":")[0]);
  expect(threads.length).toBeGreaterThanOrEqual(3);
  expect(new Set(threads)).toEqual(new Set(["completed"]));
  // The one that came late was given the turn that had waited for it.
  const west = lines.filter(({ who }) => who === "west").map(({ what }) => what);
  expect(west).toEqual(["connected", "turn", "answers"]);

  const [, server, runtime] = /process (\d+), runtime (\d+)/.exec(texts("ready")[0] ?? "") ?? [];
  for (const pid of [server, runtime]) expect(identifyProcess(Number(pid))).toBeNull();
});

test("[DEMO2] a demo that is stopped ends its processes and says that it did not end well", async () => {
  const { child, ended } = spawnDemo();
  child.stdout.setEncoding("utf8");
  const [ready] = (await once(child.stdout, "data")) as [string];
  const pids = [...(/process (\d+), runtime (\d+)/.exec(ready)?.slice(1) ?? [])].map(Number);
  const processes = pids.map((pid) => identifyProcess(pid));
  expect(processes).toEqual([expect.anything(), expect.anything()]);

  child.kill("SIGINT");

  const [stderr, [code]] = await Promise.all([text(child.stderr), ended]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("stopped by SIGINT") });
  expect(processes.map((found) => found && isAlive(found))).toEqual([false, false]);
});
