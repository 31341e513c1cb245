/** `/mcp` as the SDK's own client sees it, over the app with fakes: tools and their pages, who may do what, keys, and what is refused. */
import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { beforeEach, expect, test } from "vitest";
import { type Result, succeed } from "../../../../../src/contract/problem.ts";
import type { ThreadView } from "../../../../../src/contract/views/thread.ts";
import { mcpLimits } from "../../../../../src/worker/gateways/mcp/limits.ts";
import { createFakeObjects } from "../../fake-objects.ts";
import { openSqliteD1 } from "../../sqlite-d1.ts";
import { adminToken, createTestApp, type TestApp } from "../../test-app.ts";

const thread = `t${"a".repeat(25)}`;
const revision = "2026-07-28";
const tasks = { extensions: { "io.modelcontextprotocol/tasks": {} } };

let app: TestApp;
let db: D1Database;
let fakes: ReturnType<typeof createFakeObjects>;
/** What was posted, and what of the thread is changed in what it shows. */
let posted: { source: string; event: { id: string; type: string; to: string; data: unknown } }[];
let shown: Partial<ThreadView>;

beforeEach(() => {
  fakes = createFakeObjects();
  posted = [];
  shown = {};
  const { agent, thread: open } = fakes;
  db = openSqliteD1();
  app = createTestApp(db, {
    ...fakes,
    agent: (name) => ({
      ...agent(name),
      async accept(principal, events) {
        const judged = await agent(name).accept(principal, events);
        posted.push(...events.map((event) => ({ source: name, event: event as (typeof posted)[number]["event"] })));
        if (!judged.ok) return judged;
        return succeed(judged.value.map((answer) => (answer.status === "accepted" ? { ...answer, threads: [thread] } : answer)));
      },
    }),
    thread: (id) => ({
      ...open(id),
      async show(viewer): Promise<Result<ThreadView>> {
        const view = await open(id).show(viewer);
        return view.ok ? succeed({ ...view.value, ...shown }) : view;
      },
    }),
  });
});

async function publish(name: string, over: object = {}): Promise<void> {
  const body = JSON.stringify({ name, description: `${name} is done.`, expose: true, ...over });
  expect((await app.call("PUT", `/v1/workflows/${name}`, { headers: { "content-type": "text/yaml" }, body })).status).toBe(201);
}

async function connect(token = adminToken, capabilities: object = {}): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { capabilities, versionNegotiation: { mode: { pin: revision } } });
  const transport = new StreamableHTTPClientTransport(new URL("http://nerveflare.test/mcp"), {
    ...{ authProvider: { token: async () => token }, fetch: (url, init) => app.fetch(new Request(url, init)) },
  });
  await client.connect(transport);
  return client;
}

/** One message, framed as the revision wants it. */
async function send(
  method: string,
  params: { [name: string]: unknown },
  { token = adminToken, capabilities = tasks as object, headers = {} } = {},
) {
  const name = params["taskId"] ?? params["name"];
  const meta = {
    ...(params["_meta"] as object | undefined),
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  const response = await app.fetch(
    new Request("http://nerveflare.test/mcp", {
      method: "POST",
      headers: {
        ...{ authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json, text/event-stream" },
        ...{ "mcp-protocol-version": revision, "mcp-method": method, ...(typeof name === "string" && { "mcp-name": name }), ...headers },
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } }),
    }),
  );
  return {
    status: response.status,
    ...((await response.json()) as { result?: { [name: string]: unknown }; error?: { code: number; data?: unknown } }),
  };
}

const call = (name: string, args: object = {}, meta: object = {}, options: Parameters<typeof send>[2] = {}) =>
  send("tools/call", { name, arguments: args, _meta: meta }, options);

test("[GATE4] what is exposed is a tool, with its description and its input as an object; what is not exposed, or withdrawn, is none", async () => {
  const input = { type: ["object", "null"], properties: { pr: { type: "integer" } } };
  await publish("review", { input });
  await publish("triage");
  await publish("secret", { expose: undefined });
  await publish("former");
  await app.call("DELETE", "/v1/workflows/former");
  const client = await connect();
  const { tools, nextCursor } = await client.listTools();
  expect(nextCursor).toBeUndefined();
  expect(tools.map(({ name }) => name)).toEqual(["thread_status", "thread_resume", "thread_cancel", "review", "triage"]);
  expect(tools.at(-2)).toMatchObject({ description: "review is done.", inputSchema: { ...input, type: "object" } });
  expect(tools.at(-1)).toMatchObject({ inputSchema: { type: "object" } });
  for (const name of ["secret", "former", "reviw"]) {
    const refused = await client.callTool({ name, arguments: {} }).catch((error: unknown) => error);
    expect(refused, name).toBeInstanceOf(ProtocolError);
    expect(refused, name).toMatchObject({ code: -32602, data: { problem: { code: "not_found", nrv: "NRV8006" } } });
    if (name === "reviw") expect((refused as Error).message).toContain("Did you mean review?");
  }
  expect(posted).toEqual([]);
});

test("[GATE5] tools come in pages, by number and by the bytes of their schemas; a cursor that is none is refused", async () => {
  const names = Array.from({ length: mcpLimits.tools + 3 }, (_, index) => `flow-${String(index).padStart(3, "0")}`);
  for (const name of names) await publish(name);
  const first = await send("tools/list", {});
  const list = ({ result }: typeof first): string[] => (result?.["tools"] as { name: string }[] | undefined)?.map(({ name }) => name) ?? [];
  expect(list(first)).toHaveLength(mcpLimits.tools + 3);
  const second = await send("tools/list", { cursor: first.result?.["nextCursor"] });
  expect(list(second)).toEqual(names.slice(mcpLimits.tools));
  expect(second.result).not.toHaveProperty("nextCursor");
  // Schemas of which three don't fit a page.
  const input = { type: "object", description: "x".repeat(mcpLimits.toolBytes * 0.4) };
  for (const name of ["a-large", "b-large", "c-large"]) await publish(name, { input });
  expect((await send("tools/list", {})).result).toMatchObject({ nextCursor: "b-large" });
  expect((await send("tools/list", { cursor: "No page" })).error).toMatchObject({ code: -32602 });
});

test("[GATE6] a call posts one event to the workflow, under the caller's key: again it is the same event", async () => {
  await publish("review");
  fakes.threads.set(thread, ["a"]);
  const created = await call("review", { pr: 7 }, { "dev.nerveflare/idempotency-key": "k1" });
  expect(created.result).toMatchObject({ resultType: "task", taskId: thread, status: "working" });
  await call("review", { pr: 7 }, {}, { headers: { "idempotency-key": "k1" } });
  await call("review", { pr: 7 });
  const [one, two, three] = posted.map(({ event }) => event);
  expect(one).toMatchObject({ type: "mcp.call", to: "workflows/review", data: { pr: 7 } });
  expect(two?.id).toBe(one?.id);
  expect(three?.id).not.toBe(one?.id);
  expect((await call("review", {}, { "dev.nerveflare/idempotency-key": "" })).error).toMatchObject({ code: -32602 });
  expect((await call("review", {}, { "dev.nerveflare/idempotency-key": "x".repeat(256) })).error).toMatchObject({ code: -32602 });
  expect(posted).toHaveLength(3);
});

test("[GATE7] a client without Tasks is told the thread, where it is shown, and how to go on; one that asks for tasks all the same is told what it lacks", async () => {
  await publish("review");
  fakes.threads.set(thread, ["a"]);
  const client = await connect();
  expect(await client.callTool({ name: "review", arguments: {} })).toMatchObject({
    content: [{ text: expect.stringContaining(thread) }, { text: expect.stringContaining("thread_status") }],
    structuredContent: { thread, workflow: "w", link: `http://nerveflare.test/ui/threads/${thread}` },
  });
  for (const method of ["tasks/get", "tasks/update", "tasks/cancel"])
    expect((await send(method, { taskId: thread, inputResponses: {} }, { capabilities: {} })).error, method).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: tasks },
    });
});

test("[GATE8] an operator whose token only reads lists and looks, and changes nothing; what others order is in the audit", async () => {
  await publish("review");
  fakes.threads.set(thread, ["a"]);
  const { token } = (await app.call("POST", "/v1/operators", { body: { name: "reader", access: "read" } })).body as { token: string };
  const reader = await connect(token);
  expect((await reader.listTools()).tools).toHaveLength(4);
  expect(await reader.callTool({ name: "thread_status", arguments: { thread } })).toMatchObject({
    structuredContent: { status: "running" },
  });
  for (const [name, args] of [
    ["review", {}],
    ["thread_cancel", { thread }],
    ["thread_resume", { thread }],
  ] as const)
    expect(await reader.callTool({ name, arguments: args }), name).toMatchObject({
      isError: true,
      structuredContent: { problem: { code: "forbidden", nrv: "NRV8005" } },
    });
  const controls = () => fakes.calls.filter(({ method }) => method === "control").map(({ args }) => args.slice(0, 2));
  expect(controls()).toEqual([]);
  const chief = await connect();
  await chief.callTool({ name: "thread_cancel", arguments: { thread, reason: "wrong" } });
  expect(controls()).toEqual([["cancel", "admin"]]);
  const { decisions } = (await app.call("GET", "/v1/audit?action=threads.cancel")).body;
  expect(decisions).toMatchObject([{ operator: "admin", target: thread, path: "/mcp", status: 202 }]);
});

test("[GATE9] an agent orders the threads that it began, sees those that it takes part in, and no others", async () => {
  const [own, other, stranger] = [await app.register("a"), await app.register("b"), await app.register("c")];
  fakes.threads.set(thread, ["a", "b"]);
  const cancel = async (token: string) => (await connect(token)).callTool({ name: "thread_cancel", arguments: { thread } });
  expect(await cancel(own)).toMatchObject({ structuredContent: { thread } });
  expect(await cancel(other)).toMatchObject({ isError: true, structuredContent: { problem: { code: "forbidden" } } });
  expect(await cancel(stranger)).toMatchObject({ isError: true, structuredContent: { problem: { code: "not_found" } } });
  expect(fakes.calls.filter(({ method }) => method === "control").map(({ args }) => args[1])).toEqual(["agents/a"]);
  const unseen = await send("tasks/get", { taskId: thread }, { token: stranger });
  expect(unseen).toMatchObject({ error: { code: -32602, data: { problem: { code: "not_found" } } } });
  expect(await send("tasks/get", { taskId: "../x" }, { token: own })).toMatchObject({ error: { code: -32602 } });
});

test("[GATE10] an answer resumes the suspension that it is to, once; a refusal, an old answer and an answer to nothing change nothing", async () => {
  fakes.threads.set(thread, ["a"]);
  const since = "2026-11-20T12:00:00.000Z";
  shown = { status: "suspended", waiting: { for: "person", text: "suspended", since, then: "somebody resumes it" } };
  const capabilities = { ...tasks, elicitation: {} };
  const asked = await send("tasks/get", { taskId: thread }, { capabilities });
  const [name = ""] = Object.keys(asked.result?.["inputRequests"] as object);
  const update = (inputResponses: object) => send("tasks/update", { taskId: thread, inputResponses }, { capabilities });
  const orders = () => fakes.calls.filter(({ method }) => method === "control").map(({ args }) => args);
  for (const nothing of [
    {},
    { other: { action: "accept", content: {} } },
    { [name]: { action: "decline" } },
    { [name]: { action: "cancel" } },
  ])
    expect((await update(nothing)).result, JSON.stringify(nothing)).toMatchObject({ resultType: "complete" });
  expect(orders()).toEqual([]);
  await update({ [name]: { action: "accept", content: { answer: "yes" } } });
  expect(orders()).toMatchObject([["resume", "admin", { supplement: { answer: "yes" } }]]);
  shown = { status: "running" };
  await update({ [name]: { action: "accept", content: { answer: "yes" } } });
  expect(orders()).toHaveLength(1);
  shown = { status: "completed" };
  expect((await send("tasks/cancel", { taskId: thread })).result).toMatchObject({ resultType: "complete" });
  expect(orders()).toHaveLength(1);
});

test("[GATE19] a thread whose objects were emptied is the task that it was, and takes no order any more", async () => {
  const at = "2026-11-20T12:00:00.000Z";
  const event = { specversion: "1.0", id: "e", source: "/agents/a", type: "mcp.call", time: at };
  const outcome = { status: "completed", role: "reviewer", output: { verdict: "fine" }, prompt: null };
  const view = {
    id: thread,
    workflow: "review",
    revision: "r",
    status: "completed",
    createdAt: at,
    updatedAt: at,
    event,
    roles: {},
    round: 1,
    children: [],
    outcome,
  };
  await db
    .prepare("INSERT INTO thread_archive (thread, at, view, messages) VALUES (?, ?, ?, '[]')")
    .bind(thread, Date.parse(at), JSON.stringify(view))
    .run();
  expect((await send("tasks/get", { taskId: thread })).result).toMatchObject({
    status: "completed",
    result: { structuredContent: { verdict: "fine" } },
  });
  expect((await send("tasks/cancel", { taskId: thread })).result).toMatchObject({ resultType: "complete" });
  const client = await connect();
  expect(await client.callTool({ name: "thread_resume", arguments: { thread } })).toMatchObject({
    isError: true,
    structuredContent: { problem: { code: "not_allowed_now", detail: expect.stringContaining("archived") } },
  });
  expect(await client.callTool({ name: "thread_status", arguments: { thread, steps_after: 0 } })).toMatchObject({
    structuredContent: { status: "completed", steps: [] },
  });
});

test("[GATE11] what is wrong with a call says what to change; what nobody expected is logged, and told by its number alone", async () => {
  const client = await connect();
  const misfit = await client.callTool({ name: "thread_status", arguments: { thread: 7, wait: 3 } });
  expect(misfit).toMatchObject({ isError: true, structuredContent: { problem: { code: "malformed" } } });
  expect(JSON.stringify(misfit)).toMatch(/thread: (.|\n)*wait/);
  fakes.threads.set(thread, ["a"]);
  fakes.failures.set(`recruitment/${thread}.show`, new Error("a secret of the storage"));
  const failed = JSON.stringify(await client.callTool({ name: "thread_status", arguments: { thread } }));
  expect(failed).toMatch(/NRV/);
  expect(failed).not.toContain("secret");
  expect(JSON.stringify(app.logged)).toContain("a secret of the storage");
  fakes.failures.set(`recruitment/${thread}.show`, new Error("a secret of the storage"));
  expect(JSON.stringify(await send("tasks/get", { taskId: thread }))).not.toContain("secret");
  const large = await call("thread_status", { thread: "x".repeat(mcpLimits.bodyBytes) });
  expect(large).toMatchObject({ status: 413, error: expect.anything() });
});

test("[GATE12] without a token, or with a wrong one, a call is 401 with the scheme; another method than POST is 405, and a page of elsewhere is refused", async () => {
  const ask = (init: RequestInit) => app.fetch(new Request("http://nerveflare.test/mcp", init));
  for (const headers of [{}, { authorization: "Bearer wrong" }] as Record<string, string>[]) {
    const refused = await ask({ method: "POST", body: "{}", headers: { ...headers, "content-type": "application/json" } });
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  }
  for (const method of ["GET", "DELETE"])
    expect((await ask({ method, headers: { authorization: `Bearer ${adminToken}` } })).status, method).toBe(405);
  const page = await ask({
    method: "POST",
    body: "{}",
    headers: { authorization: `Bearer ${adminToken}`, origin: "https://evil.example" },
  });
  expect(page.status).toBe(403);
});
