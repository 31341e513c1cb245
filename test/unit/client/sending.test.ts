import { describe, expect, test } from "vitest";
import { clientLimits } from "../../../src/client/limits.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import { createFixture } from "./fixture.ts";

describe("sending", () => {
  test("[CLIENT11] waits for a connection, however long that takes, and gives the server's answer", async () => {
    const { server, connect } = await createFixture();
    server.allowSockets = server.allowStreams = server.allowPolls = false;
    const agent = connect();
    const sent = agent.send({ id: "hello-1", type: "team.hello", data: { to: "all" } });
    await agent.noted("disconnected");
    server.allowSockets = true;
    expect(await sent).toEqual({ id: "hello-1", status: "accepted", threads: [], notes: [] });
  });

  test("[CLIENT12] the same id with the same body is one event; with another body it is refused", async () => {
    const { server, connect } = await createFixture();
    const agent = connect();
    await Promise.all([agent.send({ id: "a", type: "team.hello" }), agent.send({ id: "a", type: "team.hello" })]);
    await agent.send({ id: "a", type: "team.hello" });
    expect(server.accepted.filter(({ id }) => id === "a")).toHaveLength(1);
    await expect(agent.send({ id: "a", type: "team.bye" })).rejects.toMatchObject({ code: "id_conflict" });
  });

  test("[CLIENT13] a refusal is thrown with the server's problem", async () => {
    const { server, connect } = await createFixture();
    server.judge = ({ type }) => (type === "team.hello" ? createProblem("forbidden", "Not your kind.") : undefined);
    const refusal = await connect()
      .send({ type: "team.hello" })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "forbidden", retryable: false, problem: { detail: "Not your kind." } });
  });

  test("[CLIENT11] events stay in order when they are polled in one batch, and each is judged alone", async () => {
    const { server, connect } = await createFixture();
    server.judge = ({ type }) => (type === "team.b" ? createProblem("forbidden", "No.") : undefined);
    const agent = connect({ transports: ["poll"] });
    await server.until(() => server.accepted.length === 1);
    const answers = await Promise.allSettled(["a", "b", "c"].map((name) => agent.send({ type: `team.${name}` })));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(server.accepted.map(({ type }) => type)).toEqual(["nerve.agent.report", "team.a", "team.c"]);
  });

  test("[CLIENT13] more than the outbox holds is refused at once", async () => {
    const { server, connect } = await createFixture();
    server.allowSockets = server.allowStreams = server.allowPolls = false;
    const agent = connect();
    // The report of the agent itself takes one place.
    await agent.noted("disconnected");
    const waiting = Array.from({ length: clientLimits.outboxEvents - 1 }, (_, number) =>
      agent.send({ id: `n${number}`, type: "team.hello" }),
    );
    await expect(agent.send({ id: "last", type: "team.hello" })).rejects.toMatchObject({ code: "outbox_full" });
    server.allowSockets = true;
    await Promise.all(waiting);
    expect(server.accepted).toHaveLength(clientLimits.outboxEvents);
  });
});
