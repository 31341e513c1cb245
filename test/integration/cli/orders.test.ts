/** Orders of the command line whose answer is lost: sent again under one key, and told at once where nobody is there. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { findFreePort } from "../../e2e/find-free-port.ts";

type Step = (response: ServerResponse) => void;
const thread = { id: "t1", workflow: "w", status: "running", round: 1 };
const lose: Step = (response) => void response.socket?.destroy();
const answer =
  (status: number, body: object): Step =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const page =
  (status: number): Step =>
  (response) =>
    void response.writeHead(status, { "content-type": "text/html" }).end("<h1>no</h1>");
const problem = (status: number, code: string, retryable: boolean): Step =>
  answer(status, { type: "x", title: code, status, detail: "No.", code, nrv: "NRV1", retryable });

/** A server that does one step after the other. */
async function serve(steps: Step[]): Promise<{ url: string; seen: { key: string | undefined; body: string }[] }> {
  const seen: { key: string | undefined; body: string }[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    seen.push({ key: request.headers["idempotency-key"] as string | undefined, body: await text(request) });
    (steps[seen.length - 1] ?? answer(202, thread))(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function run(url: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await runCli(args, {
    stdout: { write: (said) => (out += said) },
    stderr: { write: (said) => (err += said) },
    env: { NERVEFLARE_URL: url, NERVEFLARE_ADMIN_TOKEN: "x", NERVEFLARE_DATA: "/nowhere", NERVEFLARE_CONFIG_DIR: "/nowhere" },
  });
  return { code, out, err };
}

test("[KEY7] an order whose answer is lost is sent again under its key; each order has its own", async () => {
  const { url, seen } = await serve([lose, page(502)]);
  expect(await run(url, "resume", "t1", "--reason", "go")).toMatchObject({ code: 0, out: expect.stringContaining("running") });
  expect(seen).toHaveLength(3);
  expect(new Set(seen.map(({ key, body }) => `${key} ${body}`)).size).toBe(1);
  expect(seen[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
  await run(url, "cancel", "t1");
  expect(seen[3]?.key).not.toBe(seen[0]?.key);
  await run(url, "suspend", "t1", "--idempotency-key", "mine");
  expect(seen[4]?.key).toBe("mine");
}, 20_000);

test("[KEY8] an order that is refused is not sent again, nor one for a server that is not there", async () => {
  const { url, seen } = await serve([problem(409, "not_allowed_now", false)]);
  expect(await run(url, "resume", "t1")).toMatchObject({ code: 1, err: expect.stringContaining("not_allowed_now") });
  expect(seen).toHaveLength(1);
  const other = await serve([page(404)]);
  expect(await run(other.url, "resume", "t1")).toMatchObject({ code: 1, err: expect.stringContaining("no nerveflare server") });
  expect(other.seen).toHaveLength(1);
  expect(await run(`http://127.0.0.1:${await findFreePort()}`, "resume", "t1")).toMatchObject({
    code: 1,
    err: expect.stringContaining("Nothing answers"),
  });
});

test("[BECAME8] `post` prints what became of the event at each reflex, and that nobody listens", async () => {
  const fired = { workflow: "task", place: 0, kind: "workflow", verdict: "fired", key: "a" };
  const detail = "the thread t1 has the key a and is live (suspended): resume or cancel it, and the key is free when it has ended";
  const reflexes = [
    { ...fired, thread: "t2", outcome: { status: "repeat", thread: "t1", state: "suspended", detail } },
    { ...fired, place: 1, key: "b", thread: "t3", outcome: { status: "started", thread: "t3", state: "running" } },
    { ...fired, place: 2, verdict: "when", detail: "its `when` is not met" },
  ];
  const base = { id: "e", status: "accepted", threads: ["t2", "t3"] };
  const { url } = await serve([
    answer(202, { ...base, notes: [`task: ${detail}`, "task: its `when` is not met", "something else"], reflexes }),
    answer(202, { id: "e", status: "accepted", threads: [], notes: [], unheard: { nearest: "task.posted" } }),
    answer(202, { id: "e", status: "accepted", threads: [], notes: [], unheard: { nearest: null } }),
  ]);
  expect((await run(url, "post", "task.posted")).out.split("\n")).toEqual([
    "accepted e",
    `repeat task, reflex 1 (workflow): ${detail}`,
    "started task, reflex 2 (workflow): thread t3, key b",
    "when task, reflex 3 (workflow): key a, its `when` is not met",
    "something else",
    "",
  ]);
  expect((await run(url, "post", "task.postd")).out).toMatch(/nobody listens to this kind: .* Did you mean task.posted\?/);
  expect((await run(url, "post", "x")).out).toMatch(/nobody listens to this kind: .*subscribed\.\n/);
});
