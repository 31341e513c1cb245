/** What commands print of a server of an earlier version: its words are understood, and nothing is `undefined`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { describeWait, oldWaitWords, type WaitFor } from "../../../src/contract/waits.ts";

/** A server that gives the same answer to everything. Returns its address. */
async function serveJson(answer: object): Promise<string> {
  const server = createServer((_, response) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs a command against a server that gives this answer to everything. */
async function print(answer: object, ...args: string[]): Promise<string> {
  let out = "";
  const env = { NERVEFLARE_URL: await serveJson(answer), NERVEFLARE_ADMIN_TOKEN: "secret" };
  expect(await runCli(args, { stdout: { write: (text) => (out += text) }, stderr: { write: () => {} }, env })).toBe(0);
  return out;
}

test("[WAIT1] what an earlier server calls a wait is told in the words of now", async () => {
  for (const [old, word] of Object.entries(oldWaitWords))
    expect(describeWait({ for: old as WaitFor, role: "fleet" })).toBe(describeWait({ for: word, role: "fleet" }));
  const at = "2026-01-01T00:00:00.000Z";
  const thread = {
    id: "t1",
    workflow: "w",
    status: "running",
    updatedAt: at,
    agents: [],
    waiting: { for: "acks", role: "fleet", since: at },
  };
  expect(await print({ threads: [thread], next: null }, "threads")).toContain("fleet to be answered");
});

test("[PARK12] the status of an earlier server tells how many dead letters there are", async () => {
  const status = {
    ...{ now: "2026-01-01T00:00:00.000Z", threads: {}, waiting: { oldest: null, on: [] }, parked: 2 },
    ...{ agents: { registered: 0, online: 0, away: 0, lost: 0 }, workflows: { published: 0 } },
    log: { lagMs: 1, maxMs: 1, meanMs: 1, rows: 1 },
  };
  expect(await print(status, "status")).toContain("2 events that could not be run");
  expect(await print({ ...status, parked: 0 }, "status")).toMatch(/dead letters +none/);
});
