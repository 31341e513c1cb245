/** `examples/github` on a real server: recorded deliveries come in, a review runs, and its verdicts reach the receiver. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";
import { signDelivery } from "../../examples/github/deliver.ts";
import { connectAgent, type TurnHandler } from "../../src/client/index.ts";
import { findFreePort } from "./find-free-port.ts";
import { createOperator, type Operator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const example = join(import.meta.dirname, "../../examples/github");
const read = (name: string): Promise<string> => readFile(join(example, name), "utf8");

interface Said {
  listening?: number;
  post?: string;
  body?: { event: string; body: string };
}

/** Makes the webhook, and runs the example's receiver. Returns its address, and what it says. */
async function startReceiver(operator: Operator) {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}/`;
  const order = JSON.stringify({ url, kinds: ["review.*"], workflow: "code-review" });
  const { secret } = (await operator.call("POST", "v1/webhooks", { body: order })) as { secret: string };
  const child = spawn(process.execPath, [join(example, "receive.ts")], {
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const said: Said[] = [];
  const lines = createInterface(child.stdout).on("line", (line) => said.push(JSON.parse(line) as Said));
  await once(lines, "line");
  return { url, said };
}

/** Makes the hook. Returns what posts a recorded payload to it. */
async function openHook(serverUrl: string, operator: Operator) {
  const order = JSON.stringify({ name: "github", from: "github", kinds: ["pr.*"], map: await read("pull-request.jsonata") });
  const { secret } = (await operator.call("POST", "v1/hooks", { body: order })) as { secret: string };
  return async (name: string, delivery: string, signedWith = secret) => {
    const body = await read(`fixtures/${name}.json`);
    const headers = signDelivery(signedWith, name.split(".")[0] ?? "", delivery, body);
    const response = await fetch(`${serverUrl}/v1/hooks/github`, { method: "POST", headers, body });
    return { status: response.status, body: (await response.json()) as { status: string; events?: { type: string; threads: string[] }[] } };
  };
}

test("[HOOK28] a pull request's delivery starts one review, its verdicts reach the receiver that checks them, and closing it cancels", async () => {
  const { facts } = await startTestServer(await makeDataFolder(), { env: { NERVEFLARE_PRIVATE_WEBHOOKS: "true" } });
  const operator = createOperator(facts);
  await operator.call("PUT", "v1/workflows/code-review", { body: await read("code-review.yaml"), contentType: "application/yaml" });
  const tokens = { reviewer: await operator.add("reviewer", ["code-review"]), octocat: await operator.add("octocat", ["coding"]) };
  const receiver = await startReceiver(operator);
  const deliver = await openHook(facts.url, operator);
  const dropped = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const connect = (token: string, onTurn: TurnHandler): void => {
    const agent = connectAgent({ url: facts.url, token, onNote: () => {}, onTurn });
    onTestFinished(() => agent.close());
  };

  expect(await deliver("ping", "d-0")).toMatchObject({ status: 202, body: { status: "ignored" } });
  expect(await deliver("pull_request.opened", "d-1", "another secret than the hook's")).toMatchObject({ status: 401 });
  const opened = await deliver("pull_request.opened", "d-1");
  expect(opened).toMatchObject({
    status: 202,
    body: { status: "accepted", events: [{ type: "pr.opened", threads: [expect.any(String)] }] },
  });
  expect(await deliver("pull_request.opened", "d-1")).toEqual(opened);

  connect(tokens.reviewer, async ({ prompt, last }, { signal }) => {
    if (prompt.includes("#42")) {
      signal.addEventListener("abort", () => dropped.resolve());
      begun.resolve();
      await dropped.promise;
    }
    return last?.role === "author"
      ? { $status: "approved", summary: "The retry is bounded." }
      : { $status: "changes_requested", changes: ["name the limit", "test the last retry"] };
  });
  connect(tokens.octocat, () => ({ $status: "updated", note: "named it" }));
  await vi.waitFor(() => expect(receiver.said).toHaveLength(3), { timeout: 30_000, interval: 50 });
  const post = "https://api.github.com/repos/octo-org/hello-world/pulls/41/reviews";
  // Webhooks arrive in about the order of the log.
  expect(receiver.said.slice(1).sort((a, b) => Number(a.body?.event === "APPROVE") - Number(b.body?.event === "APPROVE"))).toEqual([
    { post, body: { event: "REQUEST_CHANGES", body: "- name the limit\n- test the last retry" } },
    { post, body: { event: "APPROVE", body: "The retry is bounded." } },
  ]);
  const forged = { type: "review.approved", data: { repo: "octo-org/hello-world", pr: 42, text: "Fine." } };
  const headers = { "webhook-id": "e-1", "webhook-timestamp": String(Math.floor(Date.now() / 1000)), "webhook-signature": "v1,AAAA" };
  expect((await fetch(receiver.url, { method: "POST", headers, body: JSON.stringify(forged) })).status).toBe(401);

  const ready = await deliver("pull_request.ready_for_review", "d-2");
  const [thread = ""] = ready.body.events?.[0]?.threads ?? [];
  await begun.promise;
  expect(await deliver("pull_request.closed", "d-3")).toMatchObject({ status: 202, body: { status: "accepted" } });
  await dropped.promise;
  await vi.waitFor(async () => expect(await operator.call("GET", `v1/threads/${thread}`)).toMatchObject({ status: "cancelled" }), {
    timeout: 30_000,
    interval: 50,
  });
  // Of the delivery that came twice there is one review, and what was forged left none. The list follows the log a moment later.
  const list = async () => ((await operator.call("GET", "v1/threads")) as { threads: { status: string }[] }).threads;
  await vi.waitFor(async () => expect((await list()).map(({ status }) => status).sort()).toEqual(["cancelled", "completed"]), {
    timeout: 30_000,
    interval: 50,
  });
  expect(receiver.said).toHaveLength(3);
});
