/** The parts by which a server is held still, copied and ended: on processes and files that stand for the real ones. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { copyState } from "../../../src/local-server/copy-state.ts";
import type { DataFolder } from "../../../src/local-server/data-folder.ts";
import { whileFrozen } from "../../../src/local-server/freeze-process.ts";
import { startHost } from "../../../src/local-server/host-server.ts";
import { describeClock, noteFolder } from "../../../src/local-server/inspect-folder.ts";
import { identifyProcess, isAlive } from "../../../src/local-server/process-identity.ts";
import { startStandby } from "../../../src/local-server/standby.ts";

const within = { timeout: 20_000, interval: 20 };

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process that counts into a file, as fast as it can. */
async function startCounter(): Promise<{ child: ChildProcess; pid: number; read: () => string }> {
  const file = join(makeFolder(), "count");
  const program = `let n = 0; setInterval(() => require("fs").writeFileSync(${JSON.stringify(file)}, String(n++)), 1)`;
  const child = spawn(process.execPath, ["-e", program], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await vi.waitFor(() => expect(existsSync(file)).toBe(true), within);
  return { child, pid: child.pid as number, read: () => readFileSync(file, "utf8") };
}

test("[FREEZE1] a process that is held still writes nothing, and goes on afterwards, whatever became of the work", async () => {
  const { pid, read } = await startCounter();
  const { value, milliseconds } = await whileFrozen(pid, async () => {
    const before = read();
    await new Promise((resolve) => setTimeout(resolve, 60));
    return [before, read()];
  });
  expect(value[0]).toBe(value[1]);
  expect(milliseconds).toBeGreaterThanOrEqual(50);
  await vi.waitFor(() => expect(read()).not.toBe(value[1]), within);

  await expect(whileFrozen(pid, () => Promise.reject(new Error("no room")))).rejects.toThrow("no room");
  const after = read();
  await vi.waitFor(() => expect(read()).not.toBe(after), within);
});

test("[FREEZE2] a process that ended or was woken while it was to stand still is an error, for what was read belongs to no one instant", async () => {
  const { pid, child } = await startCounter();
  await expect(whileFrozen(pid, async () => void process.kill(pid, "SIGCONT"))).rejects.toThrow("did not stand still");
  const ended = once(child, "exit");
  await expect(
    whileFrozen(pid, async () => {
      process.kill(pid, "SIGKILL");
      await ended;
    }),
  ).rejects.toThrow("did not stand still");
  await expect(whileFrozen(pid, async () => {})).rejects.toThrow("ESRCH");
});

test("[COPY1] what changes, comes and goes while it is copied is in the copy as it is at the end", async () => {
  const [from, to] = [makeFolder(), join(makeFolder(), "to")];
  mkdirSync(join(from, "do"));
  const old = new Date(Date.now() - 60_000);
  function write(file: string, text: string, at = old): void {
    writeFileSync(join(from, file), text);
    utimesSync(join(from, file), at, at);
  }
  for (const file of ["still", "grows", "same-size", "same-time", "do/gone-wal", "replaced"]) write(file, "old");
  write("a.sqlite-shm", "index");
  write("in-use", "");
  const passes: number[] = [];
  const stoodStill = await copyState(
    from,
    to,
    async (work) => {
      write("grows", "grown by now");
      write("same-size", "new", new Date());
      write("new", "new");
      rmSync(join(from, "do/gone-wal"));
      write("other", "old");
      renameSync(join(from, "other"), join(from, "replaced"));
      await work();
      return { milliseconds: 7 };
    },
    ({ files }) => passes.push(files),
  );
  const read = (file: string) => (existsSync(join(to, file)) ? readFileSync(join(to, file), "utf8") : null);
  expect(
    Object.fromEntries(["still", "grows", "same-size", "new", "do/gone-wal", "a.sqlite-shm", "in-use"].map((file) => [file, read(file)])),
  ).toEqual({
    still: "old",
    grows: "grown by now",
    "same-size": "new",
    new: "new",
    "do/gone-wal": null,
    "a.sqlite-shm": null,
    "in-use": null,
  });
  expect(stoodStill).toBe(7);
  // At the instant only what changed is copied: that is how long everybody waits.
  expect(passes).toEqual([6, 0, 4]);
});

test("[COPY2] a file that was changed just before it was copied is copied again: its time may not tell a later change", async () => {
  const [from, to] = [makeFolder(), join(makeFolder(), "to")];
  const now = new Date(Date.now() + 500);
  writeFileSync(join(from, "busy"), "one");
  utimesSync(join(from, "busy"), now, now);
  const freeze = async (work: () => Promise<void>) => {
    writeFileSync(join(from, "busy"), "two");
    utimesSync(join(from, "busy"), now, now);
    await work();
    return { milliseconds: 1 };
  };
  await copyState(from, to, freeze, () => {});
  expect(readFileSync(join(to, "busy"), "utf8")).toBe("two");
});

/** The watchdogs of a process. */
function listShells(parent: number): string[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "ppid=,pid=,stat=,comm="], { encoding: "utf8" });
  const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([ppid, , stat, name]) => ppid === String(parent) && !stat?.startsWith("Z") && /(^|\/)(da)?sh$/.test(name ?? ""))
    .map(([, pid = ""]) => pid);
}

test.each([
  ["is running", () => {}],
  ["is held still", (_, runtime) => void process.kill(runtime, "SIGSTOP")],
  [
    "has lost its watchdog",
    async (parent) => {
      const [shell] = listShells(parent);
      process.kill(Number(shell), "SIGKILL");
      await vi.waitFor(() => expect(listShells(parent).filter((pid) => pid !== shell)).toHaveLength(1), within);
    },
  ],
] satisfies [string, (parent: number, runtime: number) => unknown][])(
  "[WATCH1] a runtime that %s ends when its parent is killed",
  async (_, trouble) => {
    const program = join(makeFolder(), "workerd");
    copyFileSync("/bin/sleep", program);
    const { spawn: start } = await import("node:child_process");
    const parent = start(
      process.execPath,
      [
        "--input-type=module-typescript",
        "-e",
        `import { spawn } from "node:child_process";
       import { startWatchdog } from ${JSON.stringify(join(process.cwd(), "src/local-server/runtime-watchdog.ts"))};
       const watchdog = startWatchdog();
       const runtime = spawn(${JSON.stringify(program)}, ["60"], { stdio: "ignore" });
       watchdog.guard(runtime.pid);
       console.log(runtime.pid);
       setInterval(() => {}, 1000);`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    onTestFinished(() => void parent.kill("SIGKILL"));
    const [line] = await once(parent.stdout.setEncoding("utf8"), "data");
    const runtime = identifyProcess(Number(line));
    if (!runtime) throw new Error("the stand-in for the runtime ended at once");
    onTestFinished(() => void (isAlive(runtime) && process.kill(runtime.pid, "SIGKILL")));
    await trouble(parent.pid ?? 0, runtime.pid);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(runtime)).toBe(false), within);
  },
);

test("[CLOCK1] a clock that is behind the last use of a folder is reported, with both times; any other is not", () => {
  const data = makeFolder();
  const used = Date.parse("2026-11-20T12:00:00Z");
  expect(describeClock(data, used)).toBeNull();
  noteFolder(data, [], used);
  expect(describeClock(data, used + 1)).toBeNull();
  expect(describeClock(data, used - 1_000)).toBeNull();
  expect(describeClock(data, used - 86_400_000)).toMatch(/2026-11-19T12:00:00.000Z.*2026-11-20T12:00:00.000Z/s);
});

test("[CORS5] a listed page may read that nothing is served while the data folder is gone", async () => {
  const listed = "https://app.example.com";
  const server = await startStandby({ port: 0, reason: "The folder is gone.", origins: listed });
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const ask = (origin: string, method = "GET", headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}/v1/me`, { method, headers: { origin, ...headers } });
  const asked = await ask(listed, "OPTIONS", { "access-control-request-method": "GET", "access-control-request-headers": "authorization" });
  expect([asked.status, asked.headers.get("access-control-allow-headers")]).toEqual([204, "authorization"]);
  const answer = await ask(listed);
  expect([answer.status, answer.headers.get("access-control-allow-origin"), answer.headers.get("vary")]).toEqual([503, listed, "Origin"]);
  expect((await fetch(`http://127.0.0.1:${port}//`)).status).toBe(503);
  for (const method of ["GET", "OPTIONS"]) {
    const { status, headers } = await ask("https://evil.example", method);
    expect([status, headers.get("access-control-allow-origin")]).toEqual([503, null]);
  }
});

test("[SRV32] a collector of traces that answers without end is left, and the server goes on", async () => {
  const collector = createServer((_, response) => {
    const write = (): void => void (response.destroyed || response.write(Buffer.alloc(1024 * 1024), write));
    write();
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  vi.stubEnv("NERVEFLARE_OTLP_URL", url);
  const host = await startHost({ path: "", findFault: () => "It is gone." } as Partial<DataFolder> as DataFolder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    host.close();
    collector.closeAllConnections();
    collector.close();
  });
  const ask = async (service: "folder" | "outside", path: string) => {
    const [header] = host.services[service].external.http.injectRequestHeaders;
    const asked = request(`http://${host.address}`, { method: "POST", path, headers: { [header?.name ?? ""]: header?.value } });
    const [answer] = await once(asked.end("{}"), "response");
    return [answer.statusCode, String(await answer.toArray())];
  };
  expect(await ask("outside", `${url}/v1/traces`)).toEqual([503, expect.stringContaining("longer than 16777216 bytes")]);
  expect(await ask("outside", "https://elsewhere.example/v1/traces")).toEqual([502, "the local server has no network"]);
  expect(await ask("folder", "/")).toEqual([200, '{"fault":"It is gone."}']);
});
