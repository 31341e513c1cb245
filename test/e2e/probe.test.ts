/** The contract, tried from outside on each transport against a server as users run it. */
import { expect, test } from "vitest";
import { call, wireNames } from "../../src/probe/probe-wire.ts";
import { rules } from "../../src/probe/rules.ts";
import { runProbe } from "../../src/probe/run-probe.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

test("[EDGE1] every rule of the contract is kept on every transport, and the probe leaves no agent behind", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const { url, adminToken } = facts;
  // Side by side, each with agents of its own, for a rule waits for most of its time: a poll that nobody needs any more, for a second.
  const parts = [0, 1, 2].map((part) => rules.filter((_, index) => index % 3 === part));
  const probes = wireNames.flatMap((wire) =>
    parts.map((part) => runProbe({ url, adminToken, transports: [wire], rules: part, found: () => {} })),
  );
  const findings = (await Promise.all(probes)).flat();
  expect(findings.filter(({ result }) => result !== "pass")).toEqual([]);
  expect(findings.length).toBeGreaterThan(60);
  expect((await call({ url, token: adminToken }, "GET", "v1/agents")).body["agents"]).toEqual([]);
});
