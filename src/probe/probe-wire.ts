/**
 * One transport from outside, as raw as it goes: the probe judges servers, so it must not share the client's own
 * readiness to put up with them. Knows the wire, no rule.
 */
import { WebSocket } from "ws";
import { createEventParser } from "../client/event-parser.ts";
import { subprotocol } from "../contract/channels.ts";
import type { Json } from "../contract/event.ts";
import type { InboxItem } from "../contract/frames/server-frames.ts";

/** The transports that there are to probe. */
export const wireNames = ["socket", "sse", "poll"] as const;
export type WireName = (typeof wireNames)[number];

/** Whose mailbox, and where. */
export interface Party {
  url: string;
  id: string;
  token: string;
}

/** What an event was answered: `code` of a refusal, else the answer. */
export interface Reply {
  accepted: boolean;
  code: string | undefined;
  body: { [member: string]: Json };
}

/** An open connection, or a poller. */
export interface Ear {
  /** Everything that was given, in order. */
  items: InboxItem[];
  /** What else came: text of frames that are neither events nor answers. */
  words: string[];
  /** Resolves when something is so, looked at after each happening. @throws when it is not within the time */
  until(predicate: () => boolean, what: string): Promise<void>;
  /** Resolves with the event of that id. */
  event(id: string): Promise<InboxItem>;
  send(event: Json): Promise<Reply>;
  ack(ack: { seqs: number[] } | { seq: number; channel: string }): Promise<void>;
  /** Socket only: sends as it is. */
  raw(data: string | Uint8Array): void;
  /** How it ended, when the server ended it. */
  closed: { code: number; reason: string } | undefined;
  close(): Promise<void>;
}

/** Milliseconds that the server may take for anything. */
export const timeout = 10_000;

/** Opens a connection of the transport. */
export function openEar(wire: WireName, party: Party, query = ""): Promise<Ear> {
  return wire === "socket" ? openSocket(party, query) : wire === "sse" ? openStream(party, query) : Promise.resolve(openPoll(party, query));
}

/** One HTTP call; without a token, as nobody. */
export async function call(
  { url, token }: { url: string; token?: string },
  method: string,
  path: string,
  body?: Json | string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<{ status: number; headers: Headers; body: { [member: string]: Json } }> {
  const response = await fetch(new URL(path, url.endsWith("/") ? url : `${url}/`), {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal: AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]),
  });
  const text = await response.text();
  let parsed: { [member: string]: Json } = {};
  try {
    parsed = text === "" ? {} : JSON.parse(text);
  } catch {
    // Whoever asks sees the status, and no member that it wants.
  }
  return { status: response.status, headers: response.headers, body: parsed };
}

async function post(party: Party, event: Json): Promise<Reply> {
  const { status, body } = await call(party, "POST", "v1/events", event);
  const code = body["code"];
  return { accepted: status === 202, code: typeof code === "string" ? code : undefined, body };
}

async function postAck(party: Party, ack: Parameters<Ear["ack"]>[0]): Promise<void> {
  const { status } = await call(party, "POST", "v1/inbox/ack", ack);
  if (status !== 204) throw new Error(`POST /v1/inbox/ack was answered ${status}, expected 204`);
}

/** What all ears share: what came, and who waits for it. */
function createEar(): Ear & { happened(): void } {
  const waiting = new Set<() => void>();
  const ear: Ear & { happened(): void } = {
    items: [],
    words: [],
    closed: undefined,
    happened() {
      for (const look of waiting) look();
    },
    until: (predicate, what) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`${what}, not within ${timeout / 1000} s`));
        }, timeout);
        function look() {
          if (!predicate()) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
        look();
      }),
    async event(id) {
      const find = () => ear.items.find(({ event }) => event.id === id);
      await ear.until(() => find() !== undefined, `the event ${id} should be given`);
      return find() as InboxItem;
    },
    send: () => Promise.reject(new Error("not open")),
    ack: () => Promise.reject(new Error("not open")),
    raw: () => {},
    close: async () => {},
  };
  return ear;
}

async function openSocket(party: Party, query: string): Promise<Ear> {
  const ear = createEar();
  const address = new URL(`v1/connect?channel=my,open${query}`, party.url.endsWith("/") ? party.url : `${party.url}/`);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address.href, [subprotocol], { headers: { authorization: `Bearer ${party.token}` } });
  const answers = new Map<string, (reply: Reply) => void>();
  socket.on("message", (data) => {
    const text = String(data);
    const frame = parse(text);
    const answer = typeof frame?.["id"] === "string" ? answers.get(frame["id"]) : undefined;
    if (frame?.["type"] === "event") ear.items.push(frame as never);
    else if (answer && (frame?.["type"] === "accepted" || frame?.["type"] === "rejected")) {
      const error = frame["error"] as { code?: string } | undefined;
      answers.delete(frame["id"] as string);
      answer({ accepted: frame["type"] === "accepted", code: error?.code, body: frame });
    } else ear.words.push(text);
    ear.happened();
  });
  socket.on("close", (code, reason) => {
    ear.closed = { code, reason: String(reason) };
    ear.happened();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return Object.assign(ear, {
    send: (event: Json) =>
      new Promise<Reply>((resolve, reject) => {
        const { id } = event as { id: string };
        const timer = setTimeout(() => reject(new Error(`the event ${id} should be answered, not within ${timeout / 1000} s`)), timeout);
        answers.set(id, (reply) => {
          clearTimeout(timer);
          resolve(reply);
        });
        socket.send(JSON.stringify({ type: "event", event }));
      }),
    ack: async (ack: object) => socket.send(JSON.stringify({ type: "ack", ...ack })),
    raw: (data: string | Uint8Array) => socket.send(data),
    close: () =>
      new Promise<void>((resolve) => {
        if (socket.readyState === socket.CLOSED) return resolve();
        socket.once("close", () => resolve());
        socket.close(1000);
      }),
  });
}

async function openStream(party: Party, query: string): Promise<Ear> {
  const ear = createEar();
  const controller = new AbortController();
  const [, after] = /^&after=(\d+)$/.exec(query) ?? [];
  const response = await fetch(new URL("v1/inbox/stream?channel=my,open", party.url.endsWith("/") ? party.url : `${party.url}/`), {
    headers: { authorization: `Bearer ${party.token}`, ...(after !== undefined && { "last-event-id": after }) },
    signal: controller.signal,
  });
  const type = response.headers.get("content-type") ?? "";
  if (response.status !== 200 || !response.body || !type.startsWith("text/event-stream"))
    throw new Error(`GET /v1/inbox/stream was answered ${response.status} ${type}, expected 200 text/event-stream`);
  const parser = createEventParser((event, data, id) => {
    const value = parse(data) as never as InboxItem;
    // The number is what a client comes back with: it must be the event's.
    if (event === "event" && id === String(value?.seq)) ear.items.push(value);
    else ear.words.push(`${event} ${id} ${data}`);
    ear.happened();
  });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const reading = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) parser.take(decoder.decode(part.value, { stream: true }));
    ear.closed = { code: 1000, reason: "the stream ended" };
    ear.happened();
  })().catch(() => {});
  return Object.assign(ear, {
    send: (event: Json) => post(party, event),
    ack: (ack: Parameters<Ear["ack"]>[0]) => postAck(party, ack),
    async close() {
      controller.abort();
      await reading;
    },
  });
}

/** Reads on and on, as a daemon's sense does that keeps its cursor. */
function openPoll(party: Party, query: string): Ear {
  const ear = createEar();
  const controller = new AbortController();
  let over = false;
  let cursor = query;
  const reading = (async () => {
    while (!over) {
      const path = `v1/inbox?channel=my,open&wait=1${cursor}`;
      const { status, body } = await call(party, "GET", path, undefined, {}, controller.signal);
      const events = body["events"] as InboxItem[] | undefined;
      if (status !== 200 || !events) {
        ear.closed = { code: status, reason: JSON.stringify(body) };
        ear.happened();
        return;
      }
      ear.items.push(...events);
      cursor = `&after=${body["next"]}`;
      ear.happened();
    }
  })().catch(() => {});
  return Object.assign(ear, {
    send: (event: Json) => post(party, event),
    ack: (ack: Parameters<Ear["ack"]>[0]) => postAck(party, ack),
    async close() {
      over = true;
      // Left to end by itself: what a poll is given that nobody reads any more is not given to the next one at its number.
      const stop = setTimeout(() => controller.abort(), 2_000);
      await reading;
      clearTimeout(stop);
    },
  });
}

function parse(text: string): { [member: string]: Json } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
