/** One server and one Chromium for all tests of the inspector; each test has a browser context of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { readRecord } from "../../src/local-server/data-folder.ts";
import { endProcess } from "../../src/local-server/process-identity.ts";
import { spawnServer } from "../../src/local-server/spawn-server.ts";
import { findChromium } from "../find-chromium.ts";

/** What tests are given; null: there is no Chromium, which was said. */
export type Stage = { url: string; adminToken: string; browser: string } | null;

declare module "vitest" {
  interface ProvidedContext {
    stage: Stage;
  }
}

const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const executablePath = findChromium("the inspector");
  if (!executablePath) {
    project.provide("stage", null);
    return undefined;
  }
  const data = await mkdtemp(join(tmpdir(), "nerveflare-inspector-"));
  // Webhooks of tests go to servers of tests.
  const server = spawnServer(data, { env: { NERVEFLARE_PRIVATE_WEBHOOKS: "true" } });
  const [browser, facts] = await Promise.all([
    chromium.launchServer({ executablePath, timeout: 120_000, args: [...args, "--disable-component-update", "--disable-sync"] }),
    server.ready,
  ]);
  if (!facts) throw new Error(`the server did not start: ${(await server.ended).stderr}`);
  project.provide("stage", { url: facts.url, adminToken: facts.adminToken, browser: browser.wsEndpoint() });
  return async () => {
    await browser.close();
    server.child.kill("SIGKILL");
    await server.ended;
    const runtime = readRecord(join(data, "server.json"))?.workerd;
    if (runtime) await endProcess(runtime);
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  };
}
