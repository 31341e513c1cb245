/** What a proxy says in the server's place ends nothing and loses nothing; only the server's own word does. */
import { describe, expect, onTestFinished, test } from "vitest";
import { startFaultyProxy } from "../../../src/chaos/faulty-proxy.ts";
import { token } from "./fake-server.ts";
import { createFixture } from "./fixture.ts";

async function createStage(status: number) {
  const { server, connect } = await createFixture();
  const proxy = await startFaultyProxy({ target: server.url, plan: { page: { status, share: 1 }, upgrades: "refuse" } });
  onTestFinished(() => proxy.close());
  return { server, connect, proxy };
}

describe.each([400, 401, 403, 404, 407, 502])("[FOREIGN1] a page of a proxy's own with status %i", (status) => {
  test.each(["sse", "poll"] as const)("by %s, is not taken for the server's: the agent comes back", async (way) => {
    const { server, connect, proxy } = await createStage(status);
    const agent = connect({ url: proxy.url, transports: [way] });
    await agent.noted("disconnected");
    proxy.plan = {};
    await agent.ready;
    expect(agent.transport()).toBe(way);
    expect(agent.notes.filter(({ level }) => level === "error")).toEqual([]);
    await server.until(() => server.accepted.some(({ type }) => type === "nerve.agent.report"));
  });

  test("refuses no event that was sent: it is sent again", async () => {
    const { server, connect, proxy } = await createStage(status);
    proxy.plan = {};
    const agent = connect({ url: proxy.url, transports: ["sse"] });
    await agent.ready;
    await server.until(() => server.accepted.length === 1);
    proxy.plan = { page: { status, share: 1, kinds: ["call"] } };
    const sent = agent.send({ type: "team.news", data: {}, id: "news" });
    await expect.poll(() => proxy.struck.page).toBeGreaterThan(0);
    proxy.plan = {};
    expect(await sent).toMatchObject({ status: "accepted" });
    expect(server.accepted.map(({ id }) => id)).toContain("news");
  });
});

test.each(["sse", "poll"] as const)(
  "[FOREIGN2] by %s, the server's own refusal of the token is final, through a proxy as well",
  async (way) => {
    const { connect, proxy } = await createStage(401);
    proxy.plan = {};
    const agent = connect({ url: proxy.url, transports: [way], token: `${token}x` });
    await expect(agent.closed).rejects.toMatchObject({ code: "unauthenticated" });
  },
);

test("[FOREIGN3] what is too large for a proxy is refused, for it always will be", async () => {
  const { server, connect, proxy } = await createStage(413);
  proxy.plan = {};
  const agent = connect({ url: proxy.url, transports: ["sse"] });
  await agent.ready;
  await server.until(() => server.accepted.length === 1);
  proxy.plan = { page: { status: 413, share: 1, kinds: ["call"] } };
  await expect(agent.send({ type: "team.news", data: {} })).rejects.toMatchObject({ code: "too_large" });
});
