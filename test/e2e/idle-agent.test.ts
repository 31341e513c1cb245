/** That the object of an idle agent really leaves memory, on a server as users run it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { call } from "../../src/probe/probe-wire.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

test("[EDGE2] the object of an idle connected agent leaves memory, pings are answered without it, and what comes wakes it", async () => {
  const data = await makeDataFolder();
  const { facts } = await startTestServer(data);
  const operator = { url: facts.url, token: facts.adminToken };
  const { body } = await call(operator, "POST", "v1/agents", { id: "sleeper" });
  const socket = new WebSocket(`${facts.url.replace("http", "ws")}/v1/connect`, ["nerveflare.v1"], {
    headers: { authorization: `Bearer ${body["token"]}` },
  });
  onTestFinished(() => socket.terminate());
  const heard: string[] = [];
  socket.on("message", (text) => heard.push(String(text)));
  await vi.waitFor(() => expect(socket.readyState).toBe(socket.OPEN));
  const wakes = async () => ((await call(operator, "GET", "v1/metrics")).body["wakes"] as { agent: number }).agent;
  const before = await wakes();

  // SQLite removes the journal of a file that is closed: of an object that left memory. The runtime's own file, of alarms, stays open.
  const journals = async () =>
    (await readdir(join(data, "state"), { recursive: true })).filter(
      (name) => name.includes("AgentObject") && name.endsWith("-wal") && !name.includes("metadata"),
    );
  expect(await journals(), "an object that is awake has its journal, else this test shows nothing").not.toEqual([]);
  await vi.waitFor(
    async () => {
      socket.send("ping");
      expect(await journals()).toEqual([]);
    },
    { timeout: 60_000, interval: 500 },
  );
  const pongs = heard.length;
  socket.send("ping");
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(pongs));
  expect(new Set(heard)).toEqual(new Set(["pong"]));
  expect(await journals()).toEqual([]);
  expect(await wakes()).toBe(before);

  const event = { specversion: "1.0", id: "wake-up", type: "probe.note", to: "agents/sleeper" };
  expect((await call(operator, "POST", "v1/events", event)).status).toBe(202);
  await vi.waitFor(() => expect(heard.some((text) => text.includes("wake-up"))).toBe(true));
  expect(await wakes()).toBeGreaterThan(before);
});
