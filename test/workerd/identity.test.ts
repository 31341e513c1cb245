/** Tokens against live connections: rotated, revoked, run out, through hibernation and crashes. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { evictActor, objectOf, ringActor } from "./actors.ts";
import { call, connect, join, type Player, play, type Socket } from "./stage.ts";

let agents = 0;

async function joinNext(): Promise<Player> {
  agents += 1;
  return join(`identity-${agents}`, []);
}

const expectClosed = (socket: Socket, code: number) => vi.waitFor(() => expect(socket.closed).toMatchObject({ code }));

async function rotate(player: Player, overlapSeconds: number): Promise<Player> {
  const { status, body } = await call("POST", `/v1/agents/${player.id}/token`, { body: { overlapSeconds } });
  expect(status, JSON.stringify(body)).toBe(200);
  return play(player.id, body.token);
}

async function getStatus(player: Player): Promise<number> {
  return (await call("GET", "/v1/me", { token: player.token })).status;
}

/** Sends the agent something, as the operator. */
let sent = 0;
async function tell(player: Player): Promise<string> {
  sent += 1;
  const id = `told.${player.id}.${sent}`;
  expect((await call("POST", "/v1/events", { body: { id, type: "identity.told", to: `agents/${player.id}` } })).status).toBe(202);
  return id;
}

describe("a revoked token", () => {
  test.each(["awake", "hibernating"])(
    "[IDENT15] closes the connections of an agent that is %s, before anything else is given",
    async (how) => {
      const agent = await joinNext();
      const sockets = [await connect(agent), await connect(agent, "?channel=open")];
      if (how === "hibernating") await evictActor("agent", agent.id);
      expect((await call("POST", `/v1/agents/${agent.id}/revoke`)).status).toBe(204);
      // What comes after the answer to it goes to none of these connections.
      const id = await tell(agent);
      for (const socket of sockets) {
        await expectClosed(socket, 4401);
        expect(socket.frames).toEqual([]);
      }
      expect(await getStatus(agent)).toBe(401);
      const { body } = await call("GET", `/v1/events?source=/agents/${agent.id}`);
      expect(body.events).toEqual([]);
      // The agent is still there, and so is what came meanwhile.
      const again = await rotate(agent, 0);
      expect((await again.expect("identity.told")).id).toBe(id);
      expect(await getStatus(agent)).toBe(401);
    },
  );

  test("[IDENT15] ends a waiting poll, which is given nothing more", async () => {
    const agent = await joinNext();
    const poll = call("GET", "/v1/inbox?wait=25", { token: agent.token });
    await runInDurableObject(objectOf("agent", agent.id), () => {});
    await call("POST", `/v1/agents/${agent.id}/revoke`);
    await tell(agent);
    expect(await poll).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  });

  test("[IDENT14] stays void after a crash", async () => {
    const agent = await joinNext();
    await call("POST", `/v1/agents/${agent.id}/revoke`);
    await abortAllDurableObjects();
    expect(await getStatus(agent)).toBe(401);
    const socket = await connect(agent);
    await expectClosed(socket, 4401);
  });
});

describe("a rotated token", () => {
  afterEach(() => void vi.useRealTimers());

  test("[IDENT13] without overlap is the only one at once", async () => {
    const before = await joinNext();
    const socket = await connect(before);
    const after = await rotate(before, 0);
    const newer = await connect(after);
    await expectClosed(socket, 4401);
    expect(await getStatus(before)).toBe(401);
    expect(await getStatus(after)).toBe(200);
    const id = await tell(after);
    await newer.event("identity.told");
    expect(newer.frames.map(({ event }) => event.id)).toEqual([id]);
    expect(newer.closed).toBeUndefined();
    newer.socket.close();
  });

  test("[IDENT13] with overlap is good beside the former one, connections too, until the overlap ends; also after a crash", async () => {
    const before = await joinNext();
    const after = await rotate(before, 60);
    await abortAllDurableObjects();
    const [old, young] = [await connect(before), await connect(after)];
    for (const player of [before, after]) expect(await getStatus(player)).toBe(200);
    old.send({ type: "event", event: { id: "in-overlap", type: "identity.said" } });
    await old.expect((frame) => frame.type === "accepted");

    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 60_000);
    expect(await getStatus(before)).toBe(401);
    expect(await getStatus(after)).toBe(200);
    expect(await ringActor("agent", before.id)).toBe(true);
    await expectClosed(old, 4401);
    young.send({ type: "event", event: { id: "after-overlap", type: "identity.said" } });
    await young.expect((frame) => frame.type === "accepted");
    expect(young.closed).toBeUndefined();
    young.socket.close();
  });

  test("[IDENT13] can be rotated again: the last rotation bounds the overlaps before it", async () => {
    const first = await joinNext();
    const second = await rotate(first, 3600);
    const third = await rotate(second, 60);
    for (const player of [first, second, third]) expect(await getStatus(player)).toBe(200);
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 61_000);
    for (const player of [first, second]) expect(await getStatus(player)).toBe(401);
    expect(await getStatus(third)).toBe(200);
  });

  test("[IDENT13] of a revoked agent has no overlap with the token that was void", async () => {
    const agent = await joinNext();
    await call("POST", `/v1/agents/${agent.id}/revoke`);
    await rotate(agent, 3600);
    expect(await getStatus(agent)).toBe(401);
  });
});

describe("an agent that goes too fast", () => {
  afterEach(() => void vi.useRealTimers());

  /** Wakes the object with other limits than the Worker's. */
  async function slow(player: Player): Promise<void> {
    await evictActor("agent", player.id);
    await runInDurableObject(objectOf("agent", player.id), (instance) => {
      const object = instance as unknown as { env: object };
      object.env = { ...object.env, NERVEFLARE_RATE_EVENTS: "1", NERVEFLARE_RATE_CALLS: "1" };
    });
  }

  test("[FAIR14] is told when to come again, and what it sends then is taken under the same id", async () => {
    const agent = await joinNext();
    await slow(agent);
    const post = (id: string) => agent.post("identity.fast", {}, { id });
    const answers = [];
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let index = 0; index < 6; index++) answers.push(await post(`fast.${index}`));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 429]);
    expect(answers[5]?.body).toMatchObject({ code: "rate_limited", retryable: true, retryAfter: 1 });
    vi.setSystemTime(Date.now() + 1_000);
    expect((await post("fast.5")).status).toBe(202);
    vi.useRealTimers();
  });

  test("[FAIR14] is refused calls beside events, and others are not", async () => {
    const [agent, other] = [await joinNext(), await joinNext()];
    await slow(agent);
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let index = 0; index < 5; index++) expect(await getStatus(agent)).toBe(200);
    expect(await call("GET", "/v1/inbox", { token: agent.token })).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(await getStatus(other)).toBe(200);
    vi.useRealTimers();
  });

  test("[FAIR14] and goes on regardless is answered, then closed with 4429", async () => {
    const agent = await joinNext();
    await slow(agent);
    const socket = await connect(agent);
    vi.useFakeTimers({ toFake: ["Date"] });
    // The burst, ten times the burst of refusals, and one more.
    for (let index = 0; index < 5 + 50 + 1; index++) socket.send({ type: "event", event: { id: `flood.${index}`, type: "a.b" } });
    // The clock stands until all are judged, however long that takes: each second lets the agent go on.
    await socket.ended;
    vi.useRealTimers();
    await expectClosed(socket, 4429);
    expect(socket.frames.filter(({ type }) => type === "accepted")).toHaveLength(5);
    expect(socket.frames.find(({ error }) => error?.code === "rate_limited")).toMatchObject({ id: "flood.5", error: { retryAfter: 1 } });
  });
});
