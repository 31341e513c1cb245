/** [ATOA] The SDK's own client against a real server: over both bindings, with an agent that is away, and over a SIGKILL in mid-task. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Role, type SendMessageRequest, type StreamResponse, type Task, TaskState } from "@a2a-js/sdk";
import { type Client, ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, connectAgent, type TurnHandler } from "../../src/client/index.ts";
import { serveRemote } from "../unit/a2a/remote-server.ts";
import { findFreePort } from "./find-free-port.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

type Started = Awaited<ReturnType<typeof startTestServer>>;

const afterwards: (() => Promise<void>)[] = [];
const later = (work: () => Promise<void>): void => void afterwards.push(work);
const bindings = { "JSON-RPC": JsonRpcTransportFactory, "HTTP+JSON": RestTransportFactory };

let data: string;
let port: number;
let server: Started;
let tokens: { [id: string]: string };

const workflow = `
name: ask
description: Asks one agent.
binding: cloud
expose: true
input: { type: object, required: [prompt], properties: { prompt: { type: string } } }
roles:
  worker: { description: Works., goal: Answer., agent: bob, frontmatter: { type: object } }
graph:
  $START: [{ role: worker, prompt: Do it. }]
  worker: [{ role: $END, condition: null, prompt: Done. }]
`;

beforeAll(async () => {
  data = await makeDataFolder(later);
  port = await findFreePort();
  server = await startTestServer(data, { args: ["--port", String(port)] }, later);
  await call("PUT", "/v1/workflows/ask", workflow);
  await call("PUT", "/v1/workflows/closed", workflow.replace("name: ask", "name: closed").replace("expose: true", ""));
  tokens = {};
  for (const id of ["bob", "alice", "caller", "stranger"]) tokens[id] = (await call("POST", "/v1/agents", { id })).token;
  await call("PUT", "/v1/agents/alice/card", { description: "Answers." }, tokens["alice"]);
});

afterAll(async () => {
  for (const work of afterwards.toReversed()) await work();
});

/** Calls the server's own API. */
async function call(method: string, path: string, body?: unknown, token = server.facts.adminToken) {
  const response = await fetch(`${server.facts.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": typeof body === "string" ? "text/yaml" : "application/json" },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

async function openClient(path: string, token = tokens["caller"], binding: keyof typeof bindings = "JSON-RPC"): Promise<Client> {
  const fetchImpl: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${token}` } });
  const factory = new ClientFactory({
    transports: [new bindings[binding]({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  return factory.createFromUrl(`${server.facts.url}${path}/`);
}

function say(text: string, more: Partial<NonNullable<SendMessageRequest["message"]>> = {}, returnImmediately = false): SendMessageRequest {
  const part = { content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "text/plain" };
  return {
    tenant: "",
    metadata: undefined,
    message: {
      ...{ messageId: crypto.randomUUID(), contextId: "", taskId: "", role: Role.ROLE_USER, parts: [part] },
      ...{ metadata: undefined, extensions: [], referenceTaskIds: [] },
      ...more,
    },
    configuration: { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately },
  };
}

async function connect(id: string, onTurn: TurnHandler, afterTest: (work: () => Promise<void>) => void): Promise<Agent> {
  const agent = connectAgent({ url: server.facts.url, token: tokens[id], onTurn, onNote: () => {} });
  afterTest(() => agent.close());
  await agent.ready;
  return agent;
}

const sendFor = async (client: Client, request: SendMessageRequest): Promise<Task> => (await client.sendMessage(request)) as Task;
const textOf = (task: Task): unknown => task.artifacts[0]?.parts[0]?.content?.value;
const stateOf = (task: Task): string => TaskState[task.status?.state ?? 0] ?? "";

async function collect(stream: AsyncIterable<StreamResponse>): Promise<StreamResponse[]> {
  const all: StreamResponse[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

const echo: TurnHandler = (turn) => {
  const { prompt, text } = turn.event.data as { prompt?: string; text?: string };
  return { text: `${prompt ?? text}!${turn.resumed ? ` ${JSON.stringify(turn.resumed.supplement)}` : ""}` };
};

test.for(Object.keys(bindings) as (keyof typeof bindings)[])(
  "[ATOA6] over %s a message to a workflow is a thread, and one to an agent a turn: sent, streamed, got, listed in pages, repeated",
  async (binding, { onTestFinished }) => {
    await connect("bob", echo, onTestFinished);
    await connect("alice", echo, onTestFinished);
    const contextId = `context of ${binding}`;
    for (const path of ["/a2a/workflows/ask", "/a2a/agents/alice"]) {
      const client = await openClient(path, tokens["caller"], binding);
      const request = say("one", { contextId });
      const done = await sendFor(client, request);
      expect([stateOf(done), textOf(done), done.contextId]).toEqual(["TASK_STATE_COMPLETED", "one!", contextId]);
      expect((await sendFor(client, request)).id).toBe(done.id);
      const events = await collect(client.sendMessageStream(say("two", { contextId })));
      const last = events.at(-1)?.payload;
      expect(events[0]?.payload?.$case).toBe("task");
      expect(last?.$case === "statusUpdate" && last.value.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
      const streamed = events.flatMap(({ payload }) => (payload?.$case === "artifactUpdate" ? [payload.value] : []));
      expect(streamed.map(({ artifact }) => artifact?.parts[0]?.content?.value)).toEqual(["two!"]);
      const got = await client.getTask({ tenant: "", id: done.id, historyLength: 1 });
      expect([got.history.length, textOf(got)]).toEqual([1, "one!"]);
      // The index follows the log, which may be a blink behind.
      const list = {
        tenant: "",
        contextId,
        status: TaskState.TASK_STATE_COMPLETED,
        pageToken: "",
        statusTimestampAfter: undefined,
        pageSize: 1,
      };
      await expect.poll(async () => (await client.listTasks(list)).totalSize, { timeout: 20_000 }).toBe(2);
      const first = await client.listTasks(list);
      const second = await client.listTasks({ ...list, pageToken: first.nextPageToken });
      expect([...first.tasks, ...second.tasks].map(({ id }) => id)).toEqual([streamed[0]?.taskId, done.id]);
      expect(second.nextPageToken).toBe("");
    }
  },
);

test("[ATOA7] a suspended thread is input-required and goes on with the next message; a repeat of that is one, and a task that runs or is over takes none", async ({
  onTestFinished,
}) => {
  const gate = Promise.withResolvers<void>();
  await connect(
    "alice",
    async (turn, context) => {
      const { text } = turn.event.data as { text: string };
      if (!turn.resumed) return { $status: "$SUSPEND", reason: "Which colour?", ...(text === "sign" && { auth: true }) };
      await gate.promise;
      return echo(turn, context);
    },
    onTestFinished,
  );
  const client = await openClient("/a2a/agents/alice");
  expect(stateOf(await sendFor(client, say("sign")))).toBe("TASK_STATE_AUTH_REQUIRED");
  const asked = await sendFor(client, say("paint"));
  expect([stateOf(asked), asked.status?.message?.parts[0]?.content?.value]).toEqual(["TASK_STATE_INPUT_REQUIRED", "Which colour?"]);
  const answer = say("blue", { taskId: asked.id }, true);
  await client.sendMessage(answer);
  await client.sendMessage(answer);
  await expect(client.sendMessage(say("red", { taskId: asked.id }))).rejects.toThrow(/waits for no message/);
  await expect(client.sendMessage(say("red", { taskId: asked.id, contextId: "other" }))).rejects.toThrow(/of the context/);
  gate.resolve();
  await expect.poll(async () => textOf(await client.getTask({ tenant: "", id: asked.id })), { timeout: 20_000 }).toBe('paint! "blue"');
  await expect(client.sendMessage(say("red", { taskId: asked.id }))).rejects.toThrow(/is over/);
});

test("[ATOA8] a message to an agent that is offline is submitted at once, outlives a SIGKILL of the server, and is done when the agent comes back", async ({
  onTestFinished,
}) => {
  const client = await openClient("/a2a/agents/alice");
  await expect.poll(async () => (await call("GET", "/v1/agents/alice")).presence.connections, { timeout: 20_000 }).toBe(0);
  const sent = await sendFor(client, say("while away"));
  expect([stateOf(sent), sent.status?.message?.parts[0]?.content?.value]).toEqual([
    ...["TASK_STATE_SUBMITTED", expect.stringContaining("alice is offline")],
  ]);
  // Read up to the first event, so that it is open; its position is where the next one goes on.
  const open = client.resubscribeTask({ tenant: "", id: sent.id });
  const first = await open.next();
  const position = (first.value as StreamResponse).payload?.value?.metadata?.["nerveflare"].position as number;
  expect(position).toBeGreaterThan(0);
  server.child.kill("SIGKILL");
  await server.ended;
  await expect(collect(open)).rejects.toThrow();
  server = await startTestServer(data, { args: ["--port", String(port)] }, later);
  const again = client.resubscribeTask({ tenant: "", id: sent.id });
  expect(((await again.next()).value as StreamResponse).payload?.$case).toBe("task");
  await connect("alice", echo, onTestFinished);
  const rest = await collect(again);
  expect(rest.at(-1)?.payload?.value).toMatchObject({ status: { state: TaskState.TASK_STATE_COMPLETED } });
  // Whoever missed the end, and says where it was, is told; without that there is nothing to follow.
  const resumed = await fetch(`${server.facts.url}/a2a/agents/alice/tasks/${sent.id}:subscribe`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokens["caller"]}`, "last-event-id": String(position), "a2a-version": "1.0" },
  });
  expect(await resumed.text()).toMatch(/^id: \d+\ndata: \{"task".*TASK_STATE_COMPLETED/);
  await expect(collect(client.resubscribeTask({ tenant: "", id: sent.id }))).rejects.toThrow(/is over/);
});

test("[ATOA9] a task is cancelled by who began it; strangers see none of it, and what has no card is not there", async () => {
  const client = await openClient("/a2a/workflows/ask");
  const sent = await sendFor(client, say("for long", {}, true));
  const stranger = await openClient("/a2a/workflows/ask", tokens["stranger"]);
  for (const ask of [
    () => stranger.getTask({ tenant: "", id: sent.id }),
    () => stranger.cancelTask({ tenant: "", id: sent.id, metadata: undefined }),
    () => collect(stranger.resubscribeTask({ tenant: "", id: sent.id })),
    () => client.getTask({ tenant: "", id: "taaaaaaaaaaaaaaaaaaaaaaaaa" }),
  ])
    await expect(ask()).rejects.toMatchObject({ name: expect.stringMatching(/TaskNotFound/) });
  const bob = await openClient("/a2a/workflows/ask", tokens["bob"]);
  await expect(bob.cancelTask({ tenant: "", id: sent.id, metadata: undefined })).rejects.toThrow(/begun by somebody else/);
  expect(stateOf(await client.cancelTask({ tenant: "", id: sent.id, metadata: undefined }))).toBe("TASK_STATE_CANCELED");
  expect(stateOf(await client.cancelTask({ tenant: "", id: sent.id, metadata: undefined }))).toBe("TASK_STATE_CANCELED");
  for (const path of ["/a2a/workflows/closed", "/a2a/workflows/nothing", "/a2a/agents/bob", "/a2a/others/ask"])
    await expect(openClient(path), path).rejects.toThrow(/404/);
  await expect(openClient("/a2a/workflows/ask", "nobody")).rejects.toThrow(/401/);
  // By name no agent begins a turn of one that has no card, whichever way it asks.
  const direct = { id: "by-name", type: "a.b", to: "workflows/direct-turn", data: { agent: "bob", text: "hi" } };
  await expect(call("POST", "/v1/events", direct, tokens["caller"])).rejects.toThrow(/404/);
});

test("[ATOA10] the server's extended card lists what there is, and a message to it names its skill", async ({ onTestFinished }) => {
  await connect("bob", echo, onTestFinished);
  const client = await openClient("");
  const card = await client.getAgentCard();
  expect(card.skills.map(({ id }) => id)).toEqual(["workflows/ask", "agents/alice"]);
  await expect(client.sendMessage(say("to whom?"))).rejects.toThrow(/workflows\/ask, agents\/alice/);
  await expect(client.sendMessage({ ...say("to whom?"), metadata: { skill: "workflows/closed" } })).rejects.toThrow(/no skill/);
  expect(textOf(await sendFor(client, { ...say("by skill"), metadata: { skill: "workflows/ask" } }))).toBe("by skill!");
});

test("[ATOA11] a message that is too large, a version that is not spoken, a method that is none, and a read-only token that sends are refused in the protocol's form", async () => {
  const reader = (await call("POST", "/v1/operators", { name: "reader", access: "read" })).token as string;
  const post = async (body: string, headers: Record<string, string> = {}, token = tokens["caller"]) => {
    const init = { method: "POST", body, headers: { authorization: `Bearer ${token}`, "a2a-version": "1.0", ...headers } };
    const response = await fetch(`${server.facts.url}/a2a/workflows/ask`, init);
    return (await response.json()) as { id: unknown; error: { code: number; message: string; data: { metadata: object }[] } };
  };
  const rpc = (method: string, params: object): string => JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });
  const { message } = say("x");
  const large = rpc("SendMessage", { message: { ...message, role: "ROLE_USER", parts: [{ text: "x".repeat(400_000) }] } });
  expect((await post(large)).error.data[0]?.metadata).toMatchObject({ code: "too_large", nrv: "NRV8014" });
  expect(await post(rpc("GetTask", { id: "x" }), { "a2a-version": "0.3" })).toMatchObject({ id: 7, error: { code: -32009 } });
  expect(await post(rpc("message/send", {}))).toMatchObject({ id: 7, error: { code: -32601 } });
  expect(await post("{")).toMatchObject({ error: { code: expect.any(Number) } });
  const sent = await post(rpc("SendMessage", { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "x" }] } }), {}, reader);
  expect(sent.error.data[0]?.metadata).toMatchObject({ code: "forbidden" });
  expect((await post(rpc("ListTasks", {}), {}, reader)) as object).toHaveProperty("result.tasks");
});

test("[ATOA14] what becomes of a task is pushed in its order, again where the receiver failed, and ends with the task; a private address is refused before anything begins", async ({
  onTestFinished,
}) => {
  const got: {
    id: unknown;
    token: unknown;
    authorization: unknown;
    body: { task?: unknown; statusUpdate?: { status: { state: string } } };
  }[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      // The second config may hear of the task before it is deleted.
      if (request.url !== "/task") return void response.writeHead(204).end();
      const { "webhook-id": id, "x-a2a-notification-token": token, authorization } = request.headers;
      got.push({ id, token, authorization, body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.writeHead(got.length === 1 ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void receiver.close());
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/task`;
  const config = { tenant: "", id: "", taskId: "", url, token: "of the task", authentication: { scheme: "Bearer", credentials: "secret" } };
  const ask = (text: string, path: string): SendMessageRequest => {
    const request = say(text, { contextId: path }, true);
    return { ...request, configuration: { ...request.configuration, taskPushNotificationConfig: config } as typeof request.configuration };
  };
  const refused = await openClient("/a2a/workflows/ask");
  await expect(refused.sendMessage(ask("nowhere", "refused"))).rejects.toThrow(/private network/);
  server.child.kill("SIGKILL");
  await server.ended;
  server = await startTestServer(data, { args: ["--port", String(port)], env: { NERVEFLARE_PRIVATE_WEBHOOKS: "true" } }, later);
  const client = await openClient("/a2a/workflows/ask");
  expect((await client.getAgentCard()).capabilities?.pushNotifications).toBe(true);
  const sent = await sendFor(client, ask("push", "pushed"));
  const named = { tenant: "", taskId: sent.id, id: sent.id };
  const kept = await client.getTaskPushNotificationConfig(named);
  expect([kept.url, kept.token, kept.authentication?.scheme, kept.authentication?.credentials]).toEqual([url, "", "Bearer", ""]);
  const rest = await openClient("/a2a/workflows/ask", tokens["caller"], "HTTP+JSON");
  await rest.createTaskPushNotificationConfig({ ...config, taskId: sent.id, id: "second", url: `${url}/second` });
  const list = async () => (await rest.listTaskPushNotificationConfig({ tenant: "", taskId: sent.id, pageSize: 0, pageToken: "" })).configs;
  expect((await list()).map(({ id }) => id).toSorted()).toEqual([sent.id, "second"].toSorted());
  const bob = await openClient("/a2a/workflows/ask", tokens["bob"]);
  await expect(bob.getTaskPushNotificationConfig(named)).rejects.toThrow(/begun by somebody else/);
  await rest.deleteTaskPushNotificationConfig({ ...named, id: "second" });
  await expect(rest.getTaskPushNotificationConfig({ ...named, id: "second" })).rejects.toThrow(/no push notification config/);
  await connect("bob", echo, onTestFinished);
  await expect
    .poll(() => got.at(-1)?.body.task, { timeout: 60_000 })
    .toMatchObject({
      ...{ id: sent.id, status: { state: "TASK_STATE_COMPLETED" }, artifacts: [{ parts: [{ text: "push!" }, {}] }] },
    });
  expect(got[1]?.id).toBe(got[0]?.id);
  expect(new Set(got.slice(1).map(({ id }) => id)).size).toBe(got.length - 1);
  expect(got.every(({ token, authorization }) => token === "of the task" && authorization === "Bearer secret")).toBe(true);
  // Whoever answers at once is never seen at work: the end says it.
  const states = got.slice(1, -1).map(({ body }) => body.statusUpdate?.status.state ?? "");
  expect(states.length).toBeGreaterThan(0);
  expect(states.filter((state) => !/^TASK_STATE_(SUBMITTED|WORKING)$/.test(state))).toEqual([]);
  expect(states).toEqual(states.toSorted());
  await expect.poll(list, { timeout: 20_000 }).toEqual([]);
  await expect(client.createTaskPushNotificationConfig({ ...config, taskId: sent.id })).rejects.toThrow(/is over/);
});

test("[BRIDGE9] `nerveflare agent --a2a` has a remote agent hold a role; killed in mid-task and started again, it goes on with the same task", async ({
  onTestFinished,
}) => {
  const gate = Promise.withResolvers<void>();
  const remote = await serveRemote(async ({ say, text }) => {
    say(TaskState.TASK_STATE_WORKING, "on it");
    if (text.includes('"for the remote"')) await gate.promise;
    say(TaskState.TASK_STATE_COMPLETED, '```json\n{"text": "from afar"}\n```');
  });
  onTestFinished(() => remote.close());
  const state = join(await makeDataFolder(later), "state");
  const start = () => {
    const bin = join(import.meta.dirname, "../../bin/nerveflare.js");
    const child = spawn(process.execPath, [bin, "agent", "--a2a", remote.url, "--state", state], {
      env: { ...process.env, NERVEFLARE_URL: server.facts.url, NERVEFLARE_TOKEN: tokens["bob"] },
      stdio: ["ignore", "ignore", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };
  const bridge = start();
  const client = await openClient("/a2a/workflows/ask");
  const sent = await sendFor(client, say("for the remote", {}, true));
  await expect.poll(() => remote.heard.length, { timeout: 60_000 }).toBe(1);
  // Killed before it has heard which task its message began, it sends that message again.
  await expect.poll(() => readFile(`${state}.tasks`, "utf8"), { timeout: 60_000 }).toMatch(/"taskId":"[^"]/);
  bridge.kill("SIGKILL");
  start();
  gate.resolve();
  await expect.poll(async () => textOf(await client.getTask({ tenant: "", id: sent.id })), { timeout: 60_000 }).toBe("from afar");
  expect(remote.heard).toHaveLength(1);
});
