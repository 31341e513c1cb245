/** [ATOA] Threads as tasks and messages as inputs: the tables of docs/a2a.md, row by row, and cards that the SDK reads. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AgentCard, type Part, Task, TaskState, taskStateFromJSON } from "@a2a-js/sdk";
import { DefaultAgentCardResolver } from "@a2a-js/sdk/client";
import { A2AError } from "@a2a-js/sdk/errors";
import { JsonRpcTransportHandler, validateVersion } from "@a2a-js/sdk/server";
import { expect, test } from "vitest";
import type { Json } from "../../../../../src/contract/event.ts";
import { createProblem, type ProblemCode, problemCodes } from "../../../../../src/contract/problem.ts";
import { type ThreadStatus, threadStatuses } from "../../../../../src/contract/statuses.ts";
import type { PresenceFacts } from "../../../../../src/contract/views/agent.ts";
import { type CardSubject, makeCard, makeServerCard } from "../../../../../src/worker/gateways/a2a/agent-cards.ts";
import { carryError, toA2AError } from "../../../../../src/worker/gateways/a2a/errors.ts";
import { a2aLimits } from "../../../../../src/worker/gateways/a2a/limits.ts";
import { readInput, readParts, readSupplement } from "../../../../../src/worker/gateways/a2a/read-message.ts";
import { respondRestError } from "../../../../../src/worker/gateways/a2a/serve-rest.ts";
import { isSettled, isTerminal, judgeState, statusesOf } from "../../../../../src/worker/gateways/a2a/task-states.ts";
import { cutHistory, type TaskSource, toTask } from "../../../../../src/worker/gateways/a2a/to-task.ts";
import { ProblemError } from "../../../../../src/worker/problem-error.ts";

const id = "taaaaaaaaaaaaaaaaaaaaaaaaa";
const since = "2026-11-20T12:00:00.000Z";

function makeSource(status: ThreadStatus, more: Partial<TaskSource["view"]> = {}, rest: Partial<TaskSource> = {}): TaskSource {
  return {
    view: {
      ...{ id, workflow: "review", revision: "r1", status, createdAt: since, updatedAt: since, roles: {}, round: 1, children: [] },
      event: { specversion: "1.0", id: "e1", source: "/agents/ann", type: "a2a.message", time: since, data: { pr: 7 }, a2amessageid: "m1" },
      ...more,
    },
    messages: [],
    ...rest,
  };
}

const turn = { turn: "x", role: "reviewer", agent: "bob", since, deadline: since };
const presence = (state: PresenceFacts["state"], lastSignAt: string | null, connections = 0): PresenceFacts => ({
  ...{ state, lastSignAt, connections, seats: 1, slots: null, used: 1 },
});
const said = (output: Json) => ({ round: 1, role: "reviewer", agent: "bob", output, at: since });

/** A thread for each row of the table, by what the row says of it. */
const rows: { [thread: string]: TaskSource } = {
  queued: makeSource("queued"),
  recruiting: makeSource("recruiting"),
  "running, its first turn given to an agent that is offline and was not heard of since": makeSource(
    "running",
    { turn },
    { presence: presence("away", "2026-11-20T11:59:00.000Z") },
  ),
  running: makeSource("running", { turn }, { presence: presence("online", null, 1) }),
  suspended: makeSource("suspended", {}, { messages: [said({ $status: "$SUSPEND", reason: "Which?" })] }),
  "suspended by an output with `auth: true`": makeSource("suspended", {}, { messages: [said({ $status: "$SUSPEND", auth: true })] }),
  completed: makeSource("completed"),
  failed: makeSource("failed"),
  cancelled: makeSource("cancelled"),
  dropped: makeSource("dropped"),
};

/** The table under *States*. */
function readTable(): [thread: string, task: string][] {
  const page = readFileSync(join(import.meta.dirname, "../../../../../docs/a2a.md"), "utf8");
  const [, part = ""] = page.split("| thread | task |");
  const lines = part.split("\n\n")[0]?.split("\n").slice(2) ?? [];
  return lines.map((line) => line.slice(2, -2).split(" | ") as [string, string]);
}

test.for(readTable())("[ATOA1] a thread that is %s is a task that is %s", ([thread, task]) => {
  const source = rows[thread];
  if (!source) throw new Error(`No thread is made for the row ${thread}.`);
  const state = taskStateFromJSON(`TASK_STATE_${task.toUpperCase().replace("-", "_")}`);
  expect(TaskState[judgeState(source)]).toBe(TaskState[state]);
  expect(statusesOf(state)).toContain(source.view.status);
});

test("[ATOA1] the table has every status of a thread, and every state that tasks have", () => {
  expect(readTable().map(([thread]) => thread)).toEqual(Object.keys(rows));
  expect([...new Set(Object.values(rows).map(({ view }) => view.status))].toSorted()).toEqual([...threadStatuses].toSorted());
  const states = new Set(Object.values(rows).map(judgeState));
  expect(states.size).toBe(Object.values(TaskState).filter((each) => typeof each === "number" && each > 0).length);
});

test("[ATOA1] an agent that was heard of since it was given its first turn works on it, whatever became of it; so does one in a later turn", () => {
  const later = presence("lost", "2026-11-20T12:00:01.000Z");
  expect(judgeState(makeSource("running", { turn }, { presence: later }))).toBe(TaskState.TASK_STATE_WORKING);
  const second = makeSource("running", { turn }, { presence: presence("away", null), messages: [said({})] });
  expect(judgeState(second)).toBe(TaskState.TASK_STATE_WORKING);
});

test("[ATOA2] a completed thread's last output is the task's artifact, and what was answered its history; other states have none", () => {
  const outcome = { status: "completed" as const, role: "reviewer", output: { verdict: "ok", text: "Fine." }, prompt: "Done." };
  const task = toTask(makeSource("completed", { outcome }, { messages: [said({ verdict: "ok" })] }));
  // As it travels, and as the SDK reads it back.
  const read = Task.fromJSON(JSON.parse(JSON.stringify(Task.toJSON(task))));
  expect(read).toMatchObject({ id, contextId: id, artifacts: [{ name: "outcome" }], status: { state: TaskState.TASK_STATE_COMPLETED } });
  expect(read.artifacts[0]?.parts.map(({ content }) => content)).toEqual([
    { $case: "text", value: "Fine." },
    { $case: "data", value: outcome.output },
  ]);
  expect(read.history.map(({ messageId, role }) => [messageId, role])).toEqual([
    ["m1", 1],
    [`${id}.1`, 2],
  ]);
  expect(read.status?.message?.parts[0]?.content?.value).toBe("Done.");
  expect(read.metadata).toMatchObject({ nerveflare: { workflow: "review", status: "completed", round: 1 } });
  for (const status of threadStatuses.filter((each) => each !== "completed"))
    expect(toTask(makeSource(status, { outcome })).artifacts, status).toEqual([]);
});

test("[ATOA2] a task says why it is where it is, and in which context", () => {
  const named = makeSource("suspended", { error: "which colour?" });
  named.view.event["a2acontextid"] = "ours";
  const { contextId, status } = toTask(named);
  expect([contextId, status?.message?.contextId, status?.message?.parts[0]?.content?.value]).toEqual(["ours", "ours", "which colour?"]);
  const offline = rows["running, its first turn given to an agent that is offline and was not heard of since"] as TaskSource;
  expect(toTask(offline).status?.message?.parts[0]?.content?.value).toMatch(/^bob is offline/);
});

test("[ATOA2] a history is cut to what was asked for, to what the gateway tells, and to its bytes", () => {
  const messages = Array.from({ length: 80 }, (_, round) => ({ ...said({ round }), round }));
  const task = (length?: number) => toTask(makeSource("running", {}, { messages }), length).history;
  expect(task(0)).toEqual([]);
  expect(task(2).map(({ messageId }) => messageId)).toEqual([`${id}.78`, `${id}.79`]);
  expect(task()).toHaveLength(a2aLimits.history);
  const large = task(3).map((message) => ({ ...message, parts: [textPart("x".repeat(a2aLimits.historyBytes / 2))] }));
  expect(cutHistory(large)).toHaveLength(1);
});

function textPart(value: string): Part {
  return { content: { $case: "text", value }, metadata: undefined, filename: "", mediaType: "text/plain" };
}

const dataPart = (value: Json): Part => ({ ...textPart(""), content: { $case: "data", value } });
const refusal = (work: () => unknown): A2AError => {
  try {
    work();
  } catch (error) {
    if (error instanceof A2AError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

test("[ATOA3] parts of text and one of data are taken; files, more than one of data, nothing and too many are refused, and told what to send", () => {
  expect(readParts({ parts: [textPart("a"), dataPart({ b: 1 }), textPart("c")] })).toEqual({ text: "a\n\nc", data: { b: 1 } });
  expect(readParts({ parts: [dataPart(null)] })).toEqual({ text: undefined, data: null });
  const file: Part = { ...textPart(""), content: { $case: "url", value: "https://example.com/a.pdf" }, filename: "a.pdf" };
  const raw: Part = { ...file, content: { $case: "raw", value: Buffer.from("x") } };
  for (const part of [file, raw]) {
    const { name, message } = refusal(() => readParts({ parts: [textPart("see"), part] }));
    expect([name, message]).toEqual(["ContentTypeNotSupportedError", expect.stringContaining('"a.pdf"')]);
  }
  expect(refusal(() => readParts({ parts: [] })).message).toMatch("no parts");
  expect(refusal(() => readParts({ parts: [dataPart(1), dataPart(2)] })).message).toMatch("2 parts of data");
  expect(refusal(() => readParts({ parts: [{ ...textPart(""), content: undefined }] })).message).toMatch("empty");
  const many = Array.from({ length: a2aLimits.parts + 1 }, () => textPart("x"));
  expect(refusal(() => readParts({ parts: many })).message).toMatch(`at most ${a2aLimits.parts} parts`);
});

test("[ATOA3] a text is the input where that takes one, by its name or as JSON; else it is refused with what the input asks for", () => {
  const takes = (required: string[], properties: { [name: string]: Json }, more = {}) => ({
    type: "object",
    required,
    properties,
    ...more,
  });
  const strict = takes(["message"], { message: { type: "string" } }, { additionalProperties: false });
  const pr = takes(["pr"], { pr: { type: "integer" } });
  const read = (text: string | undefined, data: Json | undefined, input: Parameters<typeof readInput>[2]) =>
    readInput({ text, data }, "review", input);
  expect(read("hi", undefined, null)).toEqual({ prompt: "hi" });
  expect(read("hi", undefined, strict)).toEqual({ message: "hi" });
  expect(read('{"pr": 7}', undefined, pr)).toEqual({ pr: 7 });
  expect(read('{"pr": 7}', undefined, null)).toEqual({ pr: 7 });
  expect(read("{ no JSON", undefined, null)).toEqual({ prompt: "{ no JSON" });
  expect(read("Look closely.", { pr: 7 }, pr)).toEqual({ pr: 7, prompt: "Look closely." });
  expect(read("Look.", { prompt: "Mine.", pr: 7 }, pr)).toEqual({ prompt: "Mine.", pr: 7, text: "Look." });
  expect(read("Look.", { message: "m" }, strict)).toEqual({ message: "m" });
  // What does not fit is the engine's to refuse, where it is stored.
  expect(read(undefined, { pr: "seven" }, pr)).toEqual({ pr: "seven" });
  expect(refusal(() => read("review it", undefined, pr)).message).toMatch(/review takes no plain text: .*pr.* Send a part of data/);
});

test("[ATOA3] what goes on with a task is its text, its data, or both", () => {
  expect(readSupplement({ text: "blue", data: undefined })).toBe("blue");
  expect(readSupplement({ text: undefined, data: { colour: 1 } })).toEqual({ colour: 1 });
  expect(readSupplement({ text: "blue", data: [1] })).toEqual({ text: "blue", data: [1] });
});

const workflow: CardSubject = { kind: "workflow", name: "review", description: "Reviews.", revision: "r1", input: { type: "object" } };
const agent: CardSubject = { kind: "agent", name: "bob:1", description: null, capabilities: ["review"] };

test("[ATOA4] the SDK reads each card, chooses a binding by it, and is told how to prove who calls", () => {
  const origin = "https://nerve.example.com";
  const resolver = new DefaultAgentCardResolver();
  for (const card of [
    makeCard(origin, workflow),
    makeCard(origin, agent),
    makeServerCard(origin, undefined),
    makeServerCard(origin, [workflow]),
  ]) {
    const read = resolver.normalizeAgentCard(JSON.parse(JSON.stringify(AgentCard.toJSON(card))));
    expect(read).toEqual(AgentCard.fromJSON(JSON.parse(JSON.stringify(AgentCard.toJSON(card)))));
    expect(read.securitySchemes["bearer"]?.scheme).toMatchObject({ $case: "httpAuthSecurityScheme", value: { scheme: "Bearer" } });
    expect(read.skills.length).toBeGreaterThan(0);
    for (const { url, protocolBinding } of read.supportedInterfaces) {
      expect(url.startsWith(`${origin}/a2a`)).toBe(true);
      validateVersion("1.0", read, protocolBinding);
      expect(() => validateVersion("0.3", read, protocolBinding)).toThrow(/not supported/);
    }
  }
  expect(makeCard(origin, agent).supportedInterfaces[0]?.url).toBe(`${origin}/a2a/agents/bob%3A1`);
  expect(makeCard(origin, workflow).skills[0]?.description).toContain('{"type":"object"}');
});

test("[ATOA4] the card that everybody may read names nothing that is here", () => {
  expect(JSON.stringify(makeServerCard("https://x.example", undefined))).not.toContain("review");
  expect(makeServerCard("https://x.example", [workflow, agent]).skills.map((skill) => skill.id)).toEqual([
    "workflows/review",
    "agents/bob:1",
  ]);
});

test("[ATOA5] each of our problems is the protocol's error, with its code, number and whether to send it again", async () => {
  for (const code of Object.keys(problemCodes) as ProblemCode[]) {
    const { status, nrv, retryable } = problemCodes[code];
    const error = carryError(
      new ProblemError(createProblem(code, "It went so.", { errors: [{ path: "pr", message: "missing" }], limit: 3 })),
    );
    const metadata = { code, nrv: `NRV${nrv}`, retryable: String(retryable), status: String(status), limit: "3" };
    const { message, data } = JsonRpcTransportHandler.mapToJSONRPCError(error);
    expect([message, data?.[0]], code).toEqual(["It went so.", expect.objectContaining({ metadata: expect.objectContaining(metadata) })]);
    const response = respondRestError(toA2AError(createProblem(code, "It went so.")));
    expect([response.status, response.headers.has("retry-after")], code).toEqual([status, retryable]);
    expect(await response.json(), code).toMatchObject({ error: { message: "It went so.", code: status } });
  }
  expect(() => carryError(new TypeError("ours"))).toThrow("ours");
});

test("[ATOA1] what is over is settled, and what waits for its caller is", () => {
  const states = Object.values(TaskState).filter((each): each is TaskState => typeof each === "number" && each > 0);
  expect(states.filter(isTerminal).map((state) => TaskState[state])).toEqual([
    ...["TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED"],
  ]);
  expect(states.filter((state) => isSettled(state) && !isTerminal(state)).map((state) => TaskState[state])).toEqual([
    ...["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"],
  ]);
});
