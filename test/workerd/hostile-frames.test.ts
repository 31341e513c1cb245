/** What hostile or broken clients do to a connection: each is refused with its code, and what waits for them stays bounded. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { Json } from "../../src/contract/event.ts";
import { hashJson } from "../../src/durable/agent/hash-json.ts";
import { hashAsSent } from "../../src/durable/agent/judge-event.ts";
import { evictActor, objectOf } from "./actors.ts";
import { deliver, mail, makeEnvelope, poll } from "./mail.ts";
import { call, connect, join, type Loose, later, type Player } from "./stage.ts";

let agents = 0;
async function joinNext(): Promise<Player> {
  agents += 1;
  return join(`hostile-${agents}`, []);
}
const wakes = async (): Promise<number> => (await call("GET", "/v1/metrics")).body.wakes.agent;
const names = (frames: Loose[]): string[] => frames.filter(({ type }) => type === "event").map(({ event }) => event.id);

test("[CONN8] an object that left memory is not woken by pings, and is by mail, which its connection is given", async () => {
  const player = await joinNext();
  const socket = await connect(player);
  await mail(player, "before");
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["before"]));
  await evictActor("agent", player.id);
  const before = await wakes();
  for (let count = 0; count < 50; count++) socket.send("ping");
  await vi.waitFor(() => expect(socket.frames.filter((frame) => frame === "pong")).toHaveLength(50));
  expect(await wakes()).toBe(before);
  await mail(player, "after");
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["before", "after"]));
  expect(await wakes()).toBe(before + 1);
  socket.socket.close();
});

test("[CONN9] hundreds of tiny frames of nonsense end the socket with 4429 after 256 answers", async () => {
  const player = await joinNext();
  const socket = await connect(player);
  for (let count = 0; count < 256; count += 64) {
    for (let each = 0; each < 64; each++) socket.send("x");
    await vi.waitFor(() => expect(socket.frames).toHaveLength(count + 64));
  }
  socket.send("x");
  await vi.waitFor(() => expect(socket.closed).toMatchObject({ code: 4429 }));
  expect(socket.frames).toHaveLength(256);
  expect(socket.frames.at(-1)).toMatchObject({ type: "rejected", id: null, error: { code: "malformed" } });
  // The agent itself is served as before.
  const again = await connect(player);
  again.send({ type: "event", event: { id: "after-all", type: "a.b" } });
  await vi.waitFor(() => expect(again.frames).toMatchObject([{ type: "accepted", id: "after-all" }]));
  again.socket.close();
});

test("[FAIR13] connections that flood again and again leave their agent waiting for the next, and are let in after it", async () => {
  const player = await joinNext();
  const flood = async (): Promise<Loose> => {
    const socket = await connect(player);
    for (let count = 0; count < 600; count++) socket.send("x");
    await vi.waitFor(() => expect(socket.closed).toMatchObject({ code: 4429 }));
    return socket.closed as Loose;
  };
  await flood();
  await flood();
  expect(await flood()).toMatchObject({ reason: expect.stringMatching(/come back in 1 s/) });
  await later(1_500, async () => {
    const again = await connect(player);
    again.send({ type: "event", event: { id: "let-in", type: "a.b" } });
    await vi.waitFor(() => expect(again.frames).toMatchObject([{ type: "accepted", id: "let-in" }]));
    again.socket.close();
  });
});

test("[EVENT8] frames nested deep, of the wrong encoding, too large, or of wrong types are refused each with its code", async () => {
  const player = await joinNext();
  const socket = await connect(player);
  const frames: [unknown, string][] = [
    ["[".repeat(100_000), "malformed"],
    ["[".repeat(100_000) + "]".repeat(100_000), "malformed"],
    [`{"type":"event","event":{"id":"deep","type":"a.b","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`, "malformed"],
    [`{"type":"event","event":{"id":"long","type":"a.b","data":"${"x".repeat(300_000)}"}}`, "too_large"],
    ['{"type":"ack","seqs":[-1]}', "malformed"],
    ['{"type":"ack","seqs":"all"}', "malformed"],
    [JSON.stringify({ type: "ack", seqs: Array(1_001).fill(1) }), "malformed"],
    ['{"type":"event","event":[]}', "malformed"],
    ['{"type":"event","event":{"id":"x","type":"nerve.turn.assigned"}}', "unknown_kind"],
    ['{"type":"event","event":{"id":"x","type":"xstate.init"}}', "unknown_kind"],
    ['{"type":"event","event":{"id":"x","type":"a.b","source":"/agents/other"}}', "source_mismatch"],
  ];
  for (const [frame, code] of frames) {
    const before = socket.frames.length;
    socket.send(frame);
    await vi.waitFor(() => expect(socket.frames).toHaveLength(before + 1));
    expect(socket.frames.at(-1), String(frame).slice(0, 80)).toMatchObject({ type: "rejected", error: { code } });
  }
  socket.socket.send(new Uint8Array(100));
  await vi.waitFor(() => expect(socket.frames).toHaveLength(frames.length + 1));
  expect(socket.closed).toBeUndefined();
  socket.socket.close();
});

test("[EVENT4] the same event over a socket and over HTTP is one, whatever the order of its members", async () => {
  const player = await joinNext();
  const socket = await connect(player);
  socket.send({ type: "event", event: { type: "a.b", data: { z: 1, a: [{ c: 3, b: null }] }, id: "twice", specversion: "1.0" } });
  await socket.expect((frame) => frame.type === "accepted");
  const post = (data: Json) =>
    call("POST", "/v1/events", { token: player.token, body: { specversion: "1.0", id: "twice", data, type: "a.b" } });
  expect(await post({ a: [{ b: null, c: 3 }], z: 1 })).toMatchObject({ status: 202, body: { id: "twice" } });
  expect(await post({ z: [{ b: null, c: 3 }], a: 1 })).toMatchObject({ status: 409, body: { code: "id_conflict" } });
  socket.socket.close();
});

test("[EVENT4] a repeat of what was sent when repeats were known by another hash is known", async () => {
  const player = await joinNext();
  const event = { id: "former", type: "a.b", data: { x: 1 } };
  const post = (body: Json) => call("POST", "/v1/events", { token: player.token, body });
  await post(event);
  const former = await hashAsSent(event);
  await evictActor("agent", player.id);
  await runInDurableObject(objectOf("agent", player.id), (_, { storage }) => {
    const { rowsWritten } = storage.sql.exec(
      "UPDATE document SET body = replace(body, ?1, ?2) WHERE instr(body, ?1) > 0",
      hashJson(event),
      former,
    );
    expect(rowsWritten).toBeGreaterThan(0);
  });
  expect(await post(event)).toMatchObject({ status: 202, body: { id: "former" } });
  expect(await post({ ...event, data: { x: 2 } })).toMatchObject({ status: 409, body: { code: "id_conflict" } });
});

test("[EVENT15] a whole number that JSON rounds is noted, however it comes, and nothing else is", async () => {
  const player = await joinNext();
  const notes = async (id: string, data: string) => {
    const answer = await call("POST", "/v1/events", {
      token: player.token,
      text: `{"id":"${id}","type":"a.b","data":${data}}`,
      type: "application/json",
    });
    return answer.body.notes;
  };
  for (const [at, data] of ["12345678901234567890", '{"x":[1,-9007199254740993]}'].entries()) {
    expect(await notes(`rounded${at}`, data)).toEqual([expect.stringContaining("2^53")]);
    // A repeat hears the same.
    expect(await notes(`rounded${at}`, data)).toEqual([expect.stringContaining("2^53")]);
  }
  for (const [at, data] of [
    "9007199254740991",
    '"12345678901234567890"',
    '{"x":"[1,12345678901234567890,2]"}',
    "1e300",
    "0.12345678901234568",
  ].entries())
    expect(await notes(`exact${at}`, data)).toEqual([]);
  const socket = await connect(player);
  socket.send({ type: "event", event: { type: "a.b", id: "frame", data: 2 ** 60 } });
  expect(await socket.expect((frame) => frame.type === "accepted")).toMatchObject({ notes: [expect.stringContaining("2^53")] });
  socket.socket.close();
});

test("[LOG3] a kind, a prefix or a source that none can be is told, rather than answered with nothing", async () => {
  for (const query of ["type=*", "type=pr*", "type=PR.x", "type=pr.", "type=pr.*.x", "source=alice"])
    expect(await call("GET", `/v1/events?${query}`)).toMatchObject({ status: 400, body: { code: "malformed" } });
  for (const action of ["*", "threads", "threads.*", "threads.cancel", "cancel*"])
    expect(await call("GET", `/v1/audit?action=${action}`)).toMatchObject({
      status: action.endsWith("*") && !action.includes(".") ? 400 : 200,
    });
  for (const query of ["type=pr", "type=pr.*", "type=nerve.*", "source=/agents/alice"])
    expect(await call("GET", `/v1/events?${query}`)).toMatchObject({ status: 200 });
});

test("[MAIL16] replayed acknowledgements take nothing that came since", async () => {
  const player = await joinNext();
  const socket = await connect(player);
  await mail(player, "a", "b");
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["a", "b"]));
  const [seq] = socket.frames.map((frame) => frame.seq);
  for (let count = 0; count < 100; count++) socket.send({ type: "ack", seqs: [seq, 0, 4_000_000_000] });
  await mail(player, "c");
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["a", "b", "c"]));
  socket.socket.close();
  await vi.waitFor(async () => expect((await poll(player)).names).toEqual(["b", "c"]));
});

test("[CONN10] a socket that reads nothing is given 4 MB at most, and is told to poll when it stands still", async () => {
  const player = await joinNext();
  const socket = await connect(player);
  const data = "x".repeat(200_000);
  for (let index = 0; index < 40; index++) await deliver(player, makeEnvelope(player, { name: `large ${index}`, data }));
  await vi.waitFor(() => expect(names(socket.frames).length).toBeGreaterThan(15));
  const given = names(socket.frames).length;
  expect(given).toBeLessThan(25);
  await later(61_000, () => deliver(player, makeEnvelope(player, { name: "one more" })));
  await vi.waitFor(() => expect(socket.closed).toMatchObject({ code: 4413 }));
  // Nothing is lost by that: a poll has everything, page by page.
  expect((await poll(player)).names).toHaveLength(41);
});

test("[CONN11] a half-open socket gives way to another connection once it has been silent for a minute; one that pings does not", async () => {
  const player = await joinNext();
  const silent = await connect(player);
  await mail(player, "held");
  await vi.waitFor(() => expect(names(silent.frames)).toEqual(["held"]));
  const early = await connect(player);
  expect(names(early.frames)).toEqual([]);
  early.socket.close();
  const next = await later(61_000, async () => {
    const opened = await connect(player);
    await vi.waitFor(() => expect(names(opened.frames)).toEqual(["held"]));
    return opened;
  });
  await vi.waitFor(() => expect(silent.closed).toMatchObject({ code: 4409 }));
  next.socket.close();
});

test("[CONN3] more connections than an agent may have: the oldest gives way", async () => {
  const player = await joinNext();
  const sockets: Awaited<ReturnType<typeof connect>>[] = [];
  for (let count = 0; count < 17; count++) sockets.push(await connect(player));
  await vi.waitFor(() => expect(sockets[0]?.closed).toMatchObject({ code: 4409 }));
  expect(sockets.filter(({ closed }) => closed)).toHaveLength(1);
  await runInDurableObject(objectOf("agent", player.id), (_, ctx) => expect(ctx.getWebSockets().length).toBeLessThanOrEqual(17));
  for (const { socket } of sockets.slice(1)) socket.close();
});
