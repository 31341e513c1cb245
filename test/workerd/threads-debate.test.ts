/** The debate in the real runtime: a group that is recruited together, JSONata that decides, and what becomes of roles that name nobody. */
import { beforeAll, describe, expect, test } from "vitest";
import debate from "../../workflows/debate.yaml?raw";
import { call, disturbances, expectThread, join, type Player, publish, readLog, ring } from "./stage.ts";

let asker: Player;
let left: Player;
let right: Player;
let host: Player;

beforeAll(async () => {
  await publish("debate", debate);
  asker = await join("asker", []);
  left = await join("left", ["argumentation"]);
  right = await join("right", ["argumentation"]);
  host = await join("host-1", []);
});

async function begin(): Promise<string> {
  return (await asker.say("debate.requested", { motion: "tabs" })).threads[0] as string;
}

describe.each(Object.entries(disturbances))("a debate where %s between two events", (_, disturb) => {
  test("[THREAD10] ends after three exchanges", async () => {
    const thread = await begin();
    await disturb();
    await left.claim("against", thread);
    await disturb();
    await expectThread(thread, { status: "recruiting" });
    // `not`: who speaks against may not speak for.
    const { data: offer } = await left.expect("nerve.offer.opened", (data) => data.thread === thread && data.role === "for");
    await left.say("nerve.offer.claim", { offer: offer.offer });
    expect((await left.expect("nerve.claim.rejected", (data) => data.offer === offer.offer)).data.reason).toContain("against");
    await disturb();
    await right.claim("for", thread);
    await disturb();
    for (let exchange = 1; exchange <= 3; exchange++) {
      await left.answer(await left.turn("against", thread), { argument: `no ${exchange}`, conceded: false });
      await disturb();
      const turn = await right.turn("for", thread);
      expect(turn).toMatchObject({ last: { role: "against", output: { argument: `no ${exchange}` } } });
      await right.answer(turn, { argument: `yes ${exchange}`, conceded: false });
      await disturb();
    }
    const closing = await host.turn("host", thread);
    expect(closing.prompt).toBe("Time is up. Close the debate.");
    await host.answer(closing, { summary: "both are right" });
    await disturb();
    await expectThread(thread, { status: "completed", round: 7, outcome: { role: "host", prompt: "Closed." } });
    const { messages } = await asker.get(`/v1/threads/${thread}/messages`);
    expect(messages).toHaveLength(7);
    expect(JSON.stringify(messages[5].decision)).toContain("threeExchanges");
    const log = await readLog(thread, "debate.closed");
    expect(log.find(({ type }) => type === "debate.closed")).toMatchObject({ data: { summary: "both are right" } });
    expect(log.filter(({ type }) => type === "nerve.turn.respond")).toHaveLength(7);
  });
});

test("[THREAD10] a side that concedes ends it early", async () => {
  const thread = await begin();
  await left.claim("against", thread);
  await right.claim("for", thread);
  await left.answer(await left.turn("against", thread), { argument: "well", conceded: true });
  expect((await host.turn("host", thread)).prompt).toBe("The side against gave in. Close the debate.");
  const { messages } = await asker.get(`/v1/threads/${thread}/messages`);
  expect(typeof messages[0].decision.because).toBe("string");
  expect(messages[0].decision).toMatchObject({ to: "host", because: expect.stringContaining("conceded") });
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
});

test("[TASK9] a turn that runs out is forfeited, by the alarm", async () => {
  const thread = await begin();
  await left.claim("against", thread);
  await right.claim("for", thread);
  const turn = await left.turn("against", thread);
  expect(Date.parse(turn.deadline) - Date.now()).toBeGreaterThan(19 * 60_000);
  await ring(thread, 19 * 60_000);
  await expectThread(thread, { turn: { turn: turn.turn } });
  await ring(thread, 20 * 60_000 + 1);
  await left.expect("nerve.turn.revoked", (data) => data.turn === turn.turn);
  expect((await host.turn("host", thread)).prompt).toBe("The side against did not answer. Close the debate.");
  expect(await left.answer(turn, { argument: "late", conceded: false })).toMatchObject({ status: 409, body: { code: "turn_over" } });
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
});

test("[THREAD11] a role that names an agent who is not there fails the thread with that reason", async () => {
  await publish(
    "lonely",
    debate
      .replace("name: debate", "name: lonely")
      .replace("debate.requested", "lonely.requested")
      .replace("agent: host-1", "agent: nobody"),
  );
  const [thread = ""] = (await asker.say("lonely.requested", {})).threads;
  await expectThread(thread, { status: "failed", error: expect.stringContaining("the role host names the agent nobody") });
  await asker.expect("nerve.thread.failed", (data) => data.thread === thread && data.reason.includes("nobody"));
});

test("[THREAD11] a role whose agent comes out empty fails the thread with that reason", async () => {
  await publish(
    "empty",
    debate
      .replace("name: debate", "name: empty")
      .replace("debate.requested", "empty.requested")
      .replace("agent: host-1", 'agent: { from: "event.data.host" }'),
  );
  const [thread = ""] = (await asker.say("empty.requested", {})).threads;
  await expectThread(thread, { status: "failed", error: expect.stringContaining("comes out empty") });
  expect((await asker.expect("nerve.thread.failed", (data) => data.thread === thread)).data.outcome.status).toBe("failed");
  const { threads } = (await call("GET", "/v1/workflows/empty")).body;
  expect(threads).toBeUndefined();
});

test("[THREAD12] an agent that is deleted while it holds a named role suspends the thread, an open role is recruited again", async () => {
  await publish(
    "brief",
    debate.replace("name: debate", "name: brief").replace("debate.requested", "brief.requested").replace("agent: host-1", "agent: guest"),
  );
  const guest = await join("guest", []);
  const third = await join("third", ["argumentation"]);
  const [thread = ""] = (await asker.say("brief.requested", {})).threads;
  await third.claim("against", thread);
  await right.claim("for", thread);
  const turn = await third.turn("against", thread);
  expect((await call("DELETE", "/v1/agents/third")).status).toBe(204);
  expect(await third.answer(turn, { argument: "late", conceded: false })).toMatchObject({ status: 401 });
  await left.claim("against", thread);
  const next = await left.turn("against", thread);
  expect(next).toMatchObject({ turn: turn.turn, lease: { generation: 2 }, handover: { agent: "third", why: "deleted" } });
  expect((await call("DELETE", `/v1/agents/${guest.id}`)).status).toBe(204);
  await expectThread(thread, { status: "suspended", error: expect.stringContaining("host") });
});

test("[RECR25] an agent that is registered after the offer opened gets it when the registry is read again", async () => {
  const thread = await begin();
  await left.expect("nerve.offer.opened", (data) => data.thread === thread && data.role === "against");
  const late = await join("late", ["argumentation"]);
  const later = await join("later", ["argumentation"]);
  await ring(thread, 5_001);
  for (const player of [late, later]) await player.expect("nerve.offer.opened", (data) => data.thread === thread && data.role === "for");
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
});

test("[RECR26] an agent that `where` refused is offered the role again, and may claim it under the same id once it fits", async () => {
  await publish(
    "busy",
    debate
      .replace("name: debate", "name: busy")
      .replace("[debate.requested]", "[busy.requested]")
      .replaceAll("capabilities: [argumentation]", 'capabilities: [weighing]\n    eligibility: { where: "load < 3" }')
      .replace(/^ +eligibility: \{ not.*\n/m, ""),
  );
  const loaded = await join("loaded", ["weighing"]);
  await loaded.say("nerve.agent.report", { load: 5 });
  const thread = (await asker.say("busy.requested", {})).threads[0] as string;
  const { data: offer } = await loaded.expect("nerve.offer.opened", (data) => data.role === "against" && data.thread === thread);
  await loaded.say("nerve.offer.claim", { offer: offer.offer }, { id: "claim-busy" });
  await loaded.expect("nerve.claim.rejected", (data) => data.offer === offer.offer && data.reason.includes("load < 3"));
  await loaded.say("nerve.agent.report", { load: 1 });
  await ring(thread, 5_001);
  await loaded.expect("nerve.offer.opened", (data) => data.offer === offer.offer);
  await loaded.say("nerve.offer.claim", { offer: offer.offer }, { id: "claim-busy" });
  await loaded.expect("nerve.claim.accepted", (data) => data.offer === offer.offer);
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
});
