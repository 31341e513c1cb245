/** Agents as processes of their own, one of which is killed in the middle of its turn: the role goes to another, with the hand-over. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/client/clock.ts";
import { createHttpCaller } from "../../src/client/http.ts";
import { connectAgent } from "../../src/client/index.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const bin = join(import.meta.dirname, "../../bin/nerveflare.js");

const workflow = `
name: relay
description: One writes, whoever that is.
binding: cloud
reflexes: [{ kind: workflow, on: [relay.started] }]
roles:
  writer:
    description: Writes.
    capabilities: [write]
    procedure: Write it.
    output: What was written.
    heartbeat: { every: 500ms, miss: 3 }
    offline: { grace: 1s, then: rerecruit }
    frontmatter: { type: object, properties: { $status: { const: written } }, required: [$status] }
graph:
  $START:
    new: { role: writer, prompt: "Write." }
  writer:
    written: { role: $END, prompt: "Done." }
`;

/** Tells which turn it was given, and never answers. */
const stuck = "cat; sleep 600";

test("[LIVE3] a role whose holder's process is killed is recruited again, and the next one is told where it stood", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const operator = createHttpCaller({
    ...{ url: facts.url, token: facts.adminToken, clock: systemClock },
    fetch: (address, init) => fetch(address, init),
  });
  await operator.call("PUT", "v1/workflows/relay", { body: workflow, contentType: "application/yaml" });
  const add = async (id: string, capabilities: string[]) =>
    ((await operator.call("POST", "v1/agents", { body: JSON.stringify({ id, capabilities }) })) as { token: string }).token;

  const doomed = startAgent(facts.url, await add("doomed", ["write"]));
  await doomed.noted("connected");
  const starter = connectAgent({ url: facts.url, token: await add("starter", []), onNote: () => {} });
  onTestFinished(() => starter.close());
  const { threads } = await starter.send({ type: "relay.started", data: {} });
  await doomed.noted("turn.assigned");

  const given = Promise.withResolvers<TurnAssigned>();
  const heir = connectAgent({
    ...{ url: facts.url, token: await add("heir", ["write"]), onNote: () => {} },
    onTurn: (turn) => {
      given.resolve(turn);
      return { $status: "written" };
    },
  });
  onTestFinished(() => heir.close());
  await heir.ready;
  doomed.child.kill("SIGKILL");
  await doomed.ended;

  const turn = await given.promise;
  expect(turn).toMatchObject({
    lease: { generation: 2, expires: expect.any(String) },
    handover: {
      agent: "doomed",
      why: "lost",
      reason: "lost: silent for 2500ms",
      thread: { messages: [], total: 0, leftOut: 0 },
      turn: { turn: turn.turn, prompt: "Write.", attempts: 1 },
      progress: null,
    },
  });
  await expect
    .poll(async () => ((await operator.call("GET", `v1/threads/${threads[0]}`)) as { status: string }).status, { timeout: 20_000 })
    .toBe("completed");
});

/** `nerveflare agent` as a process. */
function startAgent(url: string, token: string) {
  const child: ChildProcess = spawn(process.execPath, [bin, "agent", "--json", "--exec", stuck], {
    env: { ...process.env, NERVEFLARE_URL: url, NERVEFLARE_TOKEN: token },
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own, so that the program that it runs ends with the test.
    detached: true,
  });
  const notes = new Set<string>();
  const waiting = new Map<string, () => void>();
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { what } = JSON.parse(line) as { what: string };
      notes.add(what);
      waiting.get(what)?.();
    });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // All of it has ended.
    }
  });
  return {
    child,
    ended: once(child, "exit"),
    noted: (what: string) => (notes.has(what) ? Promise.resolve() : new Promise<void>((resolve) => void waiting.set(what, resolve))),
  };
}
