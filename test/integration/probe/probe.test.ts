/** That the probe can fail: servers that break a rule are told so, with what was expected and what came. */
import { afterAll, expect, test } from "vitest";
import { createProblem } from "../../../src/contract/problem.ts";
import { wireNames } from "../../../src/probe/probe-wire.ts";
import { rules } from "../../../src/probe/rules.ts";
import { runProbe } from "../../../src/probe/run-probe.ts";
import { startFakeServer, token } from "../../unit/client/fake-server.ts";

const servers: { stop(): Promise<void> }[] = [];

afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** A server that is stopped when all are over: they run side by side, for what is broken is waited for. */
async function start(): ReturnType<typeof startFakeServer> {
  const server = await startFakeServer();
  servers.push(server);
  return server;
}

/** Tries some rules as the fake server's one agent. */
async function probe(ids: string[], breakIt: (server: Awaited<ReturnType<typeof startFakeServer>>) => void = () => {}) {
  const server = await start();
  breakIt(server);
  const chosen = rules.filter(({ id }) => ids.includes(id));
  return runProbe({ url: server.url, token, transports: wireNames, rules: chosen, found: () => {} });
}

test.concurrent("[PROBE1] a server that accepts what it must refuse breaks those rules alone, on each transport", async () => {
  const findings = await probe(["T2", "T3", "T4", "T6", "T8"]);
  expect(findings.map(({ id, transport, result }) => `${id} ${transport} ${result}`)).toEqual(
    wireNames.flatMap((wire) => [`T2 ${wire} pass`, `T3 ${wire} pass`, `T4 ${wire} pass`, `T6 ${wire} fail`, `T8 ${wire} fail`]),
  );
  expect(findings.find(({ id }) => id === "T8")).toMatchObject({ expected: "a refusal with source_mismatch", got: "accepted" });
});

test.concurrent("[PROBE1] a server that refuses with another code, or refuses what is right, is told which rule it breaks", async () => {
  const findings = await probe(["T2", "T6"], (server) => {
    server.judge = () => createProblem("forbidden", "No.");
  });
  for (const finding of findings) expect(finding).toMatchObject({ result: "fail", got: '"forbidden"' });
});

test.concurrent("[PROBE2] a server without a transport fails on that one", async () => {
  const findings = await probe(["T2"], (server) => {
    server.allowSockets = server.allowStreams = false;
  });
  expect(findings.map(({ result }) => result)).toEqual(["fail", "fail", "pass"]);
});

test.concurrent("[PROBE3] without an operator's token, what needs an agent of its own is skipped, with the reason", async () => {
  for (const finding of await probe(["D3", "R2", "S4"]))
    expect(finding).toMatchObject({ result: "skip", reason: expect.stringContaining("--admin-token") });
});

test.concurrent("[PROBE4] a server that is away, or a token that is not good, ends the probe before it begins", async () => {
  const options = { transports: wireNames, rules, found: () => {} };
  await expect(runProbe({ url: "http://127.0.0.1:9", token, ...options })).rejects.toThrow();
  const server = await start();
  await expect(runProbe({ url: server.url, token: "alice.nonsense", ...options })).rejects.toThrow("401");
});

test.concurrent("[PROBE5] rules have numbers of their own", () => {
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});
