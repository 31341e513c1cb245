/** The log against a real server: what is posted is in it once, followed across a server's death, archived, pruned, and traced. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, truncate } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectAgent } from "../../src/client/index.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const root = join(import.meta.dirname, "../..");
const patient = { interval: 50 };

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
}

/** Takes what an OTLP collector takes. */
async function startCollector() {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans };
}

function spawnCli(facts: { url: string; adminToken: string }, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    env: { ...process.env, NERVEFLARE_URL: facts.url, NERVEFLARE_ADMIN_TOKEN: facts.adminToken },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function runCli(facts: { url: string; adminToken: string }, ...args: string[]): Promise<string> {
  const child = spawnCli(facts, ...args);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream as AsyncIterable<Buffer>),
    text(child.stderr as NodeJS.ReadableStream as AsyncIterable<Buffer>),
    once(child, "close") as Promise<[number]>,
  ]);
  if (code !== 0) throw new Error(`nerveflare ${args.join(" ")} ended with ${code}: ${err}`);
  return out;
}

test("[LOG1] the log of a server that is killed: appended once, tailed, archived, pruned, traced", { timeout: 60_000 }, async () => {
  const data = await makeDataFolder();
  const collector = await startCollector();
  const env = { NERVEFLARE_OTLP_URL: collector.url };
  const first = await startTestServer(data, { env });
  const { facts } = first;
  const call = async (method: string, path: string, body?: unknown, token = facts.adminToken, type = "application/json") => {
    const response = await fetch(`${facts.url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": type },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const post = (id: string) => call("POST", "events", { id, type: "tick.posted", data: { id } });

  // A repeat is answered the same; what differs is refused; each of a batch is judged alone.
  const tail = spawnCli(facts, "events", "tail", "--kind", "tick.*", "--json");
  const tailed: string[] = [];
  createInterface({ input: tail.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    tailed.push((JSON.parse(line) as { event: { id: string } }).event.id);
  });
  const posted: string[] = [];
  // Whatever is posted before the tail is there it may miss.
  await vi.waitFor(
    async () => {
      await post(`warm-${posted.length}`);
      posted.push(`warm-${posted.length}`);
      expect(tailed.length).toBeGreaterThan(0);
    },
    { interval: 200 },
  );
  const begun = posted.indexOf(tailed[0] as string);
  const once1 = await post("one");
  expect(once1).toMatchObject({ status: 202, body: { id: "one", status: "accepted" } });
  expect(await post("one")).toEqual(once1);
  expect(await call("POST", "events", { id: "one", type: "tick.posted", data: "another" })).toMatchObject({
    status: 409,
    body: { code: "id_conflict" },
  });
  const batch = [
    { id: "two", type: "tick.posted" },
    { id: "bad", type: "nerve.no.such" },
    { id: "one", type: "tick.posted", data: 2 },
  ];
  expect((await call("POST", "events", batch, undefined, "application/cloudevents-batch+json")).body).toMatchObject([
    { id: "two", status: "accepted" },
    { id: "bad", status: "rejected" },
    { id: "one", status: "rejected", error: { code: "id_conflict" } },
  ]);
  posted.push("one", "two");
  await vi.waitFor(() => expect(tailed.at(-1)).toBe("two"), patient);

  // The server dies with events that the log may not have yet, and comes back.
  for (let count = 0; count < 20; count++) posted.push((await post(`before-${count}`)).body.id as string);
  first.child.kill("SIGKILL");
  await first.ended;
  await startTestServer(data, { env, port: Number(new URL(facts.url).port) });
  for (let count = 0; count < 20; count++) posted.push((await post(`after-${count}`)).body.id as string);
  await vi.waitFor(() => expect(new Set(tailed)).toEqual(new Set(posted.slice(begun))), { interval: 100 });
  expect(tailed).toHaveLength(posted.length - begun);
  tail.kill("SIGINT");

  // A thread from its event to its end, whose trace is told to the collector.
  const yaml = await readFile(join(root, "workflows/code-review.yaml"), "utf8");
  await call("PUT", "workflows/code-review", yaml, undefined, "application/yaml");
  const add = async (id: string, capabilities: string[]) => (await call("POST", "agents", { id, capabilities })).body.token as string;
  const reviewer = connectAgent({
    url: facts.url,
    token: await add("reviewer", ["code-review"]),
    onTurn: () => ({ $status: "approved", summary: "fine" }),
  });
  onTestFinished(() => reviewer.close());
  const author = connectAgent({
    url: facts.url,
    token: await add("author", ["coding"]),
    onTurn: () => ({ $status: "updated", note: "done" }),
  });
  onTestFinished(() => author.close());
  await Promise.all([reviewer.ready, author.ready]);
  const { threads } = (await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr: 1 } })) as { threads: string[] };
  const thread = threads[0] as string;
  await vi.waitFor(async () => expect((await call("GET", `threads/${thread}`)).body.status).toBe("completed"), patient);
  await vi.waitFor(() => expect(collector.spans.length).toBeGreaterThan(0), patient);
  const trace = JSON.parse(await runCli(facts, "trace", thread, "--json")) as { traceId: string; spans: { spanId: string }[] };
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([trace.traceId]));
  expect(collector.spans.map(({ spanId }) => spanId).sort()).toEqual(trace.spans.map(({ spanId }) => spanId).sort());
  expect(JSON.parse(await runCli(facts, "status", "--json"))).toMatchObject({ threads: { completed: 1 }, deadLetters: 0, parked: 0 });

  // An archive that was stopped within a line goes on with it; what is pruned is what the file has.
  const file = join(data, "log.ndjson");
  await runCli(facts, "events", "archive", "--out", file);
  const whole = await readFile(file, "utf8");
  await truncate(file, Math.floor(whole.length / 2));
  const archived = JSON.parse(await runCli(facts, "events", "archive", "--out", file, "--prune", "--json")) as { deleted: number };
  const kept = (await readFile(file, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { position: number; event: { id: string } });
  expect((await readFile(file, "utf8")).startsWith(whole)).toBe(true);
  expect(new Set(kept.map(({ position }) => position)).size).toBe(kept.length);
  const ids = kept.map(({ event }) => event.id);
  for (const id of posted) expect(ids.filter((each) => each === id)).toHaveLength(1);
  expect(archived.deleted).toBe(kept.length);
  const left = (await call("GET", "events?type=tick.*")).body as { events?: unknown[] };
  expect(left.events).toEqual([]);
});
