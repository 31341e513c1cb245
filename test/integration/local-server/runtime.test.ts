/** The runtime as Miniflare configures it, in a process that has ended: cron triggers, and what the Worker asks this process for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createConfigurator } from "../../../src/local-server/create-configurator.ts";
import { claimDataFolder } from "../../../src/local-server/data-folder.ts";
import { createEntrySocket } from "../../../src/local-server/entry-socket.ts";
import { startHost } from "../../../src/local-server/host-server.ts";
import { migrateD1 } from "../../../src/local-server/migrate-d1.ts";
import { runRuntime } from "../../../src/local-server/run-runtime.ts";
import { findProgram } from "../../../src/package-files.ts";

test("[SRV30] the hourly cron triggers run in the Worker, and what fails there is told", { timeout: 60_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-runtime-"));
  const folder = await claimDataFolder(data);
  folder.begin();
  const host = await startHost(folder);
  const state = join(data, "state");
  mkdirSync(join(state, "email"), { recursive: true });
  const settings = {
    configuration: join(data, "runtime.capnp"),
    scratch: data,
    state,
    services: host.services,
    port: 0,
    adminToken: "x".repeat(40),
    paused: false,
  };
  const launch = await createConfigurator().configure(settings);
  const lines: string[] = [];
  const entry = createEntrySocket(data);
  const hooks = {
    loopback: host.address,
    entry: entry.path,
    folders: { "email:store-disk": join(state, "email") },
    log: (line: string) => void lines.push(line),
    onSpawn: () => {},
  };
  const empty = await runRuntime(launch, hooks);
  onTestFinished(async () => {
    await empty.stop();
    entry.remove();
    host.close();
    folder.release();
    rmSync(data, { recursive: true, force: true });
  });
  const [cron = ""] = launch.crons;
  expect(cron).toMatch(/^\S+ \S+ \S+ \S+ \S+$/);
  // Its tables are not there.
  await expect(empty.runCron(cron)).rejects.toThrow();
  await empty.stop();

  migrateD1(state, launch.migrations);
  const runtime = await runRuntime(launch, hooks);
  onTestFinished(() => runtime.stop());
  await runtime.runCron(cron);
  const ready = (await (await fetch(`${runtime.url}/readyz`)).json()) as { status: string; checks: { part: string; ok: boolean }[] };
  expect(ready.status).toBe("ready");
  expect(ready.checks).toContainEqual(expect.objectContaining({ part: "folder", ok: true }));
  // Others on this machine are told nothing.
  expect((await fetch(`http://${host.address}/folder`)).status).toBe(404);
});

/** What the program says when its settings came, and perhaps their end. */
async function configure({ ends }: { ends: boolean }) {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-configure-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const services = { folder: noService, outside: noService };
  const settings = { configuration: join(data, "runtime.capnp"), scratch: data, state: join(data, "state"), services, port: 0 };
  const child = spawn(process.execPath, [findProgram("src/local-server/configure-runtime.ts")], {
    stdio: ["pipe", "pipe", "inherit", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "--import=data:text/javascript,console.log(%22tool%22)" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "exit");
  const [stdin, stdout, answer] = [child.stdin as Writable, child.stdout as Readable, child.stdio[3] as Readable];
  const line = `${JSON.stringify({ ...settings, adminToken: "x".repeat(40), paused: false })}\n`;
  if (ends) stdin.end(line);
  else stdin.write(line);
  const [printed, said, [code]] = await Promise.all([text(stdout), text(answer), exit]);
  return { printed, said, code, files: readdirSync(data).filter((name) => name !== "state") };
}

const noService = { external: { address: "127.0.0.1:9", http: { style: 1 as const, injectRequestHeaders: [] } } };

test("[SRV36] what makes a configuration ends with who asked for it, keeps its answer apart, and is named where it is killed", {
  timeout: 60_000,
}, async () => {
  const made = await configure({ ends: false });
  expect(made).toMatchObject({ printed: "tool\n", code: 0, files: ["runtime.capnp"] });
  expect(JSON.parse(made.said)).toHaveProperty("launch.sockets");
  expect(await configure({ ends: true })).toMatchObject({ said: "", code: 1, files: [] });

  const configurator = createConfigurator();
  configurator.dismiss();
  const services = { folder: noService, outside: noService };
  const settings = { configuration: "", scratch: "", state: "", services, port: 0, adminToken: "", paused: false };
  await expect(configurator.configure(settings)).rejects.toThrow("the process that makes the runtime's configuration ended (SIGKILL)");
});

test("[SRV37] Miniflare's entry is a socket in a folder of the user's own, or else in the data folder, where its path is not too long", () => {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-entry-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const usual = createEntrySocket(data);
  const folder = dirname(usual.path ?? "");
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  // As of one that was killed.
  expect(createEntrySocket(data).path).toBe(usual.path);
  usual.remove();
  expect(existsSync(folder)).toBe(false);
  // Somebody made it for us.
  mkdirSync(folder, { mode: 0o777 });
  chmodSync(folder, 0o777);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  expect(createEntrySocket(data).path).toBe(join(data, "entry.sock"));

  const long = join(data, "x".repeat(100));
  mkdirSync(long);
  expect(createEntrySocket(data, join(data, "absent")).path).toBe(join(data, "entry.sock"));
  expect(createEntrySocket(data, long).path).toBe(join(data, "entry.sock"));
  expect(readdirSync(long)).toEqual([]);
  expect(createEntrySocket(long, long).path).toBeUndefined();
});
