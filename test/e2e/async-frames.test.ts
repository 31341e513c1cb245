/** [DESC] What really goes over a socket and a stream, both ways, is what the AsyncAPI document says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import { checkSchema } from "../../src/contract/json-schema/check-schema.ts";
import type { AsyncApi } from "../../src/worker/describe/build-asyncapi.ts";
import { createOperator, type Facts } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

/** As the Worker serves it. */
const asyncapi = JSON.parse(readFileSync(join(import.meta.dirname, "../../schemas/asyncapi.json"), "utf8")) as AsyncApi;
const { messages, schemas } = asyncapi.components;

/** Where a payload is not what the document says of this message. */
function findMisfits(name: string, payload: Json): string[] {
  const described = messages[name]?.["payload"];
  if (described === undefined) return [`there is no message ${name}`];
  const whole = JSON.parse(JSON.stringify({ ...(described as object), $defs: schemas }).replaceAll("#/components/schemas/", "#/$defs/"));
  return checkSchema(whole, payload).map(({ path, message }) => `${name} ${path}: ${message}`);
}

/** By the message that takes any kind, and by the kind's own where it has one. */
function findEventMisfits(any: string, way: string, payload: Json, { type }: CloudEvent): string[] {
  const own = `${way}.${type}`;
  return [...findMisfits(any, payload), ...(own in messages ? findMisfits(own, payload) : [])];
}

interface Frame {
  type: string;
  seq?: number;
  event?: CloudEvent;
}

/** A socket that keeps what goes over it. */
async function openSocket({ url }: Facts, token: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect?client=a`, ["nerveflare.v1", token]);
  onTestFinished(() => socket.close());
  const given: string[] = [];
  const sent: string[] = [];
  const closed = Promise.withResolvers<number>();
  socket.addEventListener("message", ({ data }) => given.push(String(data)));
  socket.addEventListener("close", ({ code }) => closed.resolve(code));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const send = (frame: object | string): void => {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    sent.push(text);
    socket.send(text);
  };
  return { given, sent, send, closed: closed.promise };
}

interface StreamMessage {
  name: string;
  id: string | undefined;
  data: Json;
}

/** A stream that keeps its messages. */
async function openStream({ url }: Facts, query: string): Promise<StreamMessage[]> {
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  const response = await fetch(`${url}/v1/inbox/stream?${query}`, { headers: { "last-event-id": "0" }, signal: gone.signal });
  expect(response.status).toBe(200);
  const read: StreamMessage[] = [];
  void (async () => {
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = `${rest}${text}`.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
        const data = field("data");
        if (data !== undefined) read.push({ name: field("event") ?? "message", id: field("id"), data: JSON.parse(data) as Json });
      }
    }
  })().catch(() => {});
  return read;
}

test("[DESC9] every frame of a socket and every message of a stream is as the AsyncAPI document says, in both directions", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const tokens = { author: await operator.add("author", ["coding"]), reviewer: await operator.add("reviewer", ["code-review"]) };
  const socket = await openSocket(facts, tokens.author);
  const ask = async (path: string, body: object): Promise<{ ticket: string }> => {
    const headers = { authorization: `Bearer ${tokens.reviewer}`, "content-type": "application/json" };
    const response = await fetch(`${facts.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return response.status === 204 ? { ticket: "" } : ((await response.json()) as { ticket: string });
  };
  // The newest is given what comes, and told of the other.
  await openStream(facts, `client=c&ticket=${(await ask("/v1/tickets", {})).ticket}`);
  const { ticket } = await ask("/v1/tickets", {});
  const stream = await openStream(facts, `channel=my,open&client=b&ticket=${ticket}`);

  socket.send("ping");
  socket.send({ type: "event", event: { id: "ready", type: "pr.ready_for_review", data: { repo: "nerve", pr: 1 } } });
  socket.send({ type: "event", event: { id: "odd", type: "nerve.no.such" } });
  socket.send("no frame");
  const opened = await vi.waitUntil(() => findEvent(streamed(stream), "nerve.offer.opened"), { timeout: 30_000 });
  const { offer } = opened.data as { offer: string };
  await ask("/v1/events", { id: "claim", type: "nerve.offer.claim", data: { offer } });
  const turn = await vi.waitUntil(() => findEvent(streamed(stream), "nerve.turn.assigned"), { timeout: 30_000 });
  const reviewed = turn.data as { turn: string; lease: { generation: number } };
  const output = { $status: "changes_requested", changes: ["more"] };
  await ask("/v1/events", {
    id: "answer",
    type: "nerve.turn.respond",
    data: { turn: reviewed.turn, lease: reviewed.lease.generation, output },
  });
  const back = await vi.waitUntil(() => findEvent(framed(socket.given), "nerve.turn.assigned"), { timeout: 30_000 });
  const assigned = back.data as { turn: string; lease: { generation: number } };
  const about = { turn: assigned.turn, lease: assigned.lease.generation };
  socket.send({
    type: "event",
    event: { id: "progress", type: "nerve.turn.progress", data: { ...about, note: "half", details: { at: 1 } } },
  });
  socket.send({
    type: "event",
    event: { id: "end", type: "nerve.turn.respond", data: { ...about, output: { $status: "withdrawn", reason: "no" } } },
  });
  await vi.waitUntil(() => findEvent(framed(socket.given), "nerve.thread.completed"), { timeout: 30_000 });
  await vi.waitUntil(() => findEvent(streamed(stream), "nerve.thread.completed"), { timeout: 30_000 });
  socket.send({ type: "ack", seqs: framed(socket.given).flatMap(({ seq }) => seq ?? []) });
  socket.send({ type: "ack", seq: 1, channel: "open" });
  const second = await openSocket(facts, tokens.author);
  second.send("ping");
  for (const agent of ["author", "reviewer"]) await operator.call("POST", `v1/agents/${agent}/revoke`);
  expect(asyncapi.channels["socket"]?.["x-close-codes"]).toHaveProperty(String(await socket.closed));
  await vi.waitUntil(() => stream.some(({ name }) => name === "close"), { timeout: 30_000 });

  const given = socket.given.map((text) => (text === "pong" ? text : (JSON.parse(text) as Frame & { [member: string]: Json })));
  const names = given.map((frame) => (typeof frame === "string" ? "pong" : frame.type === "event" ? "given" : frame.type));
  expect(names).toEqual(expect.arrayContaining(["pong", "accepted", "rejected", "given"]));
  const faults = given.flatMap((frame, index) => {
    if (typeof frame === "string" || !frame.event) return findMisfits(names[index] ?? "", frame);
    return findEventMisfits("given", "given", frame, frame.event);
  });
  const sent = socket.sent
    .filter((text) => text !== "no frame")
    .flatMap((text) => {
      if (text === "ping") return findMisfits("ping", text);
      const frame = JSON.parse(text) as Frame & { [member: string]: Json };
      return frame.event ? findEventMisfits("event", "sent", frame, frame.event) : findMisfits(frame.type, frame);
    });
  expect(stream.map(({ name }) => name)).toEqual(expect.arrayContaining(["event", "note", "close"]));
  const down = stream.flatMap(({ name, id, data }) => {
    const { event, seq } = data as Frame & { [member: string]: Json };
    if (!event) return findMisfits(`stream.${name}`, data);
    expect(id).toBe(String(seq));
    return findEventMisfits("stream.event", "stream", data, event);
  });
  expect([...faults, ...sent, ...down]).toEqual([]);
  // That the document can refuse.
  expect(findMisfits("given", { type: "event", seq: "7", channel: "my", event: {} })).not.toEqual([]);
  expect(
    findMisfits("sent.nerve.turn.respond", { type: "event", event: { id: "x", type: "nerve.turn.respond", data: { turn: 7 } } }),
  ).not.toEqual([]);
});

function framed(given: string[]): Frame[] {
  return given.filter((text) => text !== "pong").map((text) => JSON.parse(text) as Frame);
}

function streamed(stream: StreamMessage[]): Frame[] {
  return stream.filter(({ name }) => name === "event").map(({ data }) => data as object as Frame);
}

function findEvent(frames: Frame[], type: string): CloudEvent | undefined {
  return frames.map(({ event }) => event).find((event) => event?.type === type);
}
