/** [SIM6] [SIM7] An agent's object that cannot be reached: its thread goes on beside it, and explain and the index say so. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { renderExplanation } from "../../src/cli/commands/explain.ts";
import { createTerminal } from "../../src/cli/lib/terminal.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import { begin } from "./liveness-stage.ts";
import { token } from "./thread-cluster.ts";

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

describe("[SIM6]", () => {
  test("after ten minutes the others' mail goes on; explain names it until it is back, and then it gets all in order", async () => {
    const stage = await begin({ author: "offline: { grace: 2h, then: suspend }" });
    const { cluster, author, first, thread } = stage;
    await first.claim();
    const unreachable = new Map<string, Extract<ProjectionRow, { table: "unreachable" }>>();
    cluster.told = (row) => {
      if (row.table === "unreachable") unreachable.set(row.receiver, row);
    };
    const object = cluster.agent("author");
    const { deliver } = object;
    object.deliver = () => Promise.reject(Object.assign(new Error("internal error"), { retryable: true }));
    await first.answer(await first.turn(), "changes_requested");
    const explain = async () => {
      await cluster.settle();
      const explained = await cluster.thread(thread).recruitment.explain();
      if (!explained.ok) throw new Error(explained.problem.detail);
      return explained.value;
    };
    expect(await explain()).not.toHaveProperty("unreachable");
    await cluster.advance(hostLimits.holdBackAfter + 120_000);
    const explained = await explain();
    expect(explained.unreachable).toMatchObject([{ receiver: "agent/author", messages: expect.any(Number), error: "internal error" }]);
    const terminal = createTerminal({ stdout: process.stdout, stderr: process.stderr, env: { NO_COLOR: "1" } });
    expect(renderExplanation(terminal, explained)).toMatch(
      /agent\/author cannot be reached: internal error\nsince .*\nthen .*sent in order/,
    );
    expect(unreachable.get("agent/author")).toMatchObject({ messages: expect.any(Number), thread });
    expect(unreachable.get("agent/author")?.messages).toBeGreaterThan(0);

    object.deliver = deliver;
    await cluster.advance(180_000);
    expect(await explain()).not.toHaveProperty("unreachable");
    expect(unreachable.get("agent/author")).toMatchObject({ messages: 0 });
    await author.answer(await author.turn(), "updated");
    expect(await stage.show()).toMatchObject({ status: "running", round: 3 });
    // Nobody was suspended for it, and nothing is a dead letter.
    expect(cluster.thread(thread).host.deadLetters()).toEqual([]);
  });
});

test("[SIM7] what an agent posts does not wait for a thread's root that cannot hear of the agent's presence, longer than some seconds", async () => {
  const { cluster, author, first, thread, pass } = await begin();
  await first.claim();
  const root = cluster.thread(thread);
  const { deliver } = root;
  const refused: string[] = [];
  root.deliver = (envelope) => {
    if (!envelope.from.startsWith("agent/author")) return deliver.call(root, envelope);
    refused.push(envelope.message.type);
    return Promise.reject(Object.assign(new Error("internal error"), { retryable: true }));
  };
  // Its silence is told to the thread.
  await pass(8, first);
  expect(refused).toContain("agent.away");
  const principal = { agent: "author", token };
  const posted = await cluster.agent("author").accept(principal, [{ id: "note-1", type: "chat.said", data: null, to: "agents/first" }]);
  expect(posted).toMatchObject({ ok: true, value: [{ status: "accepted", recipients: 1 }] });
  await pass(hostLimits.holdBackSoon / 1_000 + 3, author, first);
  expect(first.seen.map(({ event }) => event.id)).toContain("note-1");
  // Both of what it says of itself arrive, in order.
  const heard: string[] = [];
  root.deliver = (envelope) => {
    if (envelope.from === "agent/author") heard.push(envelope.message.type);
    return deliver.call(root, envelope);
  };
  await pass(70, author, first);
  expect(heard).toEqual(["agent.away", "agent.back"]);
});
