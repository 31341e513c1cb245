/** [BRIDGE] A remote A2A agent, as the SDK serves one, holds a role: messages, refusals, questions, ends, restarts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TaskState } from "@a2a-js/sdk";
import { expect, onTestFinished, test } from "vitest";
import { createRemoteHandler } from "../../../src/a2a/create-remote-handler.ts";
import { findCardFault, openRemote } from "../../../src/a2a/open-remote.ts";
import { readReply, writeParts } from "../../../src/a2a/read-reply.ts";
import { createRemoteTasks, type RemoteTasks } from "../../../src/a2a/remote-tasks.ts";
import { ClientError } from "../../../src/client/client-error.ts";
import type { InvalidAnswer, TurnContext, TurnOutput } from "../../../src/client/handlers.ts";
import type { TurnAssigned } from "../../../src/contract/kinds/turn.ts";
import { type RemoteServer, serveRemote, type Work } from "./remote-server.ts";

const { TASK_STATE_WORKING: working, TASK_STATE_COMPLETED: completed, TASK_STATE_INPUT_REQUIRED: asks } = TaskState;

const schema = { type: "object", required: ["verdict"], properties: { verdict: { enum: ["ok", "bad"] } } };

function makeTurn(more: Partial<TurnAssigned> = {}): TurnAssigned {
  return {
    ...{ turn: "t1.1:1", lease: { generation: 1, expires: "2099-01-01T00:00:00Z" }, thread: "t1", workflow: "review" },
    ...{
      role: { name: "reviewer", schema, goal: "Review." },
      prompt: "Review pull request 7.",
      round: 1,
      deadline: new Date(Date.now() + 60_000).toISOString(),
    },
    heartbeat: { every: "30s", miss: 3 },
    event: { specversion: "1.0", id: "e", source: "/agents/ann", type: "pr.ready", time: "2026-11-20T12:00:00Z", data: { pr: 7 } },
    ...{ last: null, history: "/v1/threads/t1/messages" },
    ...more,
  };
}

async function bridge(work: Work, options: { streaming?: boolean; tasks?: RemoteTasks; keeps?: boolean; timeoutMs?: number } = {}) {
  const server = await serveRemote(work, options);
  onTestFinished(() => server.close());
  const { tasks = createRemoteTasks(), keeps, timeoutMs } = options;
  const handler = createRemoteHandler({ remote: await openRemote(server.url, {}), tasks, keeps, timeoutMs, note: () => {} });
  return { server, perform: (turn = makeTurn(), of: Partial<TurnContext> = {}) => run(handler, turn, of) };
}

const progress: string[] = [];

async function run(handler: ReturnType<typeof createRemoteHandler>, turn: TurnAssigned, of: Partial<TurnContext>): Promise<TurnOutput> {
  progress.length = 0;
  const context: TurnContext = {
    signal: new AbortController().signal,
    progress: (note) => progress.push(note),
    onUpdate: () => {},
    usage: () => {},
    artifacts: {} as never,
    send: async () => ({ id: "x", status: "accepted", threads: [], notes: [] }),
    ...of,
  };
  return (await handler(turn, context)) as TurnOutput;
}

test.for([true, false])(
  "[BRIDGE1] a turn is a message with prompt, schema and inputs, and the task's words its output (streaming: %s)",
  async (streaming) => {
    const { server, perform } = await bridge(
      ({ say }) => {
        say(working, "reading");
        say(completed, 'I think so.\n```json\n{"verdict": "ok"}\n```');
      },
      { streaming },
    );
    expect(await perform()).toEqual({ verdict: "ok" });
    const [first] = server.heard;
    expect(first?.text).toMatch(/^Review pull request 7\./);
    expect(JSON.parse(first?.text.split("\n").at(-1) ?? "")).toMatchObject({
      schema,
      event: { data: { pr: 7 } },
      role: { name: "reviewer", goal: "Review." },
    });
    expect(first?.messageId).toBe("nerveflare.t1.1:1.0");
    if (streaming) expect(progress).toContain("reading");
  },
);

test("[BRIDGE2] prose goes back to the remote agent, which has three answers in all; a refusal of the server's does too, and counts", async () => {
  const { server, perform } = await bridge(({ say, turn }) => say(completed, turn < 3 ? "Looks fine to me." : '{"verdict": "ok"}'));
  expect(await perform()).toEqual({ verdict: "ok" });
  expect(server.heard.map(({ text }) => text.split("\n")[0])).toEqual([
    "Review pull request 7.",
    "Your answer was not taken:",
    "Your answer was not taken:",
  ]);
  expect(server.heard[1]?.references).toEqual([server.heard[0]?.taskId]);
  expect(new Set(server.heard.map(({ contextId }) => contextId)).size).toBe(1);
  const talkative = await bridge(({ say }) => say(completed, "Looks fine to me."));
  await expect(talkative.perform()).rejects.toThrow(/no JSON object|You answered/);
  expect(talkative.server.heard).toHaveLength(3);
  const invalid: InvalidAnswer = { errors: [{ path: "/verdict", message: "is neither" }], left: 1, output: {} };
  await expect(talkative.perform(makeTurn(), { invalid })).rejects.toThrow();
  expect(talkative.server.heard.slice(3).map(({ text }) => text)).toEqual([expect.stringContaining("/verdict: is neither")]);
});

test("[BRIDGE3] a task that asks for input suspends the thread, and the supplement goes on with it; one that asks for authorization says so", async () => {
  const { server, perform } = await bridge(({ say, text }) => {
    if (text.startsWith("Review")) say(asks, "Which branch?");
    else say(completed, `{"verdict": "${text === "main" ? "ok" : "bad"}"}`);
  });
  expect(await perform()).toEqual({ $status: "$SUSPEND", reason: "Which branch?" });
  const resumed = { reason: "by ann", supplement: "main" };
  expect(await perform(makeTurn({ turn: "t1.1:2", round: 2, resumed }))).toEqual({ verdict: "ok" });
  expect(server.heard[1]?.taskId).toBe(server.heard[0]?.taskId);
  const locked = await bridge(({ say }) => say(TaskState.TASK_STATE_AUTH_REQUIRED, "Sign in at https://x.example"));
  expect(await locked.perform()).toEqual({
    $status: "$SUSPEND",
    auth: true,
    reason: "The remote agent asks for authorization: Sign in at https://x.example",
  });
});

test.for([
  ["TASK_STATE_FAILED", true, /task failed: no disk/],
  ["TASK_STATE_REJECTED", false, /rejected the task: no disk/],
  ["TASK_STATE_CANCELED", false, /cancelled the task: no disk/],
] as const)("[BRIDGE4] a remote task that is %s fails the turn, with why", async ([state, retryable, message]) => {
  const { perform } = await bridge(({ say }) => say(TaskState[state], "no disk"));
  await expect(perform()).rejects.toMatchObject({ name: "TurnFailure", retryable, message: expect.stringMatching(message) });
});

test("[BRIDGE5] a task that never ends is cancelled at its deadline, and when the turn is revoked; not when the agent keeps its roles", async () => {
  const never: Work = ({ say }) => {
    say(working, "on it");
    return new Promise(() => {});
  };
  const slow = await bridge(never, { timeoutMs: 500 });
  await expect(slow.perform()).rejects.toThrow(/did not end its task in time/);
  expect(slow.server.cancelled).toEqual([slow.server.heard[0]?.taskId]);
  for (const [code, keeps, expected] of [
    ["revoked", true, 1],
    ["closed", true, 0],
    ["closed", false, 1],
  ] as const) {
    const { server, perform } = await bridge(never, { keeps });
    const controller = new AbortController();
    const done = perform(makeTurn(), {
      signal: controller.signal,
      progress: () => controller.abort(new ClientError(code, "over")),
    });
    await expect(done, code).rejects.toThrow();
    expect(server.cancelled, `${code}, keeps: ${keeps}`).toHaveLength(expected);
  }
});

test("[BRIDGE6] a restart goes on with the remote task that it began, and sends again what may not have come through, under the same id", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-bridge-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "state.tasks");
  const gate = Promise.withResolvers<void>();
  const { server, perform } = await bridge(
    async ({ say }) => {
      say(working, "on it");
      await gate.promise;
      say(completed, '{"verdict": "ok"}');
    },
    { tasks: createRemoteTasks(file), keeps: true },
  );
  const controller = new AbortController();
  const first = perform(makeTurn(), { signal: controller.signal, progress: () => controller.abort(new ClientError("closed", "bye")) });
  await expect(first).rejects.toThrow();
  const again = createRemoteHandler({ remote: await openRemote(server.url, {}), tasks: createRemoteTasks(file), note: () => {} });
  const done = run(again, makeTurn(), {});
  gate.resolve();
  expect(await done).toEqual({ verdict: "ok" });
  expect(server.heard).toHaveLength(1);
  // Killed between sending and hearing of the task.
  writeFileSync(file, JSON.stringify({ "t1/reviewer": { turn: "t1.1:9", taskId: "", contextId: "", sent: 1, waits: false } }));
  const later = createRemoteHandler({ remote: await openRemote(server.url, {}), tasks: createRemoteTasks(file), note: () => {} });
  await run(later, makeTurn({ turn: "t1.1:9" }), {});
  expect(server.heard.at(-1)?.messageId).toBe("nerveflare.t1.1:9.0");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ "t1/reviewer": { turn: "t1.1:9", taskId: server.heard.at(-1)?.taskId } });
  writeFileSync(file, "[1]");
  expect(() => createRemoteTasks(file)).toThrow(/something else/);
});

test("[BRIDGE7] a remote agent that vanishes is asked again, one that refuses the token is not", async () => {
  const { server, perform } = await bridge(({ say }) => say(completed, '{"verdict": "ok"}'));
  server.fail.status = 503;
  setTimeout(() => Object.assign(server.fail, { status: 0 }), 300);
  expect(await perform()).toEqual({ verdict: "ok" });
  server.fail.status = 401;
  await expect(perform(makeTurn({ turn: "t1.1:3" }))).rejects.toMatchObject({ name: "TurnFailure", retryable: false });
});

test("[BRIDGE8] a card that is none, or of another version, is refused before any turn, with what to do", async () => {
  const refusal = async (url: string) =>
    openRemote(url, {}).catch((error: { message: string; hint: string }) => `${error.message} ${error.hint}`);
  expect(await refusal("ftp://x")).toMatch("no address");
  const gone: RemoteServer = await serveRemote(() => {});
  await gone.close();
  expect(await refusal(gone.url)).toMatch(/No card could be got .* NERVEFLARE_REMOTE_TOKEN/);
  for (const [card, why] of [
    [{ supportedInterfaces: undefined }, "cards of A2A 0.3 have none"],
    [{ name: "" }, "no `name`"],
    [{ supportedInterfaces: [{ url: "not one", protocolBinding: "JSONRPC" }] }, "no `url`"],
    [{ supportedInterfaces: [{ url: "https://x.example", protocolBinding: "GRPC", protocolVersion: "1.0" }] }, "names no way"],
  ] as const) {
    const server = await serveRemote(() => {}, { card });
    onTestFinished(() => server.close());
    expect(await refusal(server.url)).toMatch(why);
  }
  expect(findCardFault([])).toBe("it is no object");
});

test("[BRIDGE1] data counts as text does, prose where the role takes a text, and files by their names", () => {
  const frame = { metadata: undefined, filename: "", mediaType: "" };
  expect(
    writeParts([
      { ...frame, content: { $case: "text", value: "a" } },
      { ...frame, content: { $case: "data", value: { b: 1 } } },
    ]),
  ).toBe('a\n{"b":1}');
  expect(writeParts([{ ...frame, filename: "r.pdf", content: { $case: "url", value: "https://x.example/r.pdf" } }])).toBe(
    "r.pdf: https://x.example/r.pdf",
  );
  expect(readReply("It is fine.", { type: "object", properties: { text: { type: "string" } } })).toEqual({
    ok: true,
    output: { text: "It is fine." },
  });
  expect(readReply("It is fine.", schema)).toMatchObject({ ok: false, mend: expect.not.stringContaining("program") });
  expect(readReply("", {})).toMatchObject({ ok: false });
});
