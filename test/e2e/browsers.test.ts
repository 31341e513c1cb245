/** Agents in web pages of other origins, in a real Chromium: the page of docs/browsers.md, all transports, tickets, and pages that are not listed. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { connectAgent } from "../../src/client/index.ts";
import type { ThreadView } from "../../src/contract/views/thread.ts";
import { readRecord } from "../../src/local-server/data-folder.ts";
import { endProcess } from "../../src/local-server/process-identity.ts";
import { type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { findChromium } from "../find-chromium.ts";
import { createOperator, type Operator } from "./operator.ts";
import { type Relay, startRelay } from "./relay.ts";
import { makeDataFolder, spawnTestServer } from "./server-process.ts";

const root = join(import.meta.dirname, "../..");
const within = { timeout: 60_000, interval: 20 };

const program = findChromium("browsers");

/** What pages leave for the test to look at. */
interface PageScope {
  connectAgent: typeof connectAgent;
  agent: ReturnType<typeof connectAgent>;
  notes: string[];
  turns: number;
  answer(): void;
}
/** In a page, what is global there. */
declare const scope: PageScope;

/** Serves the page of the docs, an empty one, and the client as one file. @param api where the page finds the server */
async function servePages(api: () => string): Promise<Server> {
  const { outputFiles } = await build({ entryPoints: [join(root, "src/client/index.ts")], bundle: true, write: false, format: "esm" });
  const docs = await readFile(join(root, "docs/browsers.md"), "utf8");
  const page = /```html\n([\s\S]*?)```/.exec(docs)?.[1] ?? "";
  expect(page).toContain('url: "http://127.0.0.1:8787"');
  const server = createServer(({ url }, response) => {
    const isScript = url === "/nerveflare-agent.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    if (isScript) response.end(outputFiles[0]?.contents);
    else response.end(url === "/" ? page.replace("http://127.0.0.1:8787", api()) : empty);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** A page with nothing but the client, and a name for what is global there. */
const empty = `<!doctype html><script type="module">
  import * as client from "/nerveflare-agent.js";
  globalThis.scope = Object.assign(globalThis, client);
</script>`;

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe.skipIf(!program)("pages in Chromium", () => {
  let data: string;
  let server: ServerProcess;
  let relay: Relay;
  let operator: Operator;
  let browser: Browser;
  /** The one that is listed, and the one that is not. */
  let [pages, strangers]: Server[] = [];
  const tokens: Record<string, string> = {};

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "nerveflare-e2e-"));
    [pages, strangers] = await Promise.all([servePages(() => relay.url), servePages(() => relay.url)]);
    const NERVEFLARE_ORIGINS = `http://localhost:${portOf(pages)}, http://127.0.0.1:${portOf(pages)}`;
    server = spawnServer(data, { env: { NERVEFLARE_ORIGINS } });
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
    const [launched, facts] = await Promise.all([
      chromium.launch({ executablePath: program as string, args: [...args, "--disable-component-update", "--disable-sync"] }),
      server.ready,
    ]);
    browser = launched;
    if (!facts) throw new Error(`the server did not start: ${(await server.ended).stderr}`);
    relay = await startRelay(facts.url);
    operator = createOperator(facts);
    await operator.publish("code-review");
    for (const id of ["by-docs", "by-sse", "by-poll"]) tokens[id] = await operator.add(id, ["code-review"]);
    tokens["stranger"] = await operator.add("stranger", []);
    tokens["author"] = await operator.add("author", ["coding"]);
  });

  afterAll(async () => {
    await browser?.close();
    await relay?.close();
    for (const each of [pages, strangers]) each?.close();
    server?.child.kill("SIGKILL");
    await server?.ended;
    const runtime = readRecord(join(data, "server.json"))?.workerd;
    if (runtime) await endProcess(runtime);
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  });

  async function openPage(address: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(address);
    return page;
  }

  /** Opens an empty page and connects an agent in it that answers when it is told to. */
  async function openAgent(origin: string, id: string, transport: "socket" | "sse" | "poll"): Promise<Page> {
    const page = await openPage(`${origin}/empty`);
    await page.evaluate(
      ({ url, token, transport }) => {
        scope.notes = [];
        scope.turns = 0;
        scope.agent = scope.connectAgent({
          url,
          token,
          transports: [transport],
          onNote: ({ message }) => void scope.notes.push(message),
          onTurn: async () => {
            scope.turns += 1;
            await new Promise<void>((resolve) => (scope.answer = resolve));
            return { $status: "approved", summary: transport };
          },
        });
      },
      { url: relay.url, token: tokens[id] ?? "", transport },
    );
    return page;
  }

  async function postReview(pr: number): Promise<string> {
    const response = await fetch(`${relay.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens["author"]}`, "content-type": "application/json" },
      body: JSON.stringify({ id: `pr-${pr}`, type: "pr.ready_for_review", data: { repo: "nerve", pr } }),
    });
    return ((await response.json()) as { threads: string[] }).threads[0] ?? "";
  }

  const show = async (thread: string) => (await operator.call("GET", `v1/threads/${thread}`)) as ThreadView;

  /** [CORS11] Of all that passed: no token in an address or a handshake, and no more questions beforehand than addresses. */
  function judgePassed(): void {
    const lines = relay.asked.map((head) => head.split("\r\n")[0] as string);
    const sockets = relay.asked.filter((head) => /^upgrade: websocket/im.test(head));
    expect(sockets.length).toBeGreaterThan(0);
    for (const head of sockets) expect(head).toMatch(/^GET \/v1\/connect\?\S*&ticket=by-docs\./);
    for (const token of Object.values(tokens)) for (const text of [...lines, ...sockets]) expect(text).not.toContain(token.split(".")[1]);
    const byPages = relay.asked.filter((head) => /^origin: /im.test(head));
    const preflights = byPages.filter((head) => head.startsWith("OPTIONS "));
    const calls = byPages.filter((head) => !head.startsWith("OPTIONS ") && !sockets.includes(head));
    const address = (head: string) => `${/^origin: \S+/im.exec(head)?.[0]} ${head.split(" ")[1]}`;
    expect(preflights.length).toBeGreaterThan(0);
    // What is asked side by side, or cut off, may be asked twice.
    expect(preflights.length).toBeLessThanOrEqual(new Set(calls.map(address)).size + 3);
    expect(preflights.length).toBeLessThan(calls.length / 2 + 3);
    expect(relay.answered).not.toContain("HTTP/1.1 403");
  }

  test("[CORS10] [CORS11] the page of the docs, and pages by stream and by polling, play a review each, across a cut line, a time offline and a time frozen", async () => {
    const [local, numeric] = [`http://localhost:${portOf(pages as Server)}`, `http://127.0.0.1:${portOf(pages as Server)}`];
    const docs = await (await browser.newContext()).newPage();
    let say = (_: string) => {};
    let asked = 0;
    docs.on("dialog", async (dialog) => {
      if (dialog.message() === "The agent's token") return dialog.accept(tokens["by-docs"]);
      asked += 1;
      say = (text) => void dialog.accept(text);
    });
    await docs.goto(local);
    const bySse = await openAgent(numeric, "by-sse", "sse");
    const byPoll = await openAgent(local, "by-poll", "poll");
    await vi.waitFor(async () => expect(await docs.textContent("#notes")).toContain("connected by socket"), within);
    for (const page of [bySse, byPoll]) await page.evaluate(() => scope.agent.ready);

    const threads = await Promise.all([1, 2, 3].map(postReview));
    // Each holds one role at a time, so each gets one of the three.
    await vi.waitFor(async () => {
      expect(asked).toBe(1);
      for (const page of [bySse, byPoll]) expect(await page.evaluate(() => scope.turns)).toBe(1);
    }, within);
    relay.cut();
    say("by prompt");
    for (const page of [bySse, byPoll]) await page.evaluate(() => scope.answer());
    await vi.waitFor(async () => {
      for (const thread of threads) expect(await show(thread)).toMatchObject({ status: "completed" });
    }, within);
    const reviews = await Promise.all(threads.map(show));
    expect(
      reviews
        .map(({ roles, outcome }) => [roles["reviewer"]?.agent, outcome?.output])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
    ).toEqual([
      ["by-docs", { $status: "approved", summary: "by prompt" }],
      ["by-poll", { $status: "approved", summary: "poll" }],
      ["by-sse", { $status: "approved", summary: "sse" }],
    ]);

    for (const page of [bySse, byPoll]) await page.context().close();
    await docs.context().setOffline(true);
    relay.cut();
    await vi.waitFor(async () => expect(await docs.textContent("#notes")).toMatch(/trying again.*\n$/), within);
    await docs.context().setOffline(false);
    const review = async (pr: number, thread: string) => {
      await vi.waitFor(() => expect(asked).toBe(pr - 2), within);
      say("back");
      await vi.waitFor(async () => expect(await show(thread)).toMatchObject({ status: "completed" }), within);
    };
    await review(4, await postReview(4));

    const devtools = await docs.context().newCDPSession(docs);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    relay.cut();
    const thread = await postReview(5);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await review(5, thread);
    judgePassed();
    // What it asks from now on is not to be counted among what others ask.
    await docs.context().close();
  });

  test.each(["socket", "sse", "poll"] as const)(
    "[CORS12] a page that is not listed is let in by no %s, and its client says what to set",
    async (transport) => {
      const origin = `http://localhost:${portOf(strangers as Server)}`;
      const page = await openAgent(origin, "stranger", transport);
      const advice = `its operator adds ${origin} to NERVEFLARE_ORIGINS`;
      await vi.waitFor(async () => expect((await page.evaluate(() => scope.notes)).join()).toContain(advice), within);
      const said = await page.evaluate(() =>
        scope.agent.me().catch((error: { code: string; message: string }) => [error.code, error.message]),
      );
      expect(said).toEqual(["network", expect.stringContaining(advice)]);
      expect(await page.evaluate(() => scope.agent.transport())).toBeUndefined();
      await page.context().close();
    },
  );

  test("[CORS13] a ticket opens an EventSource of a listed page once, and is not spent by a page that is not", async () => {
    const { ticket } = (await operator.call("POST", "v1/tickets")) as { ticket: string };
    const own = createOperator({ url: relay.url, adminToken: tokens["stranger"] ?? "" });
    const { ticket: forSocket } = (await own.call("POST", "v1/tickets")) as { ticket: string };
    const addresses = {
      tail: `${relay.url}/v1/events?follow&type=tail.*&ticket=${ticket}`,
      socket: `${relay.url.replace("http", "ws")}/v1/connect?ticket=${forSocket}`,
    };
    const open = async (page: Page) =>
      page.evaluate(async ({ tail, socket }) => {
        const source = new EventSource(tail);
        const line = new WebSocket(socket, "nerveflare.v1");
        const first = (target: EventTarget) =>
          new Promise<string>((resolve) => {
            for (const type of ["open", "error"]) target.addEventListener(type, () => resolve(type), { once: true });
          });
        Object.assign(scope, {
          heard: new Promise<string>((resolve) => (source.onmessage = ({ data }: { data: string }) => resolve(data))),
        });
        return Promise.all([first(source), first(line)]);
      }, addresses);
    const stranger = await openPage(`http://127.0.0.1:${portOf(strangers as Server)}/empty`);
    relay.answered.length = 0;
    expect(await open(stranger)).toEqual(["error", "error"]);
    expect(relay.answered).toEqual(["HTTP/1.1 403", "HTTP/1.1 403"]);
    const page = await openPage(`http://localhost:${portOf(pages as Server)}/empty`);
    expect(await open(page)).toEqual(["open", "open"]);
    await operator.call("POST", "v1/events", { body: JSON.stringify({ id: "t", type: "tail.seen" }) });
    const heard = await page.evaluate(() => (scope as unknown as { heard: Promise<string> }).heard);
    expect(JSON.parse(heard)).toMatchObject({ event: { id: "t", type: "tail.seen" } });
    // A socket opens, to be told why by its close code.
    expect(await open(page)).toEqual(["error", "open"]);
    // Nothing keeps a ticket: neither the server's data nor what it prints.
    const tickets = new Set(relay.asked.flatMap((head) => /[?&]ticket=[^ &]*\.([\w-]{43})/.exec(head)?.[1] ?? []));
    expect(tickets.size).toBeGreaterThan(3);
    for (const file of await readdir(data, { recursive: true, withFileTypes: true }))
      if (file.isFile()) {
        const text = await readFile(join(file.parentPath, file.name), "latin1");
        for (const kept of tickets) expect(text.includes(kept), `${file.name} has a ticket`).toBe(false);
      }
  });
});

test.each([
  ["a list of origins that cannot be read", { NERVEFLARE_ORIGINS: "app.example.com" }, "Write `https://app.example.com`."],
  ["a placement that there is not", { NERVEFLARE_PLACEMENT: "beside" }, "bad_setting: NERVEFLARE_PLACEMENT is"],
] as const)("[CORS3] [OWN4] %s keeps a server from starting, which says what to write", async (_, env, said) => {
  const server = spawnTestServer(await makeDataFolder(), { env });
  expect(await server.ready).toBeNull();
  const { code, stderr } = await server.ended;
  expect(code).not.toBe(0);
  expect(stderr).toContain(said);
});
