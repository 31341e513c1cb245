/** [SIM6] An agent's object that cannot be reached: its thread goes on beside it, and explain and the index say so. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { renderExplanation } from "../../src/cli/commands/explain.ts";
import { createTerminal } from "../../src/cli/lib/terminal.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import { begin } from "./liveness-stage.ts";

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
