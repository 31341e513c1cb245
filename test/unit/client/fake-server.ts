/**
 * A server that speaks the protocol to one agent, over real sockets and HTTP, and does on request what real ones do rarely: lose an
 * answer, refuse, drop connections, fall silent. Judges no workflow; what it gives is what the test gives it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Channel } from "../../../src/contract/channels.ts";
import { subprotocol } from "../../../src/contract/channels.ts";
import type { CloudEvent, Json } from "../../../src/contract/event.ts";
import type { Accepted, InboxItem, Rejected } from "../../../src/contract/frames/server-frames.ts";
import { createProblem, type Problem } from "../../../src/contract/problem.ts";
import { createSignal } from "./signal.ts";

export const token = `alice.${"x".repeat(43)}`;

/** An event as the agent sent it. */
export interface Sent {
  id: string;
  type: string;
  data: { [member: string]: Json };
  [attribute: string]: unknown;
}

export interface FakeServer {
  readonly url: string;
  /** The one that is good now. */
  token: string;
  /** Every event that came, accepted or not, also repeats; in order. */
  readonly posted: Sent[];
  /** Those that count: accepted, each once. */
  readonly accepted: Sent[];
  /** Numbers that are not acknowledged. */
  unacknowledged(): number[];
  /** Puts an event into the mailbox; the same event again makes a duplicate under another number. */
  give(type: string, data: Json, attributes?: Partial<CloudEvent> & { channel?: Channel }): CloudEvent;
  /** Pushes an event again to the socket, as after a lost acknowledgement. */
  repeat(event: CloudEvent): void;
  /** Writes a text to the newest socket as it is. */
  pushRaw(text: string): void;
  /** Judges an event before it is accepted. `lost`: it is stored and the answer never sent. */
  judge: (event: Sent) => Problem | "lost" | undefined;
  /** What the sender of an accepted event is told. */
  notes: string[];
  /** What else it is told. */
  told: Partial<Accepted>;
  /** Whether sockets may open. */
  allowSockets: boolean;
  /** Whether streams may open. */
  allowStreams: boolean;
  /** Whether `ping` is answered. */
  answersPing: boolean;
  /** Whether polls are answered; else the connection is cut. */
  allowPolls: boolean;
  /** `GET /v1/me`; without `turns`, those whose event is in the mailbox. */
  me: { turns?: Json[]; offers: Json[]; rolesHeld: Json[] };
  /** Open sockets, and how many there ever were. */
  sockets(): number;
  readonly connects: number;
  readonly polls: number;
  readonly pings: number;
  dropSockets(code?: number): void;
  /** Open streams, and how many there ever were. */
  streams(): number;
  readonly opens: number;
  /** Ends them, with a last event that says why, or cuts them. */
  dropStreams(code?: number): void;
  /** Waits until something is so; looked at after each happening. */
  until(predicate: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** What it keeps. */
interface FakeState {
  server: FakeServer;
  signal: ReturnType<typeof createSignal>;
  mailbox: Map<number, InboxItem>;
  answers: Map<string, { text: string; answer: Accepted }>;
  sockets: Set<WebSocket>;
  streams: Set<ServerResponse>;
  numbers: { seq: number; made: number };
  tickets: Set<string>;
}

export async function startFakeServer(): Promise<FakeServer> {
  const state = createState();
  const { server, sockets } = state;
  const http = serveHttp(state);
  serveSockets(state, http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return Object.assign(server, {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  });
}

function createState(): FakeState {
  const signal = createSignal();
  const mailbox: FakeState["mailbox"] = new Map();
  const sockets: FakeState["sockets"] = new Set();
  const streams: FakeState["streams"] = new Set();
  const numbers = { seq: 0, made: 0 };
  const server: FakeServer = {
    url: "",
    token,
    posted: [],
    accepted: [],
    judge: () => undefined,
    notes: [],
    told: {},
    allowSockets: true,
    allowStreams: true,
    allowPolls: true,
    answersPing: true,
    me: { offers: [], rolesHeld: [] },
    connects: 0,
    opens: 0,
    polls: 0,
    pings: 0,
    unacknowledged: () => [...mailbox.keys()],
    sockets: () => sockets.size,
    streams: () => streams.size,
    dropStreams(code) {
      for (const stream of streams) {
        if (code === undefined) stream.destroy();
        else stream.end(`event: close\ndata: ${JSON.stringify({ code, reason: "told so" })}\n\n`);
      }
    },
    give(type, data, { channel = "my", ...attributes } = {}) {
      const event: CloudEvent = {
        specversion: "1.0",
        id: `e${++numbers.made}`,
        source: "/threads/t1",
        type,
        time: new Date().toISOString(),
        data,
        ...attributes,
      };
      put(state, event, channel);
      return event;
    },
    repeat: (event) => put(state, event, "my"),
    pushRaw: (text) => [...sockets].at(-1)?.send(text),
    dropSockets(code) {
      for (const socket of sockets) code === undefined ? socket.terminate() : socket.close(code);
    },
    until: signal.until,
    // Nothing runs before `startFakeServer` has put its own in its place.
    stop: () => Promise.resolve(),
  };
  const state: FakeState = { server, signal, mailbox, answers: new Map(), sockets, streams, numbers, tickets: new Set() };
  return state;
}

function put({ mailbox, sockets, streams, signal, numbers }: FakeState, event: CloudEvent, channel: Channel) {
  const item = { seq: ++numbers.seq, channel, event };
  mailbox.set(item.seq, item);
  const socket = [...sockets].at(-1);
  if (socket) socket.send(JSON.stringify({ type: "event", ...item }));
  else [...streams].at(-1)?.write(formatItem(item));
  signal.notify();
}

function accept({ server, answers }: FakeState, event: Sent): Accepted | Rejected | "lost" {
  server.posted.push(event);
  const text = JSON.stringify(event);
  const before = answers.get(event.id);
  if (before && before.text !== text) return { id: event.id, status: "rejected", error: createProblem("id_conflict", "another body") };
  if (before) return before.answer;
  const verdict = server.judge(event);
  if (verdict !== undefined && verdict !== "lost") return { id: event.id, status: "rejected", error: verdict };
  const answer: Accepted = { id: event.id, status: "accepted", threads: [], notes: server.notes, ...server.told };
  answers.set(event.id, { text, answer });
  server.accepted.push(event);
  return verdict ?? answer;
}

function acknowledge({ mailbox }: FakeState, seqs: number[]) {
  for (const number of seqs) mailbox.delete(number);
}

function receive(state: FakeState, socket: WebSocket, text: string) {
  const { server } = state;
  if (text === "ping") {
    Object.assign(server, { pings: server.pings + 1 });
    if (server.answersPing) socket.send("pong");
    return;
  }
  const frame = JSON.parse(text) as { type: string; seqs: number[]; event: Sent };
  if (frame.type === "ack") return acknowledge(state, frame.seqs);
  const answer = accept(state, frame.event);
  if (answer === "lost") return;
  socket.send(
    JSON.stringify(
      answer.status === "accepted" ? { ...answer, type: "accepted" } : { type: "rejected", id: answer.id, error: answer.error },
    ),
  );
}

type Route = (request: IncomingMessage, response: ServerResponse, body: string) => unknown;

function createRoutes(state: FakeState): { [route: string]: Route } {
  const { server, mailbox, streams, signal, numbers, tickets } = state;
  return {
    "GET /v1/me": (_, response) =>
      reply(response, 200, {
        id: "alice",
        capabilities: [],
        now: new Date().toISOString(),
        turns: [...mailbox.values()].filter(({ event }) => event.type === "nerve.turn.assigned").map(({ event }) => event.data),
        inbox: { unacknowledged: mailbox.size, last: numbers.seq },
        ...server.me,
      }),
    "POST /v1/tickets": (_, response) => {
      const ticket = `alice.ticket-${++numbers.made}`;
      tickets.add(ticket);
      return reply(response, 201, { ticket, expires: new Date(Date.now() + 60_000).toISOString() });
    },
    "POST /v1/inbox/ack": (_, response, body) => {
      acknowledge(state, (JSON.parse(body) as { seqs: number[] }).seqs);
      response.writeHead(204).end();
    },
    "POST /v1/events": (_, response, body) => {
      const posted = JSON.parse(body) as Sent | Sent[];
      const answers = [posted].flat().map((event) => accept(state, event));
      if (answers.includes("lost")) return response.destroy();
      if (Array.isArray(posted)) return reply(response, 202, answers);
      const [answer] = answers as [Accepted | Rejected];
      return answer.status === "accepted" ? reply(response, 202, answer) : reply(response, answer.error.status, answer.error);
    },
    "GET /v1/inbox/stream": (_, response) => {
      if (!server.allowStreams) return response.destroy();
      Object.assign(server, { opens: server.opens + 1 });
      response.writeHead(200, { "content-type": "text/event-stream" }).write("retry: 2000\n\n");
      streams.add(response);
      response.on("close", () => {
        streams.delete(response);
        signal.notify();
      });
      for (const item of mailbox.values()) response.write(formatItem(item));
    },
    "GET /v1/inbox": async (request, response) => {
      Object.assign(server, { polls: server.polls + 1 });
      const query = new URL(request.url ?? "", server.url).searchParams;
      const after = Number(query.get("after") ?? 0);
      const find = () => [...mailbox.values()].filter((item) => item.seq > after);
      const gone = new Promise((resolve) => response.once("close", resolve));
      if (!server.allowPolls) return response.destroy();
      if (query.get("wait") !== "0") await Promise.race([gone, signal.until(() => find().length > 0 || !server.allowPolls)]);
      if (!server.allowPolls) return response.destroy();
      const events = find();
      return reply(response, 200, { events, next: events.at(-1)?.seq ?? after });
    },
  };
}

function serveHttp(state: FakeState): Server {
  const { signal } = state;
  const routes = createRoutes(state);
  return createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const path = new URL(request.url ?? "", "http://x").pathname;
      if (request.headers.authorization !== `Bearer ${state.server.token}`) {
        const problem = createProblem("unauthenticated", "This token is nobody's.");
        return reply(response, 401, problem);
      }
      await routes[`${request.method} ${path}`]?.(request, response, Buffer.concat(parts).toString());
      signal.notify();
    });
  });
}

function serveSockets(state: FakeState, http: Server): void {
  const { server, sockets, mailbox, signal } = state;
  const upgrades = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => (protocols.has(subprotocol) ? subprotocol : false),
  });
  http.on("upgrade", (request, socket, head) => {
    const shown = request.headers.authorization?.replace(/^Bearer /, "") ?? request.headers["sec-websocket-protocol"]?.split(/, */)[1];
    const ticket = new URL(request.url ?? "", "http://x").searchParams.get("ticket");
    const allowed = server.allowSockets && (ticket === null ? shown === server.token : state.tickets.delete(ticket));
    if (!allowed) return socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
    upgrades.handleUpgrade(request, socket, head, (open) => {
      Object.assign(server, { connects: server.connects + 1 });
      sockets.add(open);
      open.on("message", (data) => {
        receive(state, open, String(data));
        signal.notify();
      });
      open.on("close", () => {
        sockets.delete(open);
        signal.notify();
      });
      for (const item of mailbox.values()) open.send(JSON.stringify({ type: "event", ...item }));
      signal.notify();
    });
  });
}

function formatItem(item: InboxItem): string {
  return `id: ${item.seq}\nevent: event\ndata: ${JSON.stringify(item)}\n\n`;
}

function reply(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
