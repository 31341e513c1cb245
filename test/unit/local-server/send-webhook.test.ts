/** How the process beside a local server's runtime posts webhooks: over real sockets. */
import dns from "node:dns";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { lookUpPublic, sendWebhook } from "../../../src/local-server/send-webhook.ts";

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

/** What a name is found to be, as the machine's own resolver would say it. */
function lookUp(hostname: string, all: boolean): Promise<unknown[]> {
  return new Promise((resolve) =>
    lookUpPublic(hostname, { all }, ((...given: unknown[]) => resolve(given)) as Parameters<LookupFunction>[2]),
  );
}

test("[HOOK17] headers and body arrive as they were signed, and the status comes back", async () => {
  const got: unknown[] = [];
  const url = await listen(async (request, response) => {
    got.push([request.method, request.url, request.headers["webhook-id"], String(await buffer(request))]);
    response.writeHead(429, { "retry-after": "7", "x-more": "no" }).end("busy");
  });
  const answer = await sendWebhook({ url, headers: { "webhook-id": "msg_1" }, body: "grüße" }, true);
  expect(answer).toEqual({ status: 429, headers: { "retry-after": "7" } });
  expect(got).toEqual([["POST", "/hook", "msg_1", "grüße"]]);
});

test("[HOOK17] a redirect is not followed", async () => {
  let asked = 0;
  const url = await listen((_, response) => {
    asked += 1;
    response.writeHead(307, { location: "/hook" }).end();
  });
  expect(await sendWebhook({ url, headers: {}, body: "" }, true)).toMatchObject({ status: 307 });
  expect(asked).toBe(1);
});

test("[HOOK17] one that answers without end is left after its status", async () => {
  const url = await listen((_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
    response.on("close", () => clearInterval(timer));
  });
  expect(await sendWebhook({ url, headers: {}, body: "" }, true)).toMatchObject({ status: 200 });
});

test("[HOOK1] a name is judged by the address that it has when it is connected to: of several, one in a private network is enough", async () => {
  const real = dns.lookup;
  onTestFinished(() => void Object.assign(dns, { lookup: real }));
  const [error] = await lookUp("localhost", false);
  expect(String(error)).toMatch(/localhost is (127\.0\.0\.1|::1), which is in a private network/);
  await expect(sendWebhook({ url: "https://127.0.0.1:9/", headers: {}, body: "" }, false)).rejects.toThrow(/private network/);
});
