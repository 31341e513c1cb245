/** The nerve daemon's way in against the real server: senses poll, reflexes claim within capacity, a workflow responds, a kill repeats nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectAgent } from "../../src/client/index.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const root = join(import.meta.dirname, "../..");

/** Starts the daemon with its state in `folder`. */
function startDaemon(url: string, token: string, folder: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(root, "examples/nerve-daemon/daemon.ts"), "--state", join(folder, "state.json")],
    { cwd: root, env: { ...process.env, NERVEFLARE_URL: url, NERVEFLARE_TOKEN: token }, stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  const waiting = new Map<string, () => void>();
  child.stdout?.on("data", (part: Buffer) => {
    said += part;
    for (const [text, resolve] of waiting) if (said.includes(text)) resolve();
  });
  return {
    child,
    says: (text: string) =>
      new Promise<void>((resolve, reject) => {
        if (said.includes(text)) return resolve();
        waiting.set(text, resolve);
        child.once("exit", (code) => reject(new Error(`the daemon ended with ${code} before it said ${text}`)));
      }),
  };
}

test("[CLI7] a nerve daemon with one slot reviews two requests, one after the other, across a kill in mid-turn", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const token = await operator.add("daemon", ["code-review"]);
  const ended = new Map<string, string>();
  const both = Promise.withResolvers<void>();
  const author = connectAgent({
    url: facts.url,
    token: await operator.add("author", ["coding"]),
    slots: 2,
    onTurn: () => ({ $status: "updated", note: "done" }),
    onEvent({ type, data }) {
      if (!/^nerve\.thread\.(completed|failed|cancelled)$/.test(type)) return;
      ended.set((data as { thread: string }).thread, type);
      if (ended.size === 2) both.resolve();
    },
  });
  onTestFinished(() => author.close());

  const folder = await makeDataFolder();
  const first = startDaemon(facts.url, token, folder);
  const threads: string[] = [];
  for (const pr of [1, 2]) threads.push(...(await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr } })).threads);
  await first.says("nerve.turn.assigned → review");
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  startDaemon(facts.url, token, folder);
  await both.promise;

  expect([...ended]).toEqual(expect.arrayContaining(threads.map((thread) => [thread, "nerve.thread.completed"])));
  for (const thread of threads) {
    const { messages } = (await operator.call("GET", `v1/threads/${thread}/messages`)) as { messages: { role: string; agent: string }[] };
    expect(messages.map(({ role, agent }) => `${role}:${agent}`)).toEqual(["reviewer:daemon", "author:author", "reviewer:daemon"]);
  }
  // One slot: the second thread's role was claimed only when the first thread had ended. The log may lag, but misses nothing.
  const read = async (query: string) =>
    ((await operator.call("GET", `v1/events?${query}`)) as { events: { event: { data: { offer: string }; time: string } }[] }).events;
  await vi.waitFor(
    async () => {
      const claims = await read("source=/agents/daemon&type=nerve.offer.claim");
      const first = claims[0]?.event.data.offer.split(":")[0] as string;
      const second = claims.find(({ event }) => !event.data.offer.startsWith(first));
      const [end] = await read(`correlationid=${first}&type=nerve.thread.completed`);
      expect(Date.parse(second?.event.time ?? "")).toBeGreaterThanOrEqual(Date.parse(end?.event.time ?? ""));
    },
    { timeout: 30_000, interval: 200 },
  );
  const { schemas } = (await operator.call("GET", "v1/schemas?agent=daemon")) as { schemas: { kind: string }[] };
  expect(schemas.map(({ kind }) => kind)).toEqual(["nerve.offer.opened", "nerve.turn.assigned"]);
});
