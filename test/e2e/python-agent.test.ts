/** An agent in another language, as its developer would run it: examples/python/agent.py, the standard library alone. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectAgent } from "../../src/client/index.ts";
import { createOperator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const root = join(import.meta.dirname, "../..");

test("[CLI8] a reviewer in Python claims, answers by polling, and is known as itself", async ({ skip }) => {
  if (spawnSync("python3", ["--version"]).status !== 0) skip("there is no python3 on this machine");
  const { facts } = await startTestServer(await makeDataFolder());
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const ended = Promise.withResolvers<string>();
  const author = connectAgent({
    url: facts.url,
    token: await operator.add("author", ["coding"]),
    onTurn: () => ({ $status: "updated", note: "done" }),
    onEvent({ type }) {
      if (/^nerve\.thread\.(completed|failed|cancelled)$/.test(type)) ended.resolve(type);
    },
  });
  onTestFinished(() => author.close());
  const python = spawn("python3", [join(root, "examples/python/agent.py")], {
    env: { ...process.env, NERVEFLARE_URL: facts.url, NERVEFLARE_TOKEN: await operator.add("snake", ["code-review"]) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  onTestFinished(() => void python.kill("SIGKILL"));
  python.once("exit", (code) => ended.reject(new Error(`the Python agent ended with ${code}`)));

  const { threads } = await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr: 115 } });
  expect(await ended.promise).toBe("nerve.thread.completed");
  const { messages } = (await operator.call("GET", `v1/threads/${threads[0]}/messages`)) as { messages: { role: string; agent: string }[] };
  expect(messages.map(({ role, agent }) => `${role}:${agent}`)).toEqual(["reviewer:snake", "author:author", "reviewer:snake"]);
});
