/** The open channel in the real runtime: over sockets that sleep and over polls, with a board that is lost. */
import { evictAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { agentLimits } from "../../src/durable/agent/agent-schema.ts";
import { evictActor, objectOf } from "./actors.ts";
import { arrive, call, connect, evictBoard, expectThread, join, publish, ring, ringBoard, type Socket } from "./stage.ts";

const duty = (name: string, recruitment: string) => `
name: ${name}
description: One duty.
binding: cloud
reflexes: [ { kind: workflow, on: [${name}.needed] } ]
roles:
  doer:
    description: Does it.
    goal: It is done.
    type: open
    capabilities: [${name}]
    recruitment: ${recruitment}
    procedure: Do it.
    output: That it is done.
    frontmatter: { properties: { $status: { const: done } }, required: [$status] }
graph:
  $START:
    new: { role: doer, prompt: "Do it." }
  doer:
    done: { role: $END, prompt: "Done." }
`;

test("[BOARD7] the best of those who were connected has the role once all of them have claimed; who only was registered is not waited for", async () => {
  await publish("picked", duty("picked", "{ pick: best, timeout: 20m }"));
  const boss = await join("picked-boss", []);
  const players = [await join("picked-a", ["picked"]), await join("picked-b", ["picked"]), await arrive("picked-c", ["picked"])];
  await join("picked-never", ["picked"]);
  const sockets = await Promise.all(players.slice(0, 2).map((player) => connect(player)));
  await vi.waitFor(async () => expect((await call("GET", "/v1/status")).body.agents.online).toBeGreaterThanOrEqual(3));
  const [thread] = (await boss.say("picked.needed", {})).threads as [string];
  const frames = await Promise.all(sockets.map((socket) => socket.event("nerve.offer.opened", (data) => data.thread === thread)));
  const polled = await players[2]?.expect("nerve.offer.opened", (data) => data.thread === thread);
  expect(frames.map(({ channel, event }) => [channel, event.data.offer])).toEqual([
    ["open", polled?.data.offer],
    ["open", polled?.data.offer],
  ]);
  for (const [index, player] of players.entries())
    await player.say("nerve.offer.claim", { offer: polled?.data.offer, bid: [1, 3, 2][index] as number });
  await expectThread(thread, { status: "running", roles: { doer: { agent: "picked-b" } } });
  const late = await join("picked-late", ["picked"]);
  expect((await late.get("/v1/me")).offers).toEqual([]);
});

/** A role that takes turns until it is said that they are done. */
const rounds = (name: string) =>
  duty(name, "{ pick: sticky, timeout: 20m }")
    .replace("    type: open", "    type: open\n    bind: turn")
    .replace("{ const: done }", "{ enum: [again, done] }")
    .replace(
      '    done: { role: $END, prompt: "Done." }',
      '    done: { role: $END, prompt: "Done." }\n    again: { role: doer, prompt: "Again." }',
    );

test("[BOARD18] a sticky role goes back to its last holder, by poll and by socket, though another claimed first, until that one declines", async () => {
  await publish("stuck", rounds("stuck"));
  const boss = await join("stuck-boss", []);
  const [polls, connects] = [await arrive("stuck-a", ["stuck"]), await join("stuck-b", ["stuck"])];
  const socket = await connect(connects);
  await vi.waitFor(async () => expect((await call("GET", "/v1/agents?capability=stuck&presence=online")).body.agents.length).toBe(2));
  const [thread] = (await boss.say("stuck.needed", {})).threads as [string];
  const heard = new Set<string>();
  /** The next offer, as the socket is shown it. */
  const hear = async (): Promise<string> => {
    const { event } = await socket.event("nerve.offer.opened", (data) => data.thread === thread && !heard.has(data.offer));
    heard.add(event.data.offer);
    return event.data.offer;
  };
  const hold = async (agent: string, round: number) => expectThread(thread, { round, roles: { doer: { agent } } });

  await hear();
  await polls.claim("doer", thread);
  await hold("stuck-a", 1);
  await polls.answer(await polls.turn("doer", thread), { $status: "again" });
  const second = await hear();
  await connects.say("nerve.offer.claim", { offer: second });
  await polls.claim("doer", thread);
  await hold("stuck-a", 2);
  await polls.answer(await polls.turn("doer", thread), { $status: "again" });
  const third = await hear();
  await connects.say("nerve.offer.claim", { offer: third });
  await polls.say("nerve.offer.decline", { offer: third });
  await hold("stuck-b", 3);
  const { event } = await socket.event("nerve.turn.assigned", (data) => data.thread === thread);
  await connects.answer(event.data, { $status: "again" });
  await polls.claim("doer", thread);
  await connects.say("nerve.offer.claim", { offer: await hear() });
  await hold("stuck-b", 4);
});

test("[BOARD18] a random role is given to one of those who were asked, by socket or by poll, once all of them have claimed or declined", async () => {
  await publish("drawn", duty("drawn", "{ pick: random, timeout: 20m }"));
  const boss = await join("drawn-boss", []);
  const [polls, connects, declines] = [
    await arrive("drawn-a", ["drawn"]),
    await join("drawn-b", ["drawn"]),
    await arrive("drawn-c", ["drawn"]),
  ];
  const socket = await connect(connects);
  await vi.waitFor(async () => expect((await call("GET", "/v1/agents?capability=drawn&presence=online")).body.agents.length).toBe(3));
  const [thread] = (await boss.say("drawn.needed", {})).threads as [string];
  const offer = await polls.claim("doer", thread);
  await socket.event("nerve.offer.opened", (data) => data.offer === offer);
  await connects.say("nerve.offer.claim", { offer });
  // One of those who were asked has said nothing yet.
  expect((await call("GET", `/v1/threads/${thread}`)).body).toMatchObject({ status: "recruiting" });
  await declines.say("nerve.offer.decline", { offer });
  const { roles } = await expectThread(thread, { status: "running" });
  expect(["drawn-a", "drawn-b"]).toContain(roles.doer.agent);
  const verdict = roles.doer.agent === "drawn-a" ? "nerve.claim.accepted" : "nerve.claim.rejected";
  await polls.expect(verdict, (data) => data.offer === offer);
  await socket.event(verdict === "nerve.claim.accepted" ? "nerve.claim.rejected" : "nerve.claim.accepted", (data) => data.offer === offer);
});

test("[BOARD12] a connection that sleeps is shown an offer of which a new board is told, and hears that it closed, though that board is lost as well", async () => {
  await publish("asleep", duty("asleep", "{ timeout: 20m }"));
  const boss = await join("asleep-boss", []);
  const socket = await connect(await join("asleep-a", ["asleep"]));
  await vi.waitFor(async () => {
    const { results } = await env.DB.prepare("SELECT state FROM agent_presence WHERE agent = 'asleep-a'").all();
    expect(results).toEqual([{ state: "online" }]);
  });
  await evictAllDurableObjects();
  const [thread] = (await boss.say("asleep.needed", {})).threads as [string];
  const late = await arrive("asleep-late", ["asleep"]);
  const offer = await late.claim("doer", thread);
  await expectThread(thread, { status: "running", roles: { doer: { agent: "asleep-late" } } });
  await socket.event("nerve.offer.opened", (data) => data.offer === offer);
  // The board has not told it yet.
  await evictBoard();
  await ring(thread, 8_000);
  await vi.waitFor(
    async () => {
      await ringBoard(20_000);
      expect(listClosed(socket)).toEqual([offer]);
    },
    { interval: 100 },
  );
});

test("[BOARD15] a socket that slept is given numbers that go on; one whose object began anew is given numbers of another block", async () => {
  const boss = await join("numbered-boss", []);
  const player = await join("numbered", []);
  const hear = async (socket: Socket, type: string): Promise<number> => {
    await boss.say(type, {}, { to: "agents/numbered" });
    return (await socket.expect((frame) => frame.type === "event" && frame.event.type === type)).seq;
  };
  const socket = await connect(player);
  const first = await hear(socket, "news.one");
  await evictActor("agent", "numbered");
  const second = await hear(socket, "news.two");
  expect(second).toBeGreaterThan(first);
  expect(second - first).toBeLessThanOrEqual(agentLimits.seqNoted + 1);
  await evictDurableObject(objectOf("agent", "numbered"), { webSockets: "close" });
  expect((await hear(await connect(player), "news.three")) - second).toBeGreaterThan(agentLimits.seqNoted);
});

function listClosed({ frames }: Socket): string[] {
  return frames.flatMap(({ type, event }) => (type === "event" && event.type === "nerve.offer.closed" ? [event.data.offer] : []));
}
