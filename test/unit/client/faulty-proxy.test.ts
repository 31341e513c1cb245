/** The proxy of the tests' own: each fault does what it says, so that what passes behind it has met it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { FaultPlan } from "../../../src/chaos/fault-plans.ts";
import { startFaultyProxy } from "../../../src/chaos/faulty-proxy.ts";
import { subprotocol } from "../../../src/contract/channels.ts";
import { startFakeServer, token } from "./fake-server.ts";

async function start(plan: FaultPlan) {
  const server = await startFakeServer();
  const proxy = await startFaultyProxy({ target: server.url, plan });
  onTestFinished(async () => {
    await proxy.close();
    await server.stop();
  });
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${proxy.url}/${path}`, { headers: { authorization: `Bearer ${token}` }, ...init });
  const open = () => {
    const socket = new WebSocket(`${proxy.url.replace("http", "ws")}/v1/connect`, [subprotocol, token]);
    socket.on("error", () => {});
    onTestFinished(() => socket.terminate());
    return socket;
  };
  return { server, proxy, get, open };
}

test("[NET1] without a fault, calls, streams and sockets pass in both directions", async () => {
  const { server, get, open } = await start({});
  expect(await (await get("v1/me")).json()).toMatchObject({ id: "alice" });
  const socket = open();
  await once(socket, "open");
  socket.send("ping");
  expect(String((await once(socket, "message"))[0])).toBe("pong");
  expect(server.pings).toBe(1);
});

test("[NET1] a path passes as it came, whatever it could be taken for", async () => {
  const target = createServer(({ url }, response) => response.end(url)).listen(0, "127.0.0.1");
  await once(target, "listening");
  const proxy = await startFaultyProxy({ target: `http://127.0.0.1:${(target.address() as AddressInfo).port}` });
  onTestFinished(async () => {
    await proxy.close();
    target.close();
  });
  for (const path of ["//", "//elsewhere.example/v1/me", "/v1/me?a=%2F"])
    expect(await (await fetch(`${proxy.url}${path}`)).text()).toBe(path);
});

test("[NET2] what is cut ends at both ends", async () => {
  const { server, proxy, open } = await start({});
  const socket = open();
  await once(socket, "open");
  expect(proxy.cut(["socket"])).toBe(1);
  await once(socket, "close");
  await server.until(() => server.sockets() === 0);
});

test("[NET3] over a half-open socket nothing passes, and the server is not told that its client went", async () => {
  const { server, proxy, open } = await start({});
  const socket = open();
  await once(socket, "open");
  expect(proxy.freeze("both", ["socket"])).toBe(1);
  socket.send("ping");
  socket.terminate();
  const next = open();
  await once(next, "open");
  next.send("ping");
  await once(next, "message");
  expect(server.pings).toBe(1);
  expect(server.sockets()).toBe(2);
});

test("[NET4] a swallowed poll was answered by the server and stays open", async () => {
  const { server, proxy, get } = await start({});
  server.give("nerve.thread.started", { thread: "t1" });
  proxy.swallowNext("poll");
  const controller = new AbortController();
  const lost = get("v1/inbox?wait=0", { signal: controller.signal }).catch(() => "aborted");
  await server.until(() => server.polls === 1);
  expect(await (await get("v1/inbox?wait=0")).json()).toMatchObject({ next: 1 });
  controller.abort();
  expect(await lost).toBe("aborted");
  expect(proxy.struck.swallow).toBe(1);
});

test("[NET5] upgrades are refused with a page, and calls answered by one where it is told so", async () => {
  const { server, proxy, get, open } = await start({ upgrades: "refuse", page: { status: 403, share: 1 } });
  const refused = open();
  await new Promise((resolve) => refused.once("close", resolve));
  const page = await get("v1/me");
  expect([page.status, page.headers.get("content-type")]).toEqual([403, "text/html"]);
  expect(server.connects).toBe(0);
  expect(proxy.struck).toMatchObject({ upgrades: 1, page: 1 });
});
