/** A thread as a task of MCP: the table of docs/mcp.md, row by row, and what a client is told in each. The extension's own package judges the shapes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isCreateTaskResultV2, isDetailedTaskV2 } from "@modelcontextprotocol/ext-tasks/core/v2";
import { describe, expect, test } from "vitest";
import { threadStatuses } from "../../../../../src/contract/statuses.ts";
import type { ThreadView } from "../../../../../src/contract/views/thread.ts";
import type { Wait } from "../../../../../src/contract/views/wait.ts";
import { mcpLimits } from "../../../../../src/worker/gateways/mcp/limits.ts";
import { findInput, taskStates, toCreatedTask, toTask } from "../../../../../src/worker/gateways/mcp/task-states.ts";

const at = "2026-11-20T12:00:00.000Z";
const links = "https://nerve.example.com";
const forms = { asks: true };

const waiting: Wait = {
  ...{ for: "person", role: "editor", reason: "Which of the two?", text: "suspended: Which of the two?", since: at },
  then: "somebody resumes it",
};

function makeView(over: Partial<ThreadView> = {}): ThreadView {
  const event = { specversion: "1.0" as const, id: "e", source: "/agents/alice", type: "mcp.call", time: at };
  return {
    ...{
      id: "t1",
      workflow: "greet",
      revision: "r",
      status: "running",
      createdAt: at,
      updatedAt: at,
      event,
      round: 2,
      roles: {},
      children: [],
    },
    ...over,
  };
}

/** The rows of the page: what a thread is, and what its task is. */
function readTable(): { [status: string]: string } {
  const page = readFileSync(join(import.meta.dirname, "../../../../../docs/mcp.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)];
  return Object.fromEntries(rows.map(([, status = "", state = ""]) => [status, state]));
}

test("[GATE1] a thread's status is a task's as docs/mcp.md says, and the extension's schema takes each", () => {
  expect(readTable()).toEqual(taskStates);
  for (const status of threadStatuses) {
    const view = makeView({ status, ...(status === "suspended" && { waiting }) });
    const task = toTask(view, { waits: [] }, forms, links);
    expect(task.status, status).toBe(taskStates[status]);
    expect(isDetailedTaskV2(task), status).toBe(true);
    expect(isCreateTaskResultV2(toCreatedTask(view)), status).toBe(true);
    expect(task).toMatchObject({ taskId: "t1", createdAt: at, lastUpdatedAt: at, ttlMs: null, statusMessage: expect.stringMatching(/\S/) });
  }
});

describe("what a thread ends with is the result of the call that began it", () => {
  const end = (over: Partial<ThreadView>) => toTask(makeView(over), { waits: [] }, forms, links) as { result?: object };

  test("[GATE2] its last output, as text and as data, and what its last edge says", () => {
    const output = { $status: "greeted", text: "Hello" };
    const outcome = { status: "completed" as const, role: "greeter", output, prompt: "Ada was greeted." };
    expect(end({ status: "completed", outcome }).result).toEqual({
      resultType: "complete",
      content: [
        { type: "text", text: JSON.stringify(output) },
        { type: "text", text: "Ada was greeted." },
      ],
      structuredContent: output,
      _meta: { "dev.nerveflare/thread": "t1" },
    });
  });

  test.each([
    ["failed", { outcome: { status: "failed", role: null, output: null, prompt: null, error: "too many turns" } }, "too many turns"],
    ["dropped", { error: "the queue is full" }, "the queue is full"],
  ] as const)("[GATE2] one that has %s is a tool's error that says why", (status, over, why) => {
    const { result } = end({ status, ...over } as Partial<ThreadView>);
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(why) }] });
    expect(JSON.stringify(result)).toContain(`${links}/ui/threads/t1`);
  });

  test("[GATE2] one that was cancelled has no result", () => {
    expect(end({ status: "cancelled", error: "cancel by chief" })).not.toHaveProperty("result");
    expect(end({ status: "cancelled", error: "cancel by chief" })).toMatchObject({
      statusMessage: "Cancelled after 2 turns: cancel by chief.",
    });
  });
});

describe("a suspended thread asks for input", () => {
  const suspend = (over: Partial<Wait> = {}, client = forms) => {
    const wait = { ...waiting, ...over };
    const view = makeView({ status: "suspended", waiting: wait });
    const task = toTask(
      view,
      {
        waits: [wait],
        unfilled: [{ role: "editor", state: "unfilled", agents: [{ agent: "bob", code: "offline", why: "he is offline" }] }],
      },
      client,
      links,
    );
    const [[name, request] = []] = Object.entries("inputRequests" in task ? task.inputRequests : {});
    return { view, task, name: name ?? "", request: request as { params: { message: string } } | undefined };
  };

  test("[GATE3] by a form that says why, and a message that says what would move it on", () => {
    const { task, request } = suspend();
    expect(request).toMatchObject({
      method: "elicitation/create",
      params: { mode: "form", message: expect.stringContaining("is suspended: Which of the two?"), requestedSchema: { type: "object" } },
    });
    expect(task.statusMessage).toContain("Then: somebody resumes it.");
    expect(task.statusMessage).toContain("Nobody holds the role editor (unfilled): bob (he is offline).");
  });

  test("[GATE3] under one name as long as it asks the same, and another each time that it is suspended", () => {
    const first = suspend();
    expect(suspend().name).toBe(first.name);
    const later = suspend({ since: "2026-11-20T13:00:00.000Z" });
    expect(later.name).not.toBe(first.name);
    expect(findInput(later.view, [first.name])).toBeUndefined();
    const reworded = suspend({ reason: "Which of the three?" });
    expect(reworded.name).not.toBe(first.name);
    expect(findInput(reworded.view, ["other", first.name])).toBe(first.name);
    // Who is away and who not changes while a person types.
    const { view, name } = first;
    expect(Object.keys((toTask(view, { waits: [waiting] }, forms, links) as { inputRequests: object }).inputRequests)).toEqual([name]);
  });

  test("[GATE3] a client that shows no forms is told which tool resumes it", () => {
    const { task } = suspend({}, { asks: false });
    expect(task).toMatchObject({ status: "working", statusMessage: expect.stringMatching(/Which of the two\?(.|\n)*thread_resume/) });
    expect(task).not.toHaveProperty("inputRequests");
  });

  test("[GATE3] however much there is to say, in bounds", () => {
    const { task } = suspend({ reason: "é".repeat(10_000) });
    expect(new TextEncoder().encode(task.statusMessage).byteLength).toBeLessThanOrEqual(mcpLimits.textBytes);
  });
});
