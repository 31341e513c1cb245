/** A server as users run it, for a test: gone with its folder when the test is over, however the test went. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readRecord } from "../../src/local-server/data-folder.ts";
import { endProcess } from "../../src/local-server/process-identity.ts";
import { type Ready, type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { findFreePort } from "./find-free-port.ts";

/** What is called when a test is over. Tests that run concurrently give their own context's: the global one knows only whose turn it was last. */
export type Afterwards = (work: () => Promise<void>) => void;

/** A new folder that is gone after the test. */
export async function makeDataFolder(afterwards: Afterwards = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-e2e-"));
  afterwards(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Spawns a server; after the test it and its runtime are ended. */
export function spawnTestServer(
  data: string,
  options?: Parameters<typeof spawnServer>[1],
  afterwards: Afterwards = onTestFinished,
): ServerProcess {
  const server = spawnServer(data, options);
  afterwards(async () => {
    server.child.kill("SIGKILL");
    await server.ended;
    // The record, for the runtime that is there now may not be the one that was spawned first.
    const runtime = readRecord(join(data, "server.json"))?.workerd;
    if (runtime) await endProcess(runtime);
  });
  return server;
}

/** Spawns a server and waits until it answers, on a port that nobody takes while it is started again. @throws with what it wrote when it ends instead */
export async function startTestServer(
  data: string,
  options?: Parameters<typeof spawnServer>[1],
  afterwards: Afterwards = onTestFinished,
): Promise<ServerProcess & { facts: Ready }> {
  const server = spawnTestServer(data, { port: await findFreePort(), ...options }, afterwards);
  const facts = await server.ready;
  if (!facts) throw new Error(`the server ended before it was ready: ${(await server.ended).stderr}`);
  return { ...server, facts };
}
