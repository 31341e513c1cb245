/** A turn whose thread is resumed while it is performed: the handler hears of it, or is run again with what a person added. */
import { describe, expect, test } from "vitest";
import type { TurnAssigned } from "../../../src/client/index.ts";
import type { FakeServer, Sent } from "./fake-server.ts";
import { createFixture, makeTurn } from "./fixture.ts";
import { createSignal } from "./signal.ts";

const isResponse = ({ type }: Sent) => type === "nerve.turn.respond";
const resume = (server: FakeServer, supplement: string | null = "be kind") =>
  server.give("nerve.turn.assigned", makeTurn("t1.1:1", { resumed: { reason: "a person was asked", supplement } }));
const outputs = (server: FakeServer) => server.accepted.filter(isResponse).map(({ data }) => data["output"]);

/** A handler that stays until it is let go or aborted, and tells what it knew. */
function createHandler() {
  const { notify, until } = createSignal();
  const runs: { turn: TurnAssigned; signal: AbortSignal; finish(): void; over: boolean }[] = [];
  const work = (turn: TurnAssigned, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const run = { turn, signal, finish: resolve, over: false };
      runs.push(run);
      signal.addEventListener("abort", () => resolve());
      notify();
    }).then(() => {
      const run = runs.find((each) => each.turn === turn && each.signal === signal);
      if (run) run.over = true;
    });
  return { runs, work, began: (times: number) => until(() => runs.length >= times) };
}

describe("[RESUME1] without a listener", () => {
  test.each(["socket", "sse", "poll"] as const)(
    "by %s, the handler is aborted and run again with the supplement, once it has ended",
    async (transport) => {
      const { server, connect } = await createFixture();
      const { runs, work, began } = createHandler();
      const agent = connect({
        transports: [transport],
        onTurn: async (turn, { signal }) => {
          await work(turn, signal);
          return { said: (turn.resumed?.supplement ?? "nothing") as string };
        },
      });
      server.give("nerve.turn.assigned", makeTurn());
      await began(1);
      resume(server);
      await began(2);
      expect(runs[0]?.signal.aborted).toBe(true);
      expect(runs[0]?.over).toBe(true);
      expect(runs[1]?.signal.aborted).toBe(false);
      runs[1]?.finish();
      await agent.noted("turn.answered");
      await server.until(() => server.unacknowledged().length === 0);
      expect(outputs(server)).toEqual([{ said: "be kind" }]);
      expect(runs).toHaveLength(2);
    },
  );

  test("a plain resume has nothing to add: the handler goes on", async () => {
    const { server, connect } = await createFixture();
    const { runs, work, began } = createHandler();
    const agent = connect({
      onTurn: async (turn, { signal }) => {
        await work(turn, signal);
        return { done: true };
      },
    });
    server.give("nerve.turn.assigned", makeTurn());
    await began(1);
    resume(server, null);
    await agent.noted("turn.updated");
    runs[0]?.finish();
    await agent.noted("turn.answered");
    expect(runs).toHaveLength(1);
  });

  test("a handler that fails because it is aborted fails no turn", async () => {
    const { server, connect } = await createFixture();
    const { runs, began, work } = createHandler();
    connect({
      onTurn: async (turn, { signal }) => {
        await work(turn, signal);
        signal.throwIfAborted();
        return { round: runs.length };
      },
    });
    server.give("nerve.turn.assigned", makeTurn());
    await began(1);
    resume(server);
    await began(2);
    runs[1]?.finish();
    await server.until(() => outputs(server).length === 1);
    expect(outputs(server)).toEqual([{ round: 2 }]);
    expect(server.accepted.some(({ type }) => type === "nerve.turn.fail")).toBe(false);
  });
});

describe("[RESUME2] a listener", () => {
  test.each([
    ["goes on", undefined, 1],
    ["wants another run", "restart" as const, 2],
  ])("hears the turn as it is now, and %s", async (_, wish, expected) => {
    const { server, connect } = await createFixture();
    const { runs, work, began } = createHandler();
    const heard: unknown[] = [];
    const agent = connect({
      onTurn: async (turn, { signal, onUpdate }) => {
        onUpdate((now) => {
          heard.push(now.resumed?.supplement);
          return wish;
        });
        await work(turn, signal);
        return { heard: heard as string[] };
      },
    });
    server.give("nerve.turn.assigned", makeTurn());
    await began(1);
    resume(server);
    await agent.noted("turn.updated");
    await began(expected);
    runs.at(-1)?.finish();
    await server.until(() => outputs(server).length === 1);
    expect(heard).toEqual(["be kind"]);
    expect(runs).toHaveLength(expected);
  });

  test("hears it once, however often the event is given", async () => {
    const { server, connect } = await createFixture();
    const { runs, work, began } = createHandler();
    let heard = 0;
    const agent = connect({
      onTurn: async (turn, { signal, onUpdate }) => {
        onUpdate(() => void heard++);
        await work(turn, signal);
        return {};
      },
    });
    server.give("nerve.turn.assigned", makeTurn());
    await began(1);
    const event = resume(server);
    await agent.noted("turn.updated");
    server.repeat(event);
    server.dropSockets();
    await agent.noted("connected", 2);
    runs[0]?.finish();
    await server.until(() => server.unacknowledged().length === 0);
    expect(heard).toBe(1);
    expect(outputs(server)).toHaveLength(1);
  });
});

test("[RESUME3] a turn that waits for a slot is performed as it was last given", async () => {
  const { server, connect } = await createFixture();
  const { runs, work, began } = createHandler();
  const agent = connect({
    onTurn: async (turn, { signal }) => {
      await work(turn, signal);
      return {};
    },
  });
  server.give("nerve.turn.assigned", makeTurn("t0.1:1", { thread: "t0" }));
  await began(1);
  server.give("nerve.turn.assigned", makeTurn());
  await agent.noted("turn.waiting");
  const { id } = resume(server);
  server.give("team.marker", {});
  await server.until(() => server.unacknowledged().length === 3);
  expect(id).toBeDefined();
  runs[0]?.finish();
  await began(2);
  expect(runs[1]?.turn.resumed).toMatchObject({ supplement: "be kind" });
  runs[1]?.finish();
  await server.until(() => server.unacknowledged().length === 0);
  expect(runs).toHaveLength(2);
});
