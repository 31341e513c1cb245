/** One mailbox, many readers: numbers, windows, acknowledgements, and what eviction, hibernation and crashes leave of them. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { Mail } from "../../src/durable/protocol/agent.ts";
import type { BoardRpc } from "../../src/durable/protocol/board.ts";
import { boardKeeper } from "../../src/durable/protocol/registry.ts";
import { actor, evictActor, objectOf } from "./actors.ts";
import { deliver, mail, makeEnvelope, poll, readPlanted } from "./mail.ts";
import { call, connect, join, type Player, type Socket } from "./stage.ts";

let agents = 0;
async function joinNext(): Promise<Player> {
  agents += 1;
  return join(`reader-${agents}`, []);
}

const names = (socket: Socket): string[] => socket.frames.filter(({ type }) => type === "event").map(({ event }) => event.id);
const seqOf = (socket: Socket, name: string): number => socket.frames.find(({ event }) => event?.id === name).seq;
const expectNames = (socket: Socket, expected: string[]) => vi.waitFor(() => expect(names(socket)).toEqual(expected));
const ack = (player: Player, body: object) => call("POST", "/v1/inbox/ack", { token: player.token, body: body as never });

test("[MAIL1] numbers grow, and are never another's after evictions and crashes", async () => {
  const reader = await joinNext();
  const seen = new Map<number, string>();
  const note = async () => {
    const { names, seqs } = await poll(reader);
    for (const [index, seq] of seqs.entries()) {
      const name = names[index] as string;
      expect(seen.get(seq) ?? name).toBe(name);
      if (!seen.has(seq)) expect(seq).toBeGreaterThan(Math.max(0, ...seen.keys()));
      seen.set(seq, name);
    }
    if (seqs.length) await ack(reader, { seqs });
  };
  for (let round = 0; round < 3; round++) {
    await mail(reader, `a${round}`, `b${round}`);
    await note();
    await evictActor("agent", reader.id);
    await mail(reader, `c${round}`);
    await note();
    await abortAllDurableObjects();
  }
  expect([...seen.values()]).toEqual(["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]);
  expect((await reader.get("/v1/me")).inbox).toMatchObject({ unacknowledged: 0 });
});

test("[MAIL2] acknowledges exactly these, or a channel up to a number; `after` is where a poll goes on", async () => {
  const reader = await joinNext();
  await mail(reader, "1", "2", "3", "4");
  await deliver(reader, makeEnvelope(reader, { name: "open", channel: "open" }));
  const { seqs, next } = await poll(reader);
  expect(next).toBe(seqs[4]);
  expect((await poll(reader, `&after=${seqs[1]}`)).names).toEqual(["3", "4", "open"]);
  await ack(reader, { seqs: [seqs[1]] });
  expect((await poll(reader)).names).toEqual(["1", "3", "4", "open"]);
  await ack(reader, { seq: seqs[4], channel: "my" });
  expect((await poll(reader)).names).toEqual(["open"]);
  expect((await poll(reader, "&channel=my")).names).toEqual([]);
  expect((await ack(reader, { seqs: ["x"] })).status).toBe(400);
});

test("[MAIL3] a repeat of the sender is known, also after an eviction", async () => {
  const reader = await joinNext();
  const envelope = makeEnvelope(reader, { name: "once" });
  await deliver(reader, envelope);
  await deliver(reader, envelope);
  await evictActor("agent", reader.id);
  await deliver(reader, envelope);
  expect((await poll(reader)).names).toEqual(["once"]);
});

test("[MAIL4] an event that is held back stops all behind it, and what an empty poll names as next does not skip it", async () => {
  const reader = await joinNext();
  const socket = await connect(reader);
  await mail(reader, "first");
  await expectNames(socket, ["first"]);
  const held = { ...makeEnvelope(reader, { name: "held" }, "agent/other"), phase: "hold" as const };
  await deliver(reader, held);
  await mail(reader, "behind");
  await ack(reader, { seq: 1_000_000, channel: "my" });
  const { names: none, next } = await poll(reader);
  expect(none).toEqual([]);
  expect(names(socket)).toEqual(["first"]);
  await evictActor("agent", reader.id);
  await deliver(reader, { ...held, phase: "release" });
  await expectNames(socket, ["first", "held", "behind"]);
  expect((await poll(reader, `&after=${next}`)).names).toEqual(["held", "behind"]);
  await deliver(reader, { ...held, phase: "release" });
  expect(names(socket)).toHaveLength(3);
});

describe("connections", () => {
  test("[MAIL5] share: each event goes to one, the newest that reads its channel, and to another when that one drops", async () => {
    const reader = await joinNext();
    await mail(reader, "before");
    const older = await connect(reader);
    await expectNames(older, ["before"]);
    const newer = await connect(reader, "?channel=my");
    await mail(reader, "now");
    await deliver(reader, makeEnvelope(reader, { name: "offer", channel: "open" }));
    await expectNames(newer, ["now"]);
    await expectNames(older, ["before", "offer"]);
    expect((await poll(reader)).names).toEqual([]);
    newer.socket.close(1000);
    await expectNames(older, ["before", "offer", "now"]);
    older.send({ type: "ack", seqs: [seqOf(older, "before")] });
    older.socket.close(1000);
    await vi.waitFor(async () => expect((await poll(reader)).names).toEqual(["now", "offer"]));
    const third = await connect(reader);
    await expectNames(third, ["now", "offer"]);
    third.socket.close();
  });

  test("[MAIL6] survive hibernation, and are given nothing twice", async () => {
    const reader = await joinNext();
    const socket = await connect(reader);
    const other = await connect(reader, "?channel=open");
    for (const [index, name] of ["a", "b", "c", "d"].entries()) {
      await mail(reader, name);
      await deliver(reader, makeEnvelope(reader, { name: `open ${name}`, channel: "open" }));
      await vi.waitFor(() => expect(names(socket)).toContain(name));
      if (index % 2) socket.send({ type: "ack", seqs: [seqOf(socket, name)] });
      await evictActor("agent", reader.id);
    }
    await expectNames(socket, ["a", "b", "c", "d"]);
    await expectNames(other, ["open a", "open b", "open c", "open d"]);
    socket.socket.close();
    other.socket.close();
    await vi.waitFor(async () => expect((await poll(reader)).names).toEqual(["a", "open a", "open b", "c", "open c", "open d"]));
  });

  test("[MAIL7] are given no more than 256 unacknowledged, whichever way the acknowledgements come", async () => {
    const reader = await joinNext();
    const socket = await connect(reader);
    const many = Array.from({ length: 600 }, (_, index) => `m${index}`);
    await Promise.all(many.map((name) => deliver(reader, makeEnvelope(reader, { name }))));
    await expectNames(socket, many.slice(0, 256));
    // Acknowledging twice makes no room twice.
    const first = seqOf(socket, "m0");
    for (let times = 0; times < 3; times++) socket.send({ type: "ack", seqs: [first] });
    await expectNames(socket, many.slice(0, 257));
    await evictActor("agent", reader.id);
    await ack(reader, { seqs: [1, 2, 3, 4].map((more) => first + more) });
    await expectNames(socket, many.slice(0, 261));
    while (names(socket).length < many.length) {
      const before = names(socket).length;
      socket.send({ type: "ack", seq: socket.frames.at(-1).seq, channel: "my" });
      await vi.waitFor(() => expect(names(socket).length).toBeGreaterThan(before));
    }
    expect(names(socket)).toEqual(many);
    socket.socket.close();
  });

  test("[MAIL7] have room again after turns that were revoked and offers that closed without an acknowledgement", async () => {
    const reader = await joinNext();
    const socket = await connect(reader);
    for (let index = 0; index < 300; index++) {
      const offer = `t:0:${index}`;
      await deliver(reader, makeEnvelope(reader, { name: `opened ${index}`, offer, channel: "open", expires: Date.now() + 60_000 }));
      await deliver(reader, makeEnvelope(reader, { name: `closed ${index}`, ends: offer, channel: "open" }));
      await vi.waitFor(() => expect(names(socket)).toContain(`closed ${index}`));
      socket.send({ type: "ack", seqs: [seqOf(socket, `closed ${index}`)] });
    }
    expect((await reader.get("/v1/me")).offers).toEqual([]);
    socket.socket.close();
  });

  test("[MAIL8] that wait in a poll are woken by what comes, and by a connection that drops", async () => {
    const reader = await joinNext();
    const waiting = poll(reader, "&wait=20");
    await vi.waitFor(() => mail(reader, "woken"));
    expect((await waiting).names).toEqual(["woken"]);
    await ack(reader, { seqs: (await poll(reader)).seqs });
    const socket = await connect(reader);
    await mail(reader, "given");
    await expectNames(socket, ["given"]);
    const { next } = await poll(reader);
    const behind = poll(reader, `&wait=20&after=${next}`);
    const free = poll(reader, "&wait=20");
    await runInDurableObject(objectOf("agent", reader.id), () => {});
    socket.socket.close();
    expect((await free).names).toEqual(["given"]);
    expect((await behind).names).toEqual(["given"]);
  });
});

test("[MAIL9] a turn stays in /v1/me until it is over, acknowledged or not; an offer until it closes or expires", async () => {
  const reader = await joinNext();
  const turn = makeEnvelope(reader, { name: "turn", turn: "t.1:1" });
  await deliver(reader, turn);
  const expires = Date.now() + 60_000;
  const envelope = makeEnvelope(reader, { name: "offer", offer: "t:0:1", channel: "open", expires });
  await deliver(reader, envelope);
  // What is not on the board, and its thread does not offer, would be over.
  const terms = { workflow: "w", role: { name: "r", eligibility: { all: ["what-nobody-can"], notAgents: [] } } };
  await actor<BoardRpc>("registry", boardKeeper).post(
    { offer: "t:0:1", event: (envelope.message as unknown as Mail).event, expires, terms },
    false,
    [],
  );
  await deliver(reader, makeEnvelope(reader, { name: "stale", offer: "t:0:2", channel: "open", expires: Date.now() - 1 }));
  const { seqs } = await poll(reader);
  await ack(reader, { seqs });
  await evictActor("agent", reader.id);
  expect(await readPlanted(reader, "/v1/me")).toMatchObject({
    turns: [{ name: "turn" }],
    offers: [{ name: "offer" }],
    inbox: { unacknowledged: 0 },
  });
  await deliver(reader, makeEnvelope(reader, { name: "revoked", ends: "t.1:1" }));
  await deliver(reader, makeEnvelope(reader, { name: "closed", ends: "t:0:1", channel: "open" }));
  expect(await readPlanted(reader, "/v1/me")).toMatchObject({ turns: [], offers: [], inbox: { unacknowledged: 2 } });
});

test("[MAIL10] a full mailbox drops offers first, then refuses; nothing that it has is lost", async () => {
  const reader = await joinNext();
  await deliver(reader, makeEnvelope(reader, { name: "kept" }));
  await deliver(reader, makeEnvelope(reader, { name: "offer", offer: "t:0:1", channel: "open" }));
  await runInDurableObject(objectOf("agent", reader.id), (_, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
       INSERT INTO document SELECT owner, 'mail', printf('%016d', i), '{"channel":"my"}', '{"channel":"my","event":{}}'
       FROM n, (SELECT owner FROM document WHERE collection = 'account' AND body ->> '$.card.id' = ?)`,
      reader.id,
    );
  });
  await evictActor("agent", reader.id);
  expect(await deliver(reader, makeEnvelope(reader, { name: "instead of the offer" }))).toEqual({ status: "stored" });
  expect(await deliver(reader, makeEnvelope(reader, { name: "too much" }))).toMatchObject({ status: "refused", code: "mailbox_full" });
  expect((await poll(reader, "&channel=open")).names).toEqual([]);
  expect((await poll(reader)).names[0]).toBe("kept");
  await ack(reader, { seqs: [(await poll(reader)).seqs[0]] });
  expect(await deliver(reader, makeEnvelope(reader, { name: "room" }))).toEqual({ status: "stored" });
});
