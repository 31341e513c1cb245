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

test("[BOARD12] a connection that sleeps is shown an offer of which a new board is told, and hears that it closed, though that board is lost as well", async () => {
  await publish("asleep", duty("asleep", "{ timeout: 20m }"));
  const boss = await join("asleep-boss", []);
  const socket = await connect(await join("asleep-a", ["asleep"]));
  await vi.waitFor(async () => {
    const { results } = await env.DB.prepare("SELECT state FROM agent_presence WHERE agent = 'asleep-a'").all();
    expect(results).toEqual([{ state: "online" }]);
  }, 10_000);
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
    { timeout: 10_000, interval: 100 },
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
