/** What a handler says that its work took, on its way to the server. */
import { expect, test } from "vitest";
import type { SaidUsage } from "../../../src/client/index.ts";
import type { Sent } from "./fake-server.ts";
import { createFixture, makeTurn } from "./fixture.ts";

const isAnswer = ({ type }: Sent) => type === "nerve.turn.respond" || type === "nerve.turn.fail";

test("[USAGE5] what a handler says in several calls travels with its answer, added up; a handler that says nothing sends nothing", async () => {
  const { server, connect } = await createFixture();
  connect({
    onTurn(turn, { usage }) {
      if (turn.turn === "t1.1:2") return { $status: "approved" };
      usage({ tokens: { input: 10, output: 1 }, cost: 0.1 });
      usage({ tokens: { input: 20, output: 2, cached: 5 }, cost: 0.2 });
      return { $status: "approved" };
    },
  });
  server.give("nerve.turn.assigned", makeTurn());
  server.give("nerve.turn.assigned", makeTurn("t1.1:2"));
  await server.until(() => server.accepted.filter(isAnswer).length === 2);
  const [said, silent] = ["t1.1:1", "t1.1:2"].map((turn) => server.accepted.find(({ data }) => (data as { turn?: string }).turn === turn));
  expect(said).toMatchObject({ data: { usage: { tokens: { input: 30, output: 3, cached: 5 }, cost: 0.3 } } });
  expect(silent?.data).not.toHaveProperty("usage");
});

test("[USAGE5] a failure says what it took, too", async () => {
  const { server, connect } = await createFixture();
  connect({
    onTurn(_, { usage }) {
      usage({ tokens: 7 });
      throw new Error("the model refuses");
    },
  });
  server.give("nerve.turn.assigned", makeTurn());
  await server.until(() => server.accepted.some(isAnswer));
  expect(server.accepted.find(isAnswer)).toMatchObject({
    type: "nerve.turn.fail",
    data: { error: "the model refuses", usage: { tokens: 7 } },
  });
});

test("[USAGE5] what no server takes is noted, and costs no answer", async () => {
  const { server, connect } = await createFixture();
  const bad: unknown[] = [{ tokens: -1 }, { tokens: Number.NaN }, { cost: "1" }, { tokens: { input: 1 } }, { tokens: 1e12 }, null, "much"];
  const agent = connect({
    onTurn(_, { usage }) {
      for (const each of bad) usage(each as SaidUsage);
      usage({ tokens: 3 });
      return { $status: "approved" };
    },
  });
  server.give("nerve.turn.assigned", makeTurn());
  await server.until(() => server.accepted.some(isAnswer));
  expect(agent.notes.filter(({ what }) => what === "usage.dropped")).toHaveLength(bad.length);
  expect(server.accepted.find(isAnswer)).toMatchObject({ type: "nerve.turn.respond", data: { usage: { tokens: 3 } } });
});
