/** A token that changes while an agent runs: asked for when one is needed, and anew when one is refused. */
import { expect, test } from "vitest";
import type { Agent } from "../../../src/client/index.ts";
import { closeCodes } from "../../../src/contract/channels.ts";
import { createFixture } from "./fixture.ts";
import { createSignal } from "./signal.ts";

test.each(["socket", "sse", "poll"] as const)(
  "[CLIENT25] an agent by %s goes on with the next token when one ends, and loses nothing",
  async (transport) => {
    const { server, connect } = await createFixture();
    const seen: string[] = [];
    const { notify, until } = createSignal();
    const refused: (string | undefined)[] = [];
    let current = server.token;
    const agent = connect({
      transports: [transport],
      token: async (old) => {
        refused.push(old);
        if (old !== undefined) current = server.token;
        return current;
      },
      onEvent({ type }) {
        seen.push(type);
        notify();
      },
    });
    await agent.ready;
    server.give("team.before", {});
    await until(() => seen.length === 1);
    const first = server.token;
    server.token = `alice.${"n".repeat(43)}`;
    if (transport === "socket") server.dropSockets(closeCodes.token);
    if (transport === "sse") server.dropStreams(closeCodes.token);
    await agent.send({ type: "work.done", data: {} });
    server.give("team.after", {});
    await until(() => seen.length === 2);
    await server.until(() => server.unacknowledged().length === 0);
    expect(seen).toEqual(["team.before", "team.after"]);
    expect(agent.transport()).toBe(transport);
    expect(server.accepted.map(({ type }) => type)).toEqual(["nerve.agent.report", "work.done"]);
    expect(new Set(refused)).toEqual(new Set([undefined, first]));
  },
);

test("[CLIENT25] an agent ends when the token that was refused is all that there is", async () => {
  const { server, connect } = await createFixture();
  server.token = "alice.other";
  const asked: (string | undefined)[] = [];
  const agent = connect({
    token(refused) {
      asked.push(refused);
      return "alice.old";
    },
  });
  await expect(agent.closed).rejects.toMatchObject({ code: "unauthenticated" });
  expect(asked).toContain("alice.old");
});

test("[CLIENT25] where no token can be had the agent says so, and tries again", async () => {
  const { server, connect } = await createFixture();
  let tries = 0;
  const agent: Agent & { notes: { message: string }[] } = connect({
    token() {
      tries += 1;
      if (tries < 3) throw new Error("the session is over");
      return server.token;
    },
  });
  await agent.ready;
  expect(agent.notes.map(({ message }) => message).join()).toContain("the token could not be had: the session is over");
});
