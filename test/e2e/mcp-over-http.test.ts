/** The server as an MCP server, over HTTP: the SDK's own clients, with Tasks and without, its conformance suite and its inspector. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type CallToolResult, Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  createTaskSessionFromClient,
  type TaskEnabledSession,
  type TaskView,
  type WithTasksOptions,
} from "@modelcontextprotocol/ext-tasks/client";
import { isDetailedTaskV2 } from "@modelcontextprotocol/ext-tasks/core/v2";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Agent, connectAgent } from "../../src/client/index.ts";
import { createOperator, type Facts, type Operator } from "./operator.ts";
import { type Afterwards, makeDataFolder, startTestServer } from "./server-process.ts";

const revision = "2026-07-28";
const tasksExtension = "io.modelcontextprotocol/tasks";
const run = promisify(execFile);
const modules = (path: string) => join(import.meta.dirname, "../../node_modules", path);
const clientInfo = { name: "test", version: "1" };
const clientCapabilities = { elicitation: { form: {} }, extensions: { [tasksExtension]: {} } };

const greet = `name: greet
description: Greets a guest.
binding: cloud
expose: true
input:
  type: object
  properties: { guest: { type: string, description: Who is greeted. } }
  required: [guest]
roles:
  greeter:
    goal: Greet.
    capabilities: [greeting]
    frontmatter: { properties: { $status: { const: greeted }, text: { type: string } }, required: [$status, text] }
graph:
  $START:
    new: { role: greeter, prompt: "Greet {{ data.guest }}." }
  greeter:
    greeted: { role: $END, prompt: "{{ text }}" }
`;

let facts: Facts;
let data: string;
let server: Awaited<ReturnType<typeof startTestServer>>;
let operator: Operator;
let agent: Agent;
const endings: (() => Promise<void>)[] = [];
const afterwards: Afterwards = (work) => void endings.unshift(work);

/** What the agent has seen, and what it is to do. */
const turns: { prompt: string; resumed?: unknown }[] = [];
let answer: (turn: { prompt: string; resumed?: { supplement?: unknown } }) => object | Promise<object> = () => ({});

beforeAll(async () => {
  data = await makeDataFolder(afterwards);
  server = await startTestServer(data, {}, afterwards);
  ({ facts } = server);
  operator = createOperator(facts);
  await publish(greet);
  await publish(greet.replace("name: greet", "name: hidden").replace("expose: true", "expose: false"));
  const token = await operator.add("greeter", ["greeting"]);
  agent = connectAgent({
    ...{ url: facts.url, token, slots: 10, random: () => 0, onNote: () => {} },
    onTurn: {
      "greet/greeter": async (turn) => {
        turns.push(turn as never);
        return (await answer(turn as never)) as never;
      },
    },
  });
  await agent.ready;
});

afterAll(async () => {
  await agent?.close();
  for (const end of endings) await end();
});

async function publish(text: string): Promise<void> {
  const name = /^name: (.*)$/m.exec(text)?.[1];
  await operator.call("PUT", `v1/workflows/${name}`, { body: text, contentType: "application/yaml" });
}

async function connect(mode: "auto" | "legacy", token = facts.adminToken): Promise<Client> {
  const client = new Client(clientInfo, {
    capabilities: mode === "legacy" ? {} : clientCapabilities,
    ...(mode === "auto" && { versionNegotiation: { mode: { pin: revision } } }),
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${facts.url}/mcp`), { authProvider: { token: async () => token } }));
  return client;
}

type Message = { result?: { [member: string]: unknown }; error?: { code: number; message: string; data?: unknown } };

/** One message of the revision with Tasks, as the SDK's transport frames it; the SDK's own client refuses results of the extension. */
async function send(
  request: { method: string; params?: object },
  { token = facts.adminToken, capabilities = clientCapabilities as object, headers = {} } = {},
): Promise<Message & { status: number; headers: Headers }> {
  const { method, params = {} } = request as { method: string; params?: { [name: string]: unknown } };
  const name = params["taskId"] ?? params["name"];
  const meta = {
    ...(params["_meta"] as object | undefined),
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientInfo": clientInfo,
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  const response = await fetch(`${facts.url}/mcp`, {
    method: "POST",
    headers: {
      ...{ authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...{ "mcp-protocol-version": revision, "mcp-method": method, ...(typeof name === "string" && { "mcp-name": name }), ...headers },
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } }),
  });
  return { ...((await response.json()) as Message), status: response.status, headers: response.headers };
}

/** The extension's own client over the SDK's. */
async function openSession(token = facts.adminToken, options: WithTasksOptions = {}): Promise<TaskEnabledSession> {
  const client = await connect("auto", token);
  return createTaskSessionFromClient(client, {
    ...options,
    endpointId: "server",
    v2RequestFraming: { protocolVersion: revision, clientInfo, clientCapabilities },
    rawDispatch: async (request) => {
      const { result, error } = await send(request as never, { token });
      return error ? { kind: "error", error: error as never } : { kind: "result", result: result as never };
    },
  });
}

const hello = { $status: "greeted", text: "Hello, Ada!" };
const readTask = async (taskId: string) => (await send({ method: "tasks/get", params: { taskId } })).result as { status: string };

test("[GATE13] a client of Tasks follows a call to its end, and answers what is asked on the way", async () => {
  const asked: unknown[] = [];
  const seen: TaskView[] = [];
  answer = ({ resumed }) => (resumed ? hello : { $status: "$SUSPEND", reason: "Which of the two Adas?" });
  const session = await openSession(facts.adminToken, {
    onInputRequest: async (request) => {
      asked.push(request);
      return { action: "accept", content: { answer: "Lovelace" } } as never;
    },
  });
  const execution = await session.callTool("greet", { guest: "Ada" });
  expect(execution.kind).toBe("task");
  const { outcome } = await execution.settle({ onEvent: (event) => void (event.type === "task" && seen.push(event.task)) });
  expect(outcome).toMatchObject({
    status: "completed",
    result: { structuredContent: hello, content: [{ text: JSON.stringify(hello) }, { text: "Hello, Ada!" }] },
  });
  expect(asked).toMatchObject([
    { kind: "elicitation", params: { message: expect.stringContaining("is suspended: Which of the two Adas?") } },
  ]);
  expect(turns.at(-1)).toMatchObject({ resumed: { supplement: { answer: "Lovelace" } } });
  expect(seen.map(({ status }) => status)).toContain("input_required");
  await session.close();
});

test("[GATE14] a task outlives the server's death in mid-turn, and the same call again begins nothing", async () => {
  const performing = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  answer = async () => {
    performing.resolve();
    await finish.promise;
    return hello;
  };
  const call = (session: TaskEnabledSession) =>
    session.callTool("greet", { guest: "Ada" }, { metadata: { "dev.nerveflare/idempotency-key": "before-the-death" } });
  const before = await openSession();
  const execution = await call(before);
  if (execution.kind !== "task") throw new Error("It was answered at once.");
  const reference = execution.serializeReference();
  const { taskId } = reference;
  await execution.detach();
  await performing.promise;
  server.child.kill("SIGKILL");
  await server.ended;
  server = await startTestServer(data, { port: Number(new URL(facts.url).port) }, afterwards);
  const again = await call(await openSession());
  expect(again.handle).toMatchObject({ taskId });
  await again.detach();
  expect(await readTask(taskId)).toMatchObject({ status: "working", statusMessage: expect.stringContaining("greeter") });
  const session = await openSession();
  const resumed = await session.resumeTask(reference);
  finish.resolve();
  expect((await resumed.settle()).outcome).toMatchObject({ status: "completed", result: { structuredContent: hello } });
  await session.close();
});

test("[GATE15] a task that is cancelled is cancelled as a thread, and its agent is told", async () => {
  const performing = Promise.withResolvers<void>();
  answer = async () => {
    performing.resolve();
    // Until the turn is taken back.
    return new Promise<never>(() => {});
  };
  const session = await openSession();
  const execution = await session.callTool("greet", { guest: "Ada" });
  await performing.promise;
  await execution.cancel();
  const taskId = execution.handle?.taskId as string;
  await vi.waitFor(async () => expect(await readTask(taskId)).toMatchObject({ status: "cancelled" }), { timeout: 20_000, interval: 100 });
  expect(isDetailedTaskV2(await readTask(taskId))).toBe(true);
  expect(await operator.call("GET", `v1/threads/${taskId}`)).toMatchObject({ status: "cancelled" });
  await vi.waitFor(async () => expect((await agent.me()).turns).toEqual([]), { timeout: 20_000, interval: 100 });
  await session.close();
});

test("[GATE16] a client of an earlier revision starts a workflow with an agent's token, and waits for its end by a tool", async () => {
  answer = () => hello;
  const client = await connect("legacy", await operator.add("starter", []));
  expect(client.getServerVersion()).toMatchObject({ name: "nerveflare" });
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["thread_status", "thread_resume", "thread_cancel", "greet"]);
  const refused = await client.callTool({ name: "greet", arguments: { guest: 7 } });
  expect(refused).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/guest: must be a string(.|\n)*malformed, NRV8001/) }],
  });
  const begun = (await client.callTool({ name: "greet", arguments: { guest: "Ada" } })) as CallToolResult;
  const { thread } = begun.structuredContent as { thread: string };
  await vi.waitFor(
    async () =>
      expect(await client.callTool({ name: "thread_status", arguments: { thread, wait_seconds: 20, steps_after: 0 } })).toMatchObject({
        structuredContent: {
          status: "completed",
          outcome: { output: hello },
          steps: [{ role: "greeter", agent: "greeter", output: hello }],
        },
      }),
    { timeout: 60_000 },
  );
  expect(await client.callTool({ name: "thread_cancel", arguments: { thread } })).toMatchObject({
    isError: true,
    structuredContent: { problem: { code: "not_allowed_now" } },
  });
  await client.close();
});

/** A server of this machine that adds the token, for programs that cannot send one; all else passes as it is. */
async function startDoor(): Promise<string> {
  const { hostname, port } = new URL(facts.url);
  const door = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${facts.adminToken}` };
    const passed = request({ hostname, port, path: incoming.url, method: incoming.method, headers }, (answered) => {
      outgoing.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(door, "listening");
  onTestFinished(() => void door.close());
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}/mcp`;
}

/** Scenarios of the suite that this server cannot pass, by the reason. */
const doesNotApply: { [reason: string]: string[] } = {
  "calls a tool that the suite wants by a name which no workflow can have, `test_…`": [
    ...["simple-text", "image", "audio", "embedded-resource", "mixed-content", "with-logging", "error", "with-progress", "sampling"].map(
      (each) => `tools-call-${each}`,
    ),
    ...["tools-call-elicitation", "json-schema-2020-12", "elicitation-sep1034-defaults", "elicitation-sep1330-enums"],
  ],
  "needs a session to come back to, and the server has none": ["server-sse-polling", "server-sse-multiple-streams"],
  "sends the right token with another name of the host: a server behind a proxy has any name, and a page that was rebound to it no token": [
    "dns-rebinding-protection",
  ],
  "asks for resources, prompts, completion or a log level: the server has tools alone": [
    ...["list", "read-text", "read-binary", "templates-read", "subscribe", "unsubscribe"].map((each) => `resources-${each}`).slice(1),
    ...["list", "get-simple", "get-with-args", "get-embedded-resource", "get-with-image"].map((each) => `prompts-${each}`),
    ...["resources-list", "completion-complete", "logging-set-level"],
  ],
};

test("[GATE17] the conformance suite finds nothing wrong but in what does not apply", async () => {
  const folder = await makeDataFolder();
  const expected = Object.values(doesNotApply).flat();
  await writeFile(join(folder, "expected.yaml"), `server:\n${expected.map((each) => `  - ${each}\n`).join("")}`);
  const args = ["server", "--url", await startDoor(), "--suite", "all", "--expected-failures", "expected.yaml", "-o", folder];
  // Whoever passes what is expected to fail is a fault of the list, and the suite says so too.
  await run(process.execPath, [modules("@modelcontextprotocol/conformance/dist/index.js"), ...args], {
    cwd: folder,
    maxBuffer: 10_000_000,
  }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${error.stdout.slice(-5_000)}\n${error.stderr}`);
  });
});

test("[GATE18] the inspector lists the tools and calls one", async () => {
  answer = () => hello;
  const inspect = async (...args: string[]) => {
    // It reads its package's name from where it runs.
    const cwd = modules("@modelcontextprotocol/inspector-cli/build");
    const server = [`${facts.url}/mcp`, "--transport", "http", "--header", `Authorization: Bearer ${facts.adminToken}`];
    return JSON.parse((await run(process.execPath, ["index.js", ...server, ...args], { cwd })).stdout);
  };
  const { tools } = await inspect("--method", "tools/list");
  expect(tools).toContainEqual(expect.objectContaining({ name: "greet", inputSchema: expect.objectContaining({ required: ["guest"] }) }));
  const called = await inspect("--method", "tools/call", "--tool-name", "greet", "--tool-arg", "guest=Ada");
  expect(called).toMatchObject({ structuredContent: { workflow: "greet", thread: expect.stringMatching(/^t/) } });
});
