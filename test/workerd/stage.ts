/** A stage for stories in workerd: the real Worker and objects, agents that poll, and hands on evictions, crashes and alarms. */
import { abortAllDurableObjects, evictAllDurableObjects } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import type { Accepted, InboxItem } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { boardKeeper } from "../../src/durable/protocol/registry.ts";
import { findAnswerFaults } from "../declared-answers.ts";
import { evictActor, ringActor, ringAll } from "./actors.ts";

/** JSON of which a test names what it expects. */
// biome-ignore lint/suspicious/noExplicitAny: answers are judged by the tests' own expectations
export type Loose = any;

export interface Answer {
  status: number;
  body: Loose;
}

/**
 * One request to the Worker; without a token, as the operator. [API23] Whatever is answered must be what the contract declares.
 * `planted`: what is answered was put into a mailbox by the test's own hand, and is no real event.
 */
export async function call(
  method: string,
  path: string,
  options: {
    token?: string;
    body?: Json;
    text?: string;
    type?: string;
    key?: string;
    headers?: Record<string, string>;
    planted?: true;
  } = {},
): Promise<Answer> {
  const { token = env.NERVEFLARE_ADMIN_TOKEN, body, text, type, key, headers = {}, planted } = options;
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await exports.default.fetch(`http://nerveflare.test${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(sent !== undefined && { "content-type": type ?? "application/json" }),
      ...(key !== undefined && { "idempotency-key": key }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
  });
  const answered = await response.text();
  const parsed = answered === "" ? null : JSON.parse(answered);
  if (!planted) expect(findAnswerFaults(method, path, response.status, parsed), "what is sent is what is declared").toEqual([]);
  return { status: response.status, body: parsed };
}

export async function publish(name: string, text: string): Promise<string> {
  const { status, body } = await call("PUT", `/v1/workflows/${name}`, { text, type: "text/yaml" });
  expect(body, JSON.stringify(body)).toMatchObject({ name });
  expect(status).toBeLessThan(300);
  return body.revision;
}

let posted = 0;

export interface Player {
  id: string;
  token: string;
  /** Everything that it was given, in order, each once. */
  seen: InboxItem[];
  post(type: string, data: Json, more?: { id?: string; [attribute: string]: Json | undefined }): Promise<Answer>;
  /** Posts what must be accepted. */
  say(type: string, data: Json, more?: { id?: string; [attribute: string]: Json | undefined }): Promise<Accepted>;
  get(path: string): Promise<Loose>;
  /** The next event of the kind that was not taken before; waits for it, and acknowledges what it reads. */
  expect(type: string, fits?: (data: Loose) => boolean): Promise<CloudEvent & { data: Loose }>;
  /** The next turn. */
  turn(role: string, thread?: string): Promise<TurnAssigned>;
  answer(turn: TurnAssigned, output: { [key: string]: Json }, id?: string): Promise<Answer>;
  /** Claims the next offer of the role. */
  claim(role: string, thread: string): Promise<string>;
}

/** Registers an agent. */
export async function join(id: string, capabilities: string[], more: { roles?: string[]; kinds?: string[] } = {}): Promise<Player> {
  const { status, body } = await call("POST", "/v1/agents", { body: { id, capabilities, ...more } });
  expect(status, JSON.stringify(body)).toBe(201);
  return play(id, body.token);
}

/** Registers an agent that polls: it is there, and what it is asked it is waited for. */
export async function arrive(...given: Parameters<typeof join>): Promise<Player> {
  const player = await join(...given);
  await player.get("/v1/inbox");
  return player;
}

/** Plays an agent that is registered. */
export function play(id: string, token: string): Player {
  const taken = new Set<number>();
  const player: Player = {
    id,
    token,
    seen: [],
    post: (type, data, more = {}) => {
      posted += 1;
      return call("POST", "/v1/events", { token, body: { specversion: "1.0", id: `e${posted}`, type, data, ...more } as Json });
    },
    async say(type, data, more) {
      const { status, body } = await player.post(type, data, more);
      expect(body, JSON.stringify(body)).toMatchObject({ status: "accepted" });
      expect(status).toBe(202);
      return body as Accepted;
    },
    async get(path) {
      const { status, body } = await call("GET", path, { token });
      expect(status, JSON.stringify(body)).toBe(200);
      return body;
    },
    async expect(type, fits = () => true) {
      const find = (): InboxItem | undefined =>
        player.seen.find(({ seq, event }) => !taken.has(seq) && event.type === type && fits(event.data));
      const found =
        find() ??
        (await vi.waitFor(
          async () => {
            await read(player);
            const item = find();
            if (!item)
              throw new Error(`${id} was not given ${type}; it was given ${player.seen.map(({ event }) => event.type).join(", ")}`);
            return item;
          },
          { interval: 5 },
        ));
      taken.add(found.seq);
      return found.event as CloudEvent & { data: Loose };
    },
    async turn(role, thread) {
      const { data } = await player.expect("nerve.turn.assigned", (each) => each.role.name === role && (!thread || each.thread === thread));
      return data as TurnAssigned;
    },
    answer: (turn, output, eventId) =>
      player.post("nerve.turn.respond", { turn: turn.turn, lease: turn.lease.generation, output }, eventId ? { id: eventId } : {}),
    async claim(role, thread) {
      const { data } = await player.expect("nerve.offer.opened", (each) => each.role === role && each.thread === thread);
      await player.say("nerve.offer.claim", { offer: data.offer });
      return data.offer;
    },
  };
  return player;
}

async function read(player: Player): Promise<void> {
  const { events } = (await player.get("/v1/inbox?limit=200")) as { events: InboxItem[] };
  for (const item of events) {
    expect(item.seq, "numbers grow").toBeGreaterThan(player.seen.at(-1)?.seq ?? 0);
    player.seen.push(item);
  }
  if (events.length)
    expect((await call("POST", "/v1/inbox/ack", { token: player.token, body: { seqs: events.map(({ seq }) => seq) } })).status).toBe(204);
}

/** Reads the thread until it looks so. */
export async function expectThread(thread: string, shape: object): Promise<Loose> {
  return vi.waitFor(
    async () => {
      const { body } = await call("GET", `/v1/threads/${thread}`);
      expect(body).toMatchObject(shape);
      return body;
    },
    { interval: 10 },
  );
}

/** The log of a thread, once it holds all of `types`, one as often as it is named: objects tell it each at their own time. */
export async function readLog(thread: string, ...types: string[]): Promise<CloudEvent[]> {
  return vi.waitFor(
    async () => {
      const { body } = await call("GET", `/v1/events?correlationid=${thread}&limit=200`);
      const events = body.events.map(({ event }: { event: CloudEvent }) => event) as CloudEvent[];
      const left = events.map(({ type }) => type);
      for (const type of types) {
        expect(left).toContain(type);
        left.splice(left.indexOf(type), 1);
      }
      return events;
    },
    { interval: 50 },
  );
}

/** What is done to the server between every two events of a story. */
export const disturbances = {
  nothing: async () => {},
  "the objects are evicted": () => evictAllDurableObjects(),
  // Whatever was on its way is sent again by the alarm, which a test need not wait for.
  "the objects are aborted": async () => {
    await abortAllDurableObjects();
    await ringAll();
  },
} as const;

/** Runs something at a time so many milliseconds ahead. */
export async function later<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + milliseconds });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}

/** Runs the alarms of the thread's two actors at a time so many milliseconds ahead. */
export async function ring(thread: string, ahead: number): Promise<void> {
  await later(ahead, async () => {
    await ringActor("recruitment", thread);
    await ringActor("task", thread);
  });
}

/** The board of open offers is lost; in objects of their own everything else lives on. */
export const evictBoard = (): Promise<void> => evictActor("registry", boardKeeper);

/** Runs the alarm of the board of open offers, at a time so many milliseconds ahead. */
export const ringBoard = (ahead: number): Promise<boolean> => later(ahead, () => ringActor("registry", boardKeeper));

export interface Socket {
  socket: WebSocket;
  /** Everything that the server sent, parsed. */
  frames: Loose[];
  closed: { code: number; reason: string } | undefined;
  /** Resolves when it is closed, however long that takes. {@link vi.waitFor} turns a clock that stands. */
  ended: Promise<void>;
  send(frame: unknown): void;
  /** The first frame that fits; waits for it. */
  expect(fits: (frame: Loose) => boolean): Promise<Loose>;
  /** The first event of the kind. */
  event(type: string, fits?: (data: Loose) => boolean): Promise<Loose>;
}

/** Opens a WebSocket as the agent does. */
export async function connect(player: Player, query = ""): Promise<Socket> {
  const response = await exports.default.fetch(`http://nerveflare.test/v1/connect${query}`, {
    headers: {
      upgrade: "websocket",
      ...(player.token !== "" && { authorization: `Bearer ${player.token}` }),
      "sec-websocket-protocol": "nerveflare.v1",
    },
  });
  const { webSocket } = response;
  if (!webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  webSocket.accept();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const socket: Socket = {
    socket: webSocket as unknown as WebSocket,
    frames: [],
    closed: undefined,
    ended,
    send: (frame) => webSocket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    expect: (fits) =>
      vi.waitFor(
        () => {
          const found = socket.frames.find(fits);
          if (!found) throw new Error(`no such frame among ${JSON.stringify(socket.frames).slice(0, 2_000)}`);
          return found;
        },
        { interval: 5 },
      ),
    event: (type, fits = () => true) =>
      socket.expect((frame) => frame.type === "event" && frame.event.type === type && fits(frame.event.data)),
  };
  webSocket.addEventListener("message", ({ data }) => {
    socket.frames.push(data === "pong" ? data : JSON.parse(data as string));
  });
  webSocket.addEventListener("close", ({ code, reason }) => {
    socket.closed = { code, reason };
    end();
  });
  return socket;
}
