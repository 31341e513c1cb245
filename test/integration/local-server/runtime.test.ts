/** The runtime as Miniflare configures it, in a process that has ended: cron triggers, and what the Worker asks this process for. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createConfigurator } from "../../../src/local-server/create-configurator.ts";
import { claimDataFolder } from "../../../src/local-server/data-folder.ts";
import { startHost } from "../../../src/local-server/host-server.ts";
import { migrateD1 } from "../../../src/local-server/migrate-d1.ts";
import { runRuntime } from "../../../src/local-server/run-runtime.ts";

test("[SRV30] the hourly cron triggers run in the Worker, and what fails there is told", { timeout: 60_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-runtime-"));
  const folder = await claimDataFolder(data);
  folder.begin();
  const host = await startHost(folder);
  const state = join(data, "state");
  mkdirSync(join(state, "email"), { recursive: true });
  const settings = { scratch: data, state, services: host.services, port: 0, adminToken: "x".repeat(40), paused: false };
  const launch = await createConfigurator().configure(settings);
  const lines: string[] = [];
  const hooks = {
    loopback: host.address,
    folders: { "email:store-disk": join(state, "email") },
    log: (line: string) => void lines.push(line),
    onSpawn: () => {},
  };
  const empty = await runRuntime(launch, hooks);
  onTestFinished(async () => {
    await empty.stop();
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
