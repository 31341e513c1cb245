/** Of a runtime that does not start, or ends again and again, by a program in its place. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Launch } from "../../../src/local-server/configure-runtime.ts";
import { identifyProcess } from "../../../src/local-server/process-identity.ts";
import { type RuntimeHooks, runRuntime } from "../../../src/local-server/run-runtime.ts";
import { readRuntimeLog } from "../../../src/local-server/runtime-log.ts";

function makeLaunch(program: string): Launch {
  return {
    command: process.execPath,
    args: ["-e", program, "--", "--socket-addr=entry=127.0.0.1:0", "--external-addr=loopback=127.0.0.1:1"],
    sockets: { entry: "entry", worker: "direct" },
    code: "",
    crons: [],
    migrations: [],
    remark: null,
  };
}

function makeHooks(): RuntimeHooks & { lines: string[]; pids: number[] } {
  const lines: string[] = [];
  const pids: number[] = [];
  const hooks = {
    loopback: "127.0.0.1:9",
    entry: "/nowhere/entry.sock",
    folders: { mails: "/somewhere" },
    log: (line: string) => void lines.push(line),
  };
  return { ...hooks, lines, pids, onSpawn: (pid) => void pids.push(pid) };
}

test.each([
  ["address_in_use", `{"level":"error","message":"Socket \\"direct\\": bind(): Address already in use (os error 98)"}`],
  ["address_denied", `{"level":"error","message":"bind(): Permission denied (os error 13)"}`],
  ["failed", "no such thing in the configuration"],
])("[SRV28] a runtime that does not start is told apart by what it says: %s", async (code, said) => {
  const starting = runRuntime(makeLaunch(`console.error(${JSON.stringify(said)}); process.exit(1)`), makeHooks());
  await expect(starting).rejects.toMatchObject({ name: "RuntimeError", code });
});

test("[SRV29] a runtime that ends is started again on its ports, with growing pauses, and not once it is stopped", async () => {
  // Listens, says with which arguments, and ends.
  const program = `
    const say = (socket, port) => require("node:fs").writeSync(3, JSON.stringify({ event: "listen", socket, port }) + "\\n");
    console.log(JSON.stringify({ level: "info", message: process.argv.slice(1).join(" ") }));
    say("entry", 11); say("other", 12); say("direct", 13);`;
  const hooks = makeHooks();
  const runtime = await runRuntime(makeLaunch(program), hooks);
  onTestFinished(() => runtime.stop());
  expect(runtime.url).toBe("http://127.0.0.1:13");
  await vi.waitFor(() => expect(hooks.lines.filter((line) => line.endsWith("was started again"))).toHaveLength(2), { timeout: 20_000 });
  await runtime.stop();
  const spawned = hooks.pids.length;
  const [first, second] = hooks.lines.filter((line) => line.startsWith("info: "));
  expect(first).toBe(
    "info: --external-addr=loopback=127.0.0.1:9 --socket-addr=entry=unix:/nowhere/entry.sock --directory-path=mails=/somewhere",
  );
  expect(second).toBe(
    "info: --external-addr=loopback=127.0.0.1:9 --socket-addr=entry=unix:/nowhere/entry.sock --socket-addr=direct=127.0.0.1:13 --directory-path=mails=/somewhere",
  );
  await runtime.stop();
  expect(hooks.pids).toHaveLength(spawned);
});

/** Whether a process is there that is no zombie. */
function lives(pid: number): boolean {
  return identifyProcess(pid) !== null;
}

test("[SRV33] a runtime that was spawned and never listens is ended by a stop, and one that cannot be put on record at once", async () => {
  const program = `
    const { existsSync, writeFileSync, writeSync } = require("node:fs");
    const say = (socket, port) => writeSync(3, JSON.stringify({ event: "listen", socket, port }) + "\\n");
    const mark = process.env.MARK;
    if (!existsSync(mark)) { writeFileSync(mark, ""); say("entry", 11); say("direct", 13); } else setInterval(() => {}, 1000);`;
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-hang-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  vi.stubEnv("MARK", join(folder, "first"));
  onTestFinished(() => void vi.unstubAllEnvs());
  const hooks = makeHooks();
  const runtime = await runRuntime(makeLaunch(program), hooks);
  await vi.waitFor(() => expect(hooks.pids).toHaveLength(2), { timeout: 20_000 });
  await runtime.stop();
  expect(hooks.pids.filter(lives)).toEqual([]);
  expect(hooks.lines).toEqual([]);

  const pids: number[] = [];
  const full = {
    ...makeHooks(),
    onSpawn(pid: number) {
      pids.push(pid);
      throw new Error("ENOSPC: no space left on device");
    },
  };
  await expect(runRuntime(makeLaunch(program), full)).rejects.toThrow("ENOSPC");
  expect(pids).toHaveLength(1);
  expect(pids.filter(lives)).toEqual([]);
});

test("[SRV34] a runtime that could not be exchanged is started all the same, and it is said how one ended", async () => {
  const listens = `
    const say = (socket, port) => require("node:fs").writeSync(3, JSON.stringify({ event: "listen", socket, port }) + "\\n");
    say("entry", 11); say("direct", 13);`;
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-exchange-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const mark = JSON.stringify(join(folder, "first"));
  const second = `
    const { existsSync, writeFileSync } = require("node:fs");
    if (!existsSync(${mark})) { writeFileSync(${mark}, ""); process.exit(3); }
    ${listens} setInterval(() => {}, 1000);`;
  const hooks = makeHooks();
  const runtime = await runRuntime(makeLaunch(`${listens} setInterval(() => {}, 1000);`), hooks);
  onTestFinished(() => runtime.stop());
  await expect(runtime.replace(makeLaunch(second))).rejects.toThrow("said nothing (exit code 3)");
  await vi.waitFor(() => expect(hooks.lines).toEqual(["the runtime was ended to go on otherwise and was started again"]), {
    timeout: 20_000,
  });
  const pid = hooks.pids.at(-1);
  // Never 0, which is all of our own group.
  if (!pid) throw new Error("no runtime was told of");
  process.kill(pid, "SIGKILL");
  await vi.waitFor(() => expect(hooks.lines[1]).toBe("the runtime ended unexpectedly (SIGKILL) and was started again"), {
    timeout: 20_000,
  });
});

test("[SRV35] a line of a runtime is told cut, however long it is, and whatever bytes it has", async () => {
  const lines: string[] = [];
  const stream = new PassThrough();
  readRuntimeLog(stream, (line) => void lines.push(line));
  stream.write(`${JSON.stringify({ level: "warn", message: "x".repeat(20_000) })}\n`);
  for (let part = 0; part < 64; part++) stream.write("y".repeat(65_536));
  stream.write("\nshort\n\n");
  stream.write(Buffer.from([0xc3, 0x28, 0xff, 0x0a]));
  stream.end("no end");
  await finished(stream);
  const [long, longest, ...others] = lines;
  expect(long).toBe(`warn: ${"x".repeat(16_384)} … (3616 characters more)`);
  expect(longest).toBe(`log: ${"y".repeat(16_384)} … (${64 * 65_536 - 16_384} characters more)`);
  expect(others).toEqual(["log: short", "log: \ufffd(\ufffd", "log: no end"]);
});
