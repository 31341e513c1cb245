/** Of a runtime that does not start, or ends again and again, by a program in its place. */
import { expect, onTestFinished, test, vi } from "vitest";
import type { Launch } from "../../../src/local-server/configure-runtime.ts";
import { type RuntimeHooks, runRuntime } from "../../../src/local-server/run-runtime.ts";

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
  const hooks = { loopback: "127.0.0.1:9", folders: { mails: "/somewhere" }, log: (line: string) => void lines.push(line) };
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
  expect(first).toBe("info: --socket-addr=entry=127.0.0.1:0 --external-addr=loopback=127.0.0.1:9 --directory-path=mails=/somewhere");
  expect(second).toBe(
    "info: --external-addr=loopback=127.0.0.1:9 --socket-addr=entry=127.0.0.1:11 --socket-addr=direct=127.0.0.1:13 --directory-path=mails=/somewhere",
  );
  await runtime.stop();
  expect(hooks.pids).toHaveLength(spawned);
});
