/** A server that is killed under an open page, and a computer whose clock is an hour off. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRecord } from "../../src/local-server/data-folder.ts";
import { endProcess } from "../../src/local-server/process-identity.ts";
import { type Ready, type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { findFreePort } from "../e2e/find-free-port.ts";
import { createOperator } from "../e2e/operator.ts";
import { openPage, stage } from "./stage.ts";

async function kill(server: ServerProcess, data: string): Promise<void> {
  server.child.kill("SIGKILL");
  await server.ended;
  const runtime = readRecord(join(data, "server.json"))?.workerd;
  if (runtime) await endProcess(runtime);
}

describe.skipIf(!stage)("an open page", () => {
  test("[INSP11] says that its server is gone, comes back with it, and shows what happened meanwhile", async ({ onTestFinished }) => {
    const data = await mkdtemp(join(tmpdir(), "nerveflare-inspector-"));
    const port = await findFreePort();
    let server = spawnServer(data, { port });
    onTestFinished(async () => {
      await kill(server, data);
      await rm(data, { recursive: true, force: true, maxRetries: 5 });
    });
    const { url, adminToken } = (await server.ready) as Ready;
    const operator = createOperator({ url, adminToken });
    await operator.publish("code-review");
    const author = createOperator({ url, adminToken: await operator.add("author", ["coding"]) });
    const post = (id: string) =>
      author.call("POST", "v1/events", { body: JSON.stringify({ id, type: "pr.ready_for_review", data: { repo: "r", pr: 1 } }) });
    const page = await openPage("/ui/threads", { url, token: adminToken });
    await page.getByText("live", { exact: true }).waitFor();
    await post("before");
    await page.getByRole("row").nth(1).waitFor();

    await kill(server, data);
    await page.getByText("reconnecting", { exact: true }).waitFor();
    await page.getByText("What you see may be old").waitFor();
    // What was shown is shown.
    expect(await page.getByRole("row").count()).toBe(2);
    await page.getByRole("link", { name: "Board" }).click();
    await page.getByText("This page could not be loaded").waitFor();
    server = spawnServer(data, { port });
    await server.ready;
    await post("after");
    await page.getByRole("button", { name: "Load it again" }).click();
    await page.getByRole("heading", { name: "Board" }).waitFor();
    await page.goBack();
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByRole("row").nth(2).waitFor();
    expect(await page.getByText("What you see may be old").count()).toBe(0);
  });

  test.each([
    ["behind", 3_600_000, "1 hour behind"],
    ["ahead of", -3_600_000, "1 hour ahead of"],
  ])("[INSP13] of a computer that the server's clock is %s by an hour says so, and shows the server's times", async (_, off, says) => {
    const page = await openPage("/ui/threads", { first: `{ const now = Date.now; Date.now = () => now() + ${off}; }` });
    await page.getByText(`The server's clock is ${says} this computer's.`).waitFor();
  });
});
