import { describe, expect, test } from "vitest";
import { type AgentOptions, type KeptAnswer, TurnFailure, type TurnHandler, withBody } from "../../../src/client/index.ts";
import { clientLimits } from "../../../src/client/limits.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import type { Sent } from "./fake-server.ts";
import { createFixture, makeTurn } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";
import { createSignal } from "./signal.ts";

const isResponse = ({ type }: Sent) => type === "nerve.turn.respond";
const approve: TurnHandler = () => ({ $status: "approved" });

/** A handler that ends when it is told to. */
function createHeldHandler() {
  const calls: { release: () => void; signal: AbortSignal }[] = [];
  const { notify, until } = createSignal();
  const handler: TurnHandler = (_, { signal }) =>
    new Promise((resolve, reject) => {
      calls.push({ release: () => resolve({ $status: "done" }), signal });
      signal.addEventListener("abort", () => reject(signal.reason));
      notify();
    });
  return { calls, handler, called: (times: number) => until(() => calls.length === times) };
}

describe("a turn", () => {
  test("[TURN1] is handed to the handler of its role, answered under the lease's generation, and acknowledged then", async () => {
    const { server, connect } = await createFixture();
    connect({ onTurn: { "code-review/author": () => ({}), "code-review/*": (turn) => ({ $status: "approved", of: turn.prompt }) } });
    const event = server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.filter(isResponse)).toMatchObject([
      { data: { turn: "t1.1:1", lease: 1, output: { $status: "approved", of: "Review it." } }, causationid: event.id, correlationid: "t1" },
    ]);
  });

  test("[TURN1] stays unacknowledged while it is performed, so that a crash has it given again", async () => {
    const { server, connect } = await createFixture();
    const { handler, calls } = createHeldHandler();
    const agent = connect({ onTurn: handler, onEvent: () => {} });
    server.give("nerve.turn.assigned", makeTurn());
    server.give("team.hello", {});
    await server.until(() => server.unacknowledged().length === 1);
    expect(calls).toHaveLength(1);
    await agent.close();
    expect(server.unacknowledged()).toEqual([1]);
    expect(server.accepted.filter(isResponse)).toEqual([]);

    connect({ onTurn: approve });
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.filter(isResponse)).toHaveLength(1);
  });

  test("[TURN2] that is given twice, under one event or two, is performed once", async () => {
    const { server, connect } = await createFixture();
    const { handler, calls } = createHeldHandler();
    const agent = connect({ onTurn: handler });
    const event = server.give("nerve.turn.assigned", makeTurn());
    server.repeat(event);
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    server.give("team.mark", {});
    await server.until(() => !server.unacknowledged().includes(4));
    calls[0]?.release();
    await server.until(() => server.unacknowledged().length === 0);
    server.repeat(event);
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(calls).toHaveLength(1);
    expect(new Set(server.posted.filter(isResponse).map(({ id }) => id)).size).toBe(1);
    expect(server.accepted.filter(isResponse)).toHaveLength(1);
  });

  test("[TURN3] whose answer got lost on the way back is answered again under the same id, and not performed again", async () => {
    const { server, connect } = await createFixture();
    let performed = 0;
    connect({ onTurn: () => ({ $status: "approved", number: ++performed }) });
    server.judge = (event) => (isResponse(event) ? "lost" : undefined);
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.accepted.some(isResponse));
    server.judge = () => undefined;
    server.dropSockets();
    await server.until(() => server.unacknowledged().length === 0);
    const responses = server.posted.filter(isResponse);
    expect(responses).toHaveLength(2);
    expect(responses[1]).toEqual(responses[0]);
    expect(server.accepted.filter(isResponse)).toHaveLength(1);
    expect(performed).toBe(1);
  });

  test("[TURN3] is not performed again by the next process, where a journal keeps the answer", async () => {
    const { server, connect } = await createFixture();
    const kept = new Map<string, KeptAnswer>();
    const journal = {
      load: () => [...kept.values()],
      keep: (answer: KeptAnswer) => void kept.set(answer.turn, answer),
      forget: (turn: string) => void kept.delete(turn),
    };
    server.judge = (event) => (isResponse(event) ? "lost" : undefined);
    let cut = false;
    const clock = createManualClock();
    const fetchUntilCut: AgentOptions["fetch"] = (...args) => (cut ? new Promise(() => {}) : fetch(...args));
    const first = connect({ onTurn: approve, journal, clock, fetch: fetchUntilCut, transports: ["poll"] });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.accepted.some(isResponse));
    cut = true;
    server.judge = () => undefined;
    const closed = first.close();
    await first.noted("closing");
    clock.advance(clientLimits.closeMs);
    await closed;
    expect(server.posted.filter(isResponse)).toHaveLength(1);

    connect({
      onTurn: () => {
        throw new Error("performed again");
      },
      journal,
    });
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.filter(({ type }) => type === "nerve.turn.fail")).toEqual([]);
    expect(server.accepted.filter(isResponse)).toHaveLength(1);
  });

  test("[RETRY1] that failed and is given again is performed again, and answered under another id", async () => {
    const { server, connect } = await createFixture();
    const kept: KeptAnswer[] = [];
    const journal = { load: () => kept, keep: (answer: KeptAnswer) => void kept.push(answer), forget: () => {} };
    const attempts: (number | undefined)[] = [];
    const onTurn: TurnHandler = ({ attempt }) => {
      attempts.push(attempt);
      if (attempt === 3) return { $status: "approved" };
      throw new TurnFailure("busy", { retryable: true });
    };
    const first = connect({ onTurn, journal });
    server.give("nerve.turn.assigned", makeTurn("t1.1:1", { attempt: 1 }));
    await first.noted("turn.answered");
    server.give("nerve.turn.assigned", makeTurn("t1.1:1", { attempt: 2 }));
    await first.noted("turn.answered", 2);
    await first.close();
    // Also by a process that only finds it in its journal.
    connect({ onTurn, journal });
    server.give("nerve.turn.assigned", makeTurn("t1.1:1", { attempt: 3 }));
    await server.until(() => server.accepted.some(isResponse));
    expect(attempts).toEqual([1, 2, 3]);
    const answers = server.accepted.filter(({ type }) => type === "nerve.turn.fail" || type === "nerve.turn.respond");
    expect(answers.map(({ id, type }) => [id, type])).toEqual([
      ["answer:t1.1:1:1:1", "nerve.turn.fail"],
      ["answer:t1.1:1:1:2.1", "nerve.turn.fail"],
      ["answer:t1.1:1:1:3.1", "nerve.turn.respond"],
    ]);
  });

  test("[RETRY2] whose kept answer is refused as invalid is answered again, with the errors", async () => {
    const { server, connect } = await createFixture();
    // The process before ended between making its answer and hearing what the server says to it.
    const data = { turn: "t1.1:1", lease: 1, output: { $status: "nonsense" } };
    const event: KeptAnswer["event"] = { specversion: "1.0", id: "answer:t1.1:1:1:1", type: "nerve.turn.respond", data: data as never };
    const journal = { load: () => [{ turn: "t1.1:1", generation: 1, event }], keep: () => {}, forget: () => {} };
    server.judge = (event) =>
      isResponse(event) && (event.data["output"] as { $status: string }).$status === "nonsense"
        ? createProblem("output_invalid", "The output does not fit.", {
            errors: [{ path: "/$status", message: "must be approved" }],
            left: 2,
          })
        : undefined;
    const told: unknown[] = [];
    connect({
      onTurn: (_, { invalid }) => {
        told.push(invalid);
        return { $status: "approved" };
      },
      journal,
    });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(told).toEqual([{ errors: [{ path: "/$status", message: "must be approved" }], left: 2, output: { $status: "nonsense" } }]);
    expect(server.accepted.filter(isResponse)).toMatchObject([{ data: { output: { $status: "approved" } } }]);
  });

  test("[TURN4] that the server says is over, though still in the mailbox, is not performed", async () => {
    const { server, connect } = await createFixture();
    const time = new Date(Date.now() - 60_000).toISOString();
    server.give("nerve.turn.assigned", makeTurn("t1.1:1"), { time });
    server.give("nerve.turn.assigned", makeTurn("t1.1:2"), { time });
    server.me.turns = [makeTurn("t1.1:2")];
    const performed: string[] = [];
    const agent = connect({
      onTurn: ({ turn }) => {
        performed.push(turn);
        return {};
      },
    });
    await server.until(() => server.unacknowledged().length === 0);
    expect(performed).toEqual(["t1.1:2"]);
    expect(agent.notes).toContainEqual(expect.objectContaining({ what: "turn.dropped", turn: "t1.1:1" }));
  });

  test("[TURN5] that is revoked aborts its handler, and what it answers goes nowhere", async () => {
    const { server, connect } = await createFixture();
    const { handler, calls } = createHeldHandler();
    const agent = connect({ onTurn: handler });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    server.give("nerve.turn.revoked", { turn: "t1.1:1", reason: "timed out" });
    await server.until(() => server.unacknowledged().length === 0);
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(String(calls[0]?.signal.reason)).toContain("timed out");
    await agent.noted("turn.dropped");
    expect(server.posted.map(({ type }) => type)).toEqual(["nerve.agent.report"]);
  });

  test("[TURN6] that comes back under a newer lease, while it is performed, is answered under that", async () => {
    const { server, connect } = await createFixture();
    const { handler, calls } = createHeldHandler();
    const agent = connect({ onTurn: handler });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    server.give("nerve.turn.assigned", makeTurn("t1.1:1", { lease: { generation: 2, expires: null } }));
    server.give("team.mark", {});
    await server.until(() => !server.unacknowledged().includes(3));
    calls[0]?.release();
    await server.until(() => server.unacknowledged().length === 0);
    expect(calls).toHaveLength(1);
    expect(server.accepted.filter(isResponse)).toMatchObject([{ data: { lease: 2 } }]);
  });

  test("[TURN7] invalid output is asked for again with the errors, under another id", async () => {
    const { server, connect } = await createFixture();
    const errors = [{ path: "/summary", message: "is required" }];
    server.judge = (event) =>
      isResponse(event) && (event.data["output"] as { summary?: string }).summary === undefined
        ? createProblem("output_invalid", "The output does not fit.", { errors, left: 2 })
        : undefined;
    const seen: unknown[] = [];
    connect({
      onTurn: (_, { invalid }) => {
        seen.push(invalid);
        return invalid ? { $status: "approved", summary: "fine" } : { $status: "approved" };
      },
    });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(seen).toEqual([undefined, { errors, left: 2, output: { $status: "approved" } }]);
    expect(server.accepted.filter(isResponse)).toMatchObject([{ data: { output: { summary: "fine" } } }]);
    const ids = server.posted.filter(isResponse).map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test("[TURN8] an answer that came too late to change anything is noted as such", async () => {
    const { server, connect } = await createFixture();
    server.notes = ["the broadcast is closed"];
    const agent = connect({ onTurn: approve });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.answered");
    expect(agent.notes.find(({ what }) => what === "turn.answered")?.message).toBe("nerve.turn.respond; the broadcast is closed");
  });

  test("[TURN7] invalid output that leaves no more answers ends the turn", async () => {
    const { server, connect } = await createFixture();
    let left = 3;
    server.judge = (event) => (isResponse(event) ? createProblem("output_invalid", "No.", { errors: [], left: --left }) : undefined);
    let performed = 0;
    connect({ onTurn: () => ({ number: ++performed }) });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(performed).toBe(3);
  });

  test.each(["stale_lease", "turn_over"] as const)("[TURN8] refused as %s is dropped with a note", async (code) => {
    const { server, connect } = await createFixture();
    server.judge = (event) => (isResponse(event) ? createProblem(code, "Too late.") : undefined);
    const agent = connect({ onTurn: approve });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(agent.notes).toContainEqual(expect.objectContaining({ level: "warn", what: "turn.dropped", code, turn: "t1.1:1" }));
    expect(server.posted.filter(isResponse)).toHaveLength(1);
  });

  test("[TURN9] refused as unavailable is sent again, the same under the same id, after Retry-After", async () => {
    const { server, connect } = await createFixture();
    let refusals = 2;
    server.judge = (event) =>
      isResponse(event) && refusals-- > 0 ? createProblem("unavailable", "Later.", { retryAfter: 0.01 }) : undefined;
    connect({ onTurn: approve });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    const responses = server.posted.filter(isResponse);
    expect(responses).toHaveLength(3);
    expect(new Set(responses.map((event) => JSON.stringify(event))).size).toBe(1);
  });

  test("[TURN10] whose answer is too large is failed, rather than left to time out", async () => {
    const { server, connect } = await createFixture();
    connect({ onTurn: () => ({ text: "x".repeat(300_000) }) });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted).toContainEqual(
      expect.objectContaining({
        type: "nerve.turn.fail",
        data: expect.objectContaining({ retryable: false, error: expect.stringContaining("300") }),
      }),
    );
  });

  test.each([
    ["throws", { "*": () => Promise.reject(new Error("no such branch")) }, "no such branch", false],
    ["throws a retryable failure", { "*": () => Promise.reject(new TurnFailure("busy", { retryable: true })) }, "busy", true],
    ["returns no object", { "*": (() => 5) as unknown as TurnHandler }, "the handler returned no object", false],
    ["returns what JSON cannot say", { "*": (() => ({ n: 1n })) as unknown as TurnHandler }, "BigInt", false],
    ["is missing", { "other/role": approve }, "this agent has no handler for code-review/reviewer", false],
  ])("[TURN10] whose handler %s is failed", async (_, onTurn: { [role: string]: TurnHandler }, error, retryable) => {
    const { server, connect } = await createFixture();
    connect({ onTurn });
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    const failures = server.accepted.filter(({ type }) => type === "nerve.turn.fail");
    expect(failures).toMatchObject([{ data: { turn: "t1.1:1", lease: 1, error: expect.stringContaining(error), retryable } }]);
  });

  test("[TURN11] may be answered with a body, tell its progress, and send events that it caused", async () => {
    const { server, connect } = await createFixture();
    connect({
      onTurn: async (_, { progress, send }) => {
        progress("half way", { step: 1 });
        await send({ type: "pr.commented", data: { by: "alice" } });
        return withBody({ $status: "approved" }, "Well done.");
      },
    });
    const event = server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.slice(1)).toMatchObject([
      { type: "nerve.turn.progress", data: { turn: "t1.1:1", lease: 1, note: "half way", details: { step: 1 } } },
      { type: "pr.commented", causationid: event.id, correlationid: "t1" },
      { type: "nerve.turn.respond", data: { output: { $status: "approved" }, body: "Well done." } },
    ]);
  });

  test("[TURN5] whose progress is refused as stale is given up", async () => {
    const { server, connect } = await createFixture();
    server.judge = ({ type }) => (type === "nerve.turn.progress" ? createProblem("stale_lease", "Another holds the role.") : undefined);
    const agent = connect({
      onTurn: (_, { progress, signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          progress("half way");
        }),
    });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.dropped");
    expect(server.posted.filter(({ type }) => type !== "nerve.agent.report").map(({ type }) => type)).toEqual(["nerve.turn.progress"]);
  });

  test("[TURN12] waits while all slots are taken, and others are performed side by side", async () => {
    const { server, connect } = await createFixture();
    const { handler, calls, called } = createHeldHandler();
    const agent = connect({ onTurn: handler, slots: 2 });
    for (const number of [1, 2, 3]) server.give("nerve.turn.assigned", makeTurn(`t1.1:${number}`));
    await agent.noted("turn.waiting");
    await called(2);
    calls[0]?.release();
    await called(3);
    for (const { release } of calls) release();
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.filter(isResponse)).toHaveLength(3);
  });
});
