import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { identifyProcess, isAlive } from "../../src/local-server/process-identity.ts";
import { findFile } from "../../src/package-files.ts";
import { makeDataFolder, spawnTestServer, startTestServer } from "./server-process.ts";

async function fetchHealth(url: string): Promise<number> {
  return (await fetch(`${url}/healthz`)).status;
}

test("[SRV1] a server says where it answers, and keeps its admin token where only its owner reads it", async () => {
  const data = await makeDataFolder();
  const { facts } = await startTestServer(data);

  expect(facts.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await fetchHealth(facts.url)).toBe(200);
  expect(facts.adminToken).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(await readFile(join(data, "admin-token"), "utf8")).toBe(`${facts.adminToken}\n`);
  expect((await stat(join(data, "admin-token"))).mode & 0o777).toBe(0o600);
});

test("[SRV2] SIGTERM ends a server and its runtime within seconds, with sockets open", async () => {
  const data = await makeDataFolder();
  const { child, facts, ended } = await startTestServer(data);
  const socket = connect(Number(new URL(facts.url).port), "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  // A request that is never finished keeps the connection busy.
  socket.write("POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  const runtime = identifyProcess(facts.pids.workerd);
  expect(runtime).not.toBeNull();

  const asked = performance.now();
  child.kill("SIGTERM");

  expect(await ended).toMatchObject({ code: 0, signal: null });
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect(runtime && isAlive(runtime)).toBe(false);
  await expect(stat(join(data, "server.json"))).rejects.toThrow("ENOENT");
});

test("[SRV3] a second server on the same folder is refused, and told who has it", async () => {
  const data = await makeDataFolder();
  const first = await startTestServer(data);
  const second = spawnTestServer(data);

  expect(await second.ready).toBeNull();
  const { code, stderr } = await second.ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`process ${first.child.pid} at ${first.facts.url}`);
  expect(stderr).toContain("NERVEFLARE_DATA");
  expect(await fetchHealth(first.facts.url)).toBe(200);
});

test("[SRV4] of servers that start at once on one folder, exactly one serves", async () => {
  const data = await makeDataFolder();
  const servers = [spawnTestServer(data), spawnTestServer(data), spawnTestServer(data)];

  const ready = (await Promise.all(servers.map((server) => server.ready))).filter((facts) => facts !== null);
  expect(ready).toHaveLength(1);
  for (const facts of ready) expect(await fetchHealth(facts.url)).toBe(200);
  for (const server of servers.filter(({ child }) => child.pid !== ready[0]?.pids.server)) {
    expect(await server.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(data) });
  }
});

test("[SRV5] the runtime ends with its parent, however that ends, and the folder is served again", async () => {
  const data = await makeDataFolder();
  const killed = await startTestServer(data);
  const runtime = identifyProcess(killed.facts.pids.workerd);
  if (!runtime) throw new Error("there is no runtime, so this test shows nothing");
  killed.child.kill("SIGKILL");
  await killed.ended;

  await vi.waitFor(() => expect(isAlive(runtime)).toBe(false));
  await expect(fetchHealth(killed.facts.url)).rejects.toThrow();
  // As of one that was killed while it wrote: both have the admin token in them.
  for (const name of ["runtime.capnp", "runtime.0a1b.capnp.77"]) await writeFile(join(data, name), "");
  const next = await startTestServer(data);
  expect((await readdir(data)).filter((name) => name.startsWith("runtime."))).toEqual([
    expect.stringMatching(/^runtime\.[0-9a-f]{16}\.capnp$/),
  ]);
  expect(await fetchHealth(next.facts.url)).toBe(200);
  expect(next.facts.adminToken).toBe(killed.facts.adminToken);
});

test("[SRV6] a process that merely has the pid of an earlier runtime is left alone", async () => {
  const data = await makeDataFolder();
  const innocent = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void innocent.kill("SIGKILL"));
  await once(innocent, "spawn");
  const earlier = { pid: innocent.pid, started: "another boot:1" };
  await writeFile(join(data, "server.json"), JSON.stringify({ server: earlier, workerd: earlier, url: null }));

  const { facts } = await startTestServer(data);

  expect(await fetchHealth(facts.url)).toBe(200);
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
});

test("[SRV7] a runtime that crashes is started again, on the same port, and is on record", async () => {
  const data = await makeDataFolder();
  const { facts } = await startTestServer(data);
  process.kill(facts.pids.workerd, "SIGKILL");

  await vi.waitFor(async () => expect(await fetchHealth(facts.url)).toBe(200));
  const record = JSON.parse(await readFile(join(data, "server.json"), "utf8"));
  expect(record.workerd.pid).not.toBe(facts.pids.workerd);
  expect(isAlive(record.workerd)).toBe(true);
});

test("[SRV39] a server whose log cannot be written, for the disk is full, serves on and ends in order", async (context) => {
  if (!existsSync("/dev/full")) {
    console.warn("skipped: this system has no /dev/full");
    return context.skip();
  }
  const data = await makeDataFolder();
  const full = openSync("/dev/full", "w");
  const args = [findFile("bin/nerveflare.js"), "start", "--data", data, "--port", "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", full] });
  onTestFinished(() => void child.kill("SIGKILL"));
  closeSync(full);
  const [line] = (await once((child.stdout as Readable).setEncoding("utf8"), "data")) as [string];
  const url = /ready at (\S+)/.exec(line)?.[1] ?? "";
  const findRuntime = async (): Promise<number> => JSON.parse(await readFile(join(data, "server.json"), "utf8")).workerd.pid;
  // The second line of a log is the first that fails.
  for (let kills = 0; kills < 3; kills++) {
    const runtime = await findRuntime();
    process.kill(runtime, "SIGKILL");
    await vi.waitFor(async () => expect(await findRuntime()).not.toBe(runtime), { timeout: 20_000 });
    await vi.waitFor(async () => expect(await fetchHealth(url)).toBe(200), { timeout: 20_000 });
  }
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("[SRV8] a taken port is named, with what to do", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const port = Number(new URL(facts.url).port);
  const second = spawnTestServer(await makeDataFolder(), { port });

  expect(await second.ready).toBeNull();
  expect(await second.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`Port ${port} of 127.0.0.1 is taken`) });
});

test("[SEC6] what a start prints has the admin token only when it was made then", async () => {
  const data = await makeDataFolder();
  const start = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
    const child = spawn(process.execPath, [findFile("src/cli/main.ts"), "start", "--data", data, "--port", "0", ...args], {
      env: { ...process.env, NERVEFLARE_ADMIN_TOKEN: "", ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let out = "";
    child.stdout.on("data", (part: Buffer) => (out += part));
    await expect.poll(() => out, { timeout: 60_000 }).toContain("admin-token");
    child.kill("SIGTERM");
    await once(child, "close");
    return out;
  };
  const made = await start(["--json"]);
  const token = (await readFile(join(data, "admin-token"), "utf8")).trim();
  expect(JSON.parse(made)).toMatchObject({ adminToken: token, adminTokenFile: join(data, "admin-token") });
  const kept = await start([]);
  expect(kept).not.toContain(token);
  expect(kept).toContain(`kept in ${join(data, "admin-token")}`);
  const given = await start(["--json"], { NERVEFLARE_ADMIN_TOKEN: "given-by-the-operator" });
  expect(given).not.toContain("given-by-the-operator");
});

test("[SRV9] the admin token is the one given, else the one kept", async () => {
  const data = await makeDataFolder();
  const given = await startTestServer(data, { env: { NERVEFLARE_ADMIN_TOKEN: "given-by-the-operator" } });
  expect(given.facts.adminToken).toBe("given-by-the-operator");
  given.child.kill("SIGINT");
  expect((await given.ended).code).toBe(0);

  const next = await startTestServer(data);
  expect(next.facts.adminToken).toBe("given-by-the-operator");
});
