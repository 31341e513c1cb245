/** Agents that vanish, in the real runtime: pings that wake nobody, eviction, the alarm, and the hand-over. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { actor, readStored, ringActor } from "./actors.ts";
import { call, connect, expectThread, join, type Loose, type Player, publish } from "./stage.ts";

const workflow = `
name: live-review
description: A review.
binding: cloud
reflexes:
  - { kind: workflow, on: [live.ready], key: "$string(data.pr)" }
roles:
  reviewer:
    description: Reviews.
    capabilities: [live-review]
    procedure: Read it.
    output: A verdict.
    heartbeat: { every: 10s, miss: 3 }
    offline: { grace: 20s, then: rerecruit }
    frontmatter: { type: object, properties: { $status: { const: approved } }, required: [$status] }
graph:
  $START:
    new: { role: reviewer, prompt: "Review it." }
  reviewer:
    approved: { role: $END, prompt: "Approved." }
`;

let author: Player;
let second: Player;
let made = 0;

beforeAll(async () => {
  await publish("live-review", workflow);
  author = await join("live-author", []);
  second = await join("live-second", ["live-review"]);
});

afterEach(() => void vi.useRealTimers());

/** Moves the clock ahead, for the objects too: from now, or from a moment. */
function turnClock(by: number, from = Date.now()): void {
  const now = from + by;
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["Date"], now });
}

async function begin(): Promise<{ first: Player; thread: string }> {
  made += 1;
  const first = await join(`live-first-${made}`, ["live-review"]);
  const { threads } = await author.say("live.ready", { pr: made });
  const thread = threads[0] as string;
  await first.claim("reviewer", thread);
  await first.turn("reviewer", thread);
  return { first, thread };
}

const presence = (id: string): Promise<Loose> => actor<Loose>("agent", id).presence();
const ringAgent = (id: string) => ringActor("agent", id);

describe("a holder who falls silent", () => {
  test("[LIVE3] is away by the alarm, lost after its grace, and the next one gets the hand-over", async () => {
    const { first, thread } = await begin();
    const turn = (await first.get("/v1/me")).turns[0];
    await first.say("nerve.turn.progress", { turn: turn.turn, lease: 1, note: "half way", details: { at: 3 } });
    expect(await presence(first.id)).toMatchObject({ state: "online", seats: 1, used: 1 });
    // From its last sign, however long ago that is by now.
    turnClock(30_000, Date.parse((await presence(first.id)).lastSignAt));
    await evictAllDurableObjects();
    await ringAgent(first.id);
    // Out of memory meanwhile: what may have been heard and not written is granted.
    expect(await presence(first.id)).toMatchObject({ state: "online" });
    turnClock(10_000);
    await ringAgent(first.id);
    expect(await presence(first.id)).toMatchObject({ state: "away", seats: 1 });
    await expectHeard(thread, "away");
    turnClock(21_000);
    await ringActor("recruitment", thread);
    await vi.waitFor(async () => expect(await presence(first.id)).toMatchObject({ seats: 0 }), { interval: 10 });
    expect(await presence(first.id)).toMatchObject({ state: "lost", seats: 0 });
    const { data } = await second.expect("nerve.offer.opened", (each) => each.thread === thread && each.offer.endsWith(":2"));
    await second.say("nerve.offer.claim", { offer: data.offer });
    const handed = await second.turn("reviewer", thread);
    expect(handed).toMatchObject({
      turn: turn.turn,
      lease: { generation: 2 },
      handover: { agent: first.id, why: "lost", reason: "lost: silent for 50s", progress: { note: "half way", details: { at: 3 } } },
    });
    expect(await first.answer(turn, { $status: "approved" })).toMatchObject({
      status: 409,
      body: { code: "stale_lease", reason: "lost: silent for 50s", now: { agent: second.id, generation: 2 } },
    });
    expect(await presence(first.id)).toMatchObject({ state: "online" });
    expect(await second.answer(handed, { $status: "approved" })).toMatchObject({ status: 202 });
    await expectThread(thread, { status: "completed" });
    await vi.waitFor(async () => {
      const rows = await readPresence(first.id);
      expect(rows).toMatchObject({ state: "online" });
    });
  });

  test("[LIVE4] is back by any call, and keeps the role", async () => {
    const { first, thread } = await begin();
    turnClock(31_000);
    await ringAgent(first.id);
    expect(await presence(first.id)).toMatchObject({ state: "away" });
    await expectHeard(thread, "away");
    await first.get("/v1/me");
    await expectHeard(thread, "here");
    expect(await presence(first.id)).toMatchObject({ state: "online", seats: 1 });
  });
});

/** The inner state of the reviewer's role. */
async function expectHeard(thread: string, state: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { recruitment } = (await actor<Loose>("recruitment", thread).history({ limit: 200 })).value;
      expect(recruitment.at(-1).after).toMatchObject({ open: { reviewer: { held: state } } });
    },
    { interval: 10 },
  );
}

async function readPresence(agent: string): Promise<Loose> {
  return (env as Loose).DB.prepare("SELECT * FROM agent_presence WHERE agent = ?").bind(agent).first();
}

describe("the pings of a socket", () => {
  // The runtime stamps them by the real clock: what comes before is put into the past.
  test("[LIVE14] count without waking the object, also over an eviction", async () => {
    turnClock(-25_000);
    const { first, thread } = await begin();
    const socket = await connect(first);
    vi.useRealTimers();
    // What falls due with the real clock may wake others: the ping of a socket whose object is asleep does not.
    await vi.waitFor(async () => {
      await evictAllDurableObjects();
      const wakes = await countWakes();
      socket.send("ping");
      await socket.expect((frame) => frame === "pong");
      expect(await countWakes(), "nobody woke").toBe(wakes);
    });
    // Half a minute and more since all but the ping.
    turnClock(6_000);
    await ringAgent(first.id);
    expect(await presence(first.id)).toMatchObject({ state: "online", connections: 1 });
    expect((await call("GET", `/v1/threads/${thread}`)).body.roles.reviewer).toMatchObject({ agent: first.id, state: "held" });
    // Without a further one its open socket says nothing.
    turnClock(25_000);
    await ringAgent(first.id);
    expect(await presence(first.id)).toMatchObject({ state: "away", connections: 1 });
  });

  test("[LIVE14] are remembered when the socket closes, also over an eviction", async () => {
    turnClock(-25_000);
    const { first } = await begin();
    const socket = await connect(first);
    vi.useRealTimers();
    socket.send("ping");
    await socket.expect((frame) => frame === "pong");
    const pinged = Date.now();
    socket.socket.close(1000);
    await vi.waitFor(async () => expect(await presence(first.id)).toMatchObject({ connections: 0 }));
    await evictAllDurableObjects();
    const { lastSignAt } = await presence(first.id);
    expect(Math.abs(Date.parse(lastSignAt) - pinged)).toBeLessThan(5_000);
  });

  test("[LIVE15] are all that an idle agent costs: connected and without a role it sets no alarm for its being there", async () => {
    const idle = await join("live-idle", []);
    await connect(idle);
    expect(await readStored("agent", "live-idle", "presence")).toMatchObject([{ value: { due: null } }]);
  });
});

/** How often an agent's object came into memory. */
async function countWakes(): Promise<number> {
  const { body } = await call("GET", "/v1/metrics");
  return body.wakes.agent as number;
}
