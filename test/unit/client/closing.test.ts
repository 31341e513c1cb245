/** How an agent ends: what it does not perform goes to others at once, what it performs it finishes, within its time. */
import { describe, expect, test } from "vitest";
import { type AgentOptions, connectAgent } from "../../../src/client/index.ts";
import type { Json } from "../../../src/contract/event.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import { type FakeServer, token } from "./fake-server.ts";
import { createFixture, makeOffer, makeTurn } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";
import { createSignal } from "./signal.ts";

const lease = (generation = 1) => ({ generation, expires: null });
const hold = (thread: string, more: { [member: string]: Json } = {}) => ({
  ...{ thread, workflow: "code-review", role: "reviewer", type: "open", lease: lease() },
  ...more,
});
const released = (server: FakeServer) => server.accepted.filter(({ type }) => type === "nerve.role.release").map(({ data }) => data);

/** An agent whose turns stay until they are let go. */
async function createStage(options: Partial<AgentOptions> = {}) {
  const { server, connect } = await createFixture();
  const { notify, until } = createSignal();
  const running: { thread: string; finish(): void; aborted: boolean }[] = [];
  const agent = connect({
    onTurn: ({ thread }, { signal }) =>
      new Promise((resolve) => {
        const run = { thread, finish: () => resolve({ $status: "done" }), aborted: false };
        running.push(run);
        signal.addEventListener("abort", () => {
          run.aborted = true;
          resolve({});
        });
        notify();
      }),
    ...options,
  });
  await agent.ready;
  return { server, agent, running, began: (times: number) => until(() => running.length >= times) };
}

describe("[CLOSE1] close()", () => {
  test.each(["socket", "sse", "poll"] as const)(
    "by %s, gives back the roles of which no turn is performed, and finishes the turn that is",
    async (way) => {
      const { server, agent, running, began } = await createStage({ transports: [way] });
      server.me.rolesHeld = [hold("t1"), hold("t2", { lease: lease(4) }), hold("t3", { type: "named" })];
      server.give("nerve.turn.assigned", makeTurn("t1.1:1"));
      await began(1);
      const closed = agent.close({ finish: 30_000 });
      await server.until(() => released(server).length === 1);
      expect(released(server)).toMatchObject([{ thread: "t2", role: "reviewer", lease: 4, reason: "the agent ends" }]);
      server.me.rolesHeld = [hold("t1")];
      running[0]?.finish();
      await closed;
      expect(running[0]?.aborted).toBe(false);
      expect(server.accepted.map(({ type }) => type)).toContain("nerve.turn.respond");
      // The turn is answered: its role goes back as well.
      expect(released(server)).toMatchObject([{ thread: "t2" }, { thread: "t1" }]);
      await server.until(() => server.unacknowledged().length === 0);
    },
  );

  test("gives back the role of a turn that waits for a slot, and of one that is assigned meanwhile", async () => {
    const { server, agent, running, began } = await createStage();
    server.me.rolesHeld = [hold("t1"), hold("t2")];
    server.give("nerve.turn.assigned", makeTurn("t1.1:1"));
    server.give("nerve.turn.assigned", makeTurn("t2.1:1", { thread: "t2" }));
    await began(1);
    await agent.noted("turn.waiting");
    const closed = agent.close({ finish: 30_000 });
    await server.until(() => released(server).length === 1);
    expect(released(server)).toMatchObject([{ thread: "t2" }]);
    server.give("nerve.turn.assigned", makeTurn("t1.1:2"));
    running[0]?.finish();
    await closed;
    expect(running).toHaveLength(1);
    expect(released(server)).toMatchObject([{ thread: "t2" }, { thread: "t1" }]);
  });

  test("aborts what is not finished in time, and gives its role back too", async () => {
    const { server, agent, running, began } = await createStage();
    server.me.rolesHeld = [hold("t1")];
    server.give("nerve.turn.assigned", makeTurn("t1.1:1"));
    await began(1);
    await agent.close({ finish: 50 });
    expect(running[0]?.aborted).toBe(true);
    expect(released(server)).toMatchObject([{ thread: "t1", reason: expect.stringContaining("too long") }]);
    expect(server.accepted.map(({ type }) => type)).not.toContain("nerve.turn.respond");
  });

  test("gives back a role that it had claimed and is awarded while it closes", async () => {
    const { server, agent } = await createStage();
    server.give("nerve.offer.opened", makeOffer("t5:0:1"), { channel: "open" });
    await agent.noted("offer.claim");
    const closed = agent.close();
    await agent.noted("closing");
    server.me.rolesHeld = [hold("t5")];
    server.give("nerve.claim.accepted", { offer: "t5:0:1", thread: "t5", role: "reviewer", lease: lease() });
    await closed;
    expect(released(server)).toMatchObject([{ thread: "t5" }]);
  });

  test("leaves everything as it is where it is told to, as before a restart", async () => {
    const { server, agent } = await createStage();
    server.me.rolesHeld = [hold("t1")];
    await agent.close({ release: false });
    expect(released(server)).toEqual([]);
  });

  test("takes nothing from another process with the same token", async () => {
    const { server, agent } = await createStage({ slots: 3 });
    server.give("nerve.offer.opened", makeOffer("t1:0:1"), { channel: "open" });
    await agent.noted("offer.claim");
    server.give("nerve.claim.accepted", { offer: "t1:0:1", thread: "t1", role: "reviewer", lease: lease() });
    await agent.noted("claim.accepted");
    Object.assign(server.me, { rolesHeld: [hold("t1"), hold("t2")], others: ["another"] });
    await agent.close();
    expect(released(server)).toMatchObject([{ thread: "t1" }]);
  });

  test("is over in time, though the server refuses or is gone", async () => {
    const { server, agent } = await createStage();
    server.me.rolesHeld = [hold("t1")];
    server.judge = ({ type }) => (type === "nerve.role.release" ? createProblem("stale_lease", "Not yours.") : undefined);
    await agent.close();
    expect(agent.notes.map(({ what }) => what)).toContain("role.kept");
    const clock = createManualClock();
    const gone = connectAgent({ url: "http://127.0.0.1:9", token, clock, onNote: () => {} });
    let over = false;
    void gone.close().then(() => (over = true));
    await clock.runUntil(() => over);
  });
});

test("[CLOSE2] a process that is told of another with its token says so once", async () => {
  const { server, connect } = await createFixture();
  const agent = connect();
  await agent.ready;
  const note = { type: "note", code: "second_client", detail: "another process is connected", about: "b" };
  for (const about of ["b", "b", "c"]) server.pushRaw(JSON.stringify({ ...note, about }));
  server.pushRaw(JSON.stringify({ type: "note" }));
  await agent.noted("connection.shared", 2);
  expect(agent.notes.filter(({ what }) => what === "connection.shared")).toMatchObject([
    { level: "warn", code: "second_client", message: "another process is connected" },
    { level: "warn" },
  ]);
});

describe("closing", () => {
  test("[CLIENT14] lets running turns finish where it is told to, then disconnects", async () => {
    const { server, connect } = await createFixture();
    let release = () => {};
    const agent = connect({ onTurn: () => new Promise((resolve) => (release = () => resolve({ $status: "approved" }))) });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    await server.until(() => server.accepted.length === 1);
    const closed = agent.close({ finish: 60_000 });
    release();
    await closed;
    expect(server.accepted.at(-1)).toMatchObject({ type: "nerve.turn.respond" });
    await server.until(() => server.unacknowledged().length === 0 && server.sockets() === 0);
    await expect(agent.send({ type: "team.hello" })).rejects.toMatchObject({ code: "closed" });
  });

  test("[CLIENT14] aborts what may not finish and leaves no timer behind", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    let reason: unknown;
    const agent = connect({
      clock,
      onTurn: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    await server.until(() => server.accepted.length === 1);
    await agent.close();
    expect(reason).toMatchObject({ code: "closed" });
    expect(clock.due()).toEqual([]);
    expect(server.unacknowledged()).toHaveLength(1);
  });
});
