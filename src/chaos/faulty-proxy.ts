/**
 * A proxy that misbehaves, on real sockets: between an agent and a server it delays, cuts, goes half-open, swallows answers, blocks
 * upgrades and answers with pages of its own. Seeded, so that a run can be repeated. Knows HTTP, not what is said by it.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createRandom } from "../explore/create-random.ts";
import { createExchanges, type Exchanges, type Settings, type Strike, stopForwarding } from "./exchanges.ts";
import type { Direction, ExchangeKind, FaultPlan } from "./fault-plans.ts";
import { chaosLimits } from "./limits.ts";
import { type ReadTraffic, readNothing } from "./read-traffic.ts";

/** A running proxy. */
export interface FaultyProxy {
  /** What an agent is told instead of the server's address; with the path of that. */
  readonly url: string;
  /** What goes wrong from now on with each exchange that begins. Exchanges under way keep what they began with. */
  plan: FaultPlan;
  /** Where it forwards to: another port after a restart of the server. */
  target: string;
  /** How often each fault has struck, by its name in the plan. */
  readonly struck: { readonly [fault in keyof FaultPlan]-?: number };
  /** Exchanges that began, by kind. */
  readonly begun: { readonly [kind in ExchangeKind]: number };
  /** Stops forwarding on all open exchanges of these kinds (all unless told) and closes nothing. Returns how many. */
  freeze(direction?: Direction, kinds?: readonly ExchangeKind[]): number;
  /** Drops all open exchanges of these kinds (all unless told) at both ends. Returns how many. */
  cut(kinds?: readonly ExchangeKind[]): number;
  /** Drops all open exchanges that last and are not frozen: those that begin then have the plan that is there now. No fault. */
  renew(): void;
  /** Drops all open exchanges that last. No fault. */
  drop(): void;
  /** Swallows the answers to the next calls of this kind: the server has sent them, the client hears nothing and nothing is closed. */
  swallowNext(kind: ExchangeKind, count?: number): void;
  close(): Promise<void>;
}

/** How a proxy is started. */
export interface ProxyOptions {
  /** The server, e.g. `http://127.0.0.1:8787`. */
  target: string;
  plan?: FaultPlan;
  /** The same seed gives the same faults to the same traffic. */
  seed?: number;
  /** Hears of each fault that strikes. */
  told?: (strike: Strike) => void;
  /** Reads what passes. */
  read?: ReadTraffic;
}

const lasting: readonly ExchangeKind[] = ["socket", "stream", "poll"];

/** What all that passes shares. */
interface Line {
  settings: Settings;
  exchanges: Exchanges;
  agent: http.Agent;
  read: ReadTraffic;
}

/** Starts a proxy before a server. */
export async function startFaultyProxy({
  target,
  plan = {},
  seed = 1,
  told = () => {},
  read = readNothing,
}: ProxyOptions): Promise<FaultyProxy> {
  const settings: Settings = { plan, target };
  const exchanges = createExchanges(settings, createRandom(seed), told);
  const sockets = new Set<Duplex>();
  // Each request has a connection of its own to the server: one that is frozen must not be given to another.
  const agent = target.startsWith("https:") ? new https.Agent({ keepAlive: false }) : new http.Agent({ keepAlive: false });
  const line: Line = { settings, exchanges, agent, read };
  const listener = http.createServer((request, response) => handleCall(request, response, line));
  // A poll waits and a stream stays: no time-outs of this server's own.
  Object.assign(listener, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000 });
  listener.on("upgrade", (request, client, head) => handleUpgrade(request, client, head, line));
  listener.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));

  const path = new URL(target).pathname.replace(/\/$/, "");
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}${path}`;
  return Object.assign(settings, {
    url,
    struck: exchanges.struck,
    begun: exchanges.begun,
    freeze(direction: Direction = "both", kinds?: readonly ExchangeKind[]) {
      const meant = exchanges.list(kinds);
      for (const exchange of meant) exchanges.strike("halfOpen", exchange, () => stopForwarding(exchange, direction));
      return meant.length;
    },
    cut(kinds?: readonly ExchangeKind[]) {
      const meant = exchanges.list(kinds);
      for (const exchange of meant) exchanges.strike("cut", exchange, () => exchanges.drop(exchange));
      return meant.length;
    },
    renew() {
      for (const exchange of exchanges.list(lasting)) if (!exchange.frozen.up && !exchange.frozen.down) exchanges.drop(exchange);
    },
    drop() {
      for (const exchange of exchanges.list(lasting)) exchanges.drop(exchange);
    },
    swallowNext: exchanges.swallowNext,
    async close() {
      for (const exchange of exchanges.list(undefined)) exchanges.drop(exchange);
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  });
}

/** Asks the server the same. What would keep an answer from being read, a compression, is not asked for. */
function ask(request: IncomingMessage, { settings, agent, read }: Line): http.ClientRequest {
  const { host: _, ...headers } = request.headers;
  if (read !== readNothing) {
    delete headers["accept-encoding"];
    delete headers["sec-websocket-extensions"];
  }
  const send = settings.target.startsWith("https:") ? https.request : http.request;
  // The path as it came: one that begins with two slashes, or is an address, is the server's to refuse.
  return send(settings.target, { path: request.url ?? "/", method: request.method ?? "GET", headers, agent });
}

function handleCall(request: IncomingMessage, response: ServerResponse, line: Line) {
  const { exchanges, read } = line;
  const { begin, leave, forward, strike, isSwallowed, begun } = exchanges;
  const kind = readKind(request);
  const page = exchanges.isReplaced(kind);
  if (page) {
    begun[kind]++;
    return strike(
      "page",
      { kind, plan: line.settings.plan },
      () => void response.writeHead(page.status, { "content-type": "text/html" }).end(describePage(page.status)),
    );
  }
  const exchange = begin(kind, request.socket);
  const watch = read.call(kind);
  const asked = ask(request, line);
  asked.on("socket", (socket) => {
    exchange.server = socket;
  });
  // The whole request at once: what is judged here is answers.
  const parts: Buffer[] = [];
  let bytes = 0;
  request.on("data", (part: Buffer) => {
    parts.push(part);
    bytes += part.length;
    if (bytes > chaosLimits.heldBytes) exchanges.drop(exchange);
  });
  const send = forward(exchange, "up", (body) => asked.end(body));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    watch.asked(body);
    send(body);
  });
  response.on("close", () => leave(exchange, "client"));
  asked.on("error", () => leave(exchange, "server"));
  asked.on("response", (answer) => {
    if (isSwallowed(kind)) strike("swallow", exchange, () => stopForwarding(exchange, "down"));
    const pass = forward(exchange, "down", (part) => {
      if (!response.headersSent) response.writeHead(answer.statusCode ?? 502, keepEndToEnd(answer.headers));
      part.length > 0 ? response.write(part) : response.end();
    });
    answer.on("data", watch.answered);
    answer.on("data", pass);
    answer.on("error", () => leave(exchange, "server"));
    // An empty piece is the end.
    answer.on("end", () => {
      watch.ended();
      pass(Buffer.alloc(0));
    });
  });
}

function handleUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, line: Line) {
  const { begin, leave, forward, begun, strike } = line.exchanges;
  const { plan } = line.settings;
  const { upgrades } = plan;
  if (upgrades) {
    begun.socket++;
    strike("upgrades", { kind: "socket", plan });
    if (upgrades === "refuse") client.end("HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<h1>No</h1>");
    if (upgrades === "drop") client.destroy();
    return;
  }
  const exchange = begin("socket", client);
  const watch = line.read.socket();
  const asked = ask(request, line);
  client.on("error", () => {});
  client.on("close", () => leave(exchange, "client"));
  asked.on("error", () => leave(exchange, "server"));
  asked.on("response", (answer) => {
    client.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nconnection: close\r\n\r\n`);
    answer.resume();
  });
  asked.on("upgrade", (answer, server, first) => {
    exchange.server = server;
    if (client.destroyed) return leave(exchange, "client");
    const toClient = forward(exchange, "down", (piece) => client.write(piece));
    const toServer = forward(exchange, "up", (piece) => server.write(piece));
    const down = (piece: Buffer) => {
      watch.down(piece);
      toClient(piece);
    };
    const up = (piece: Buffer) => {
      watch.up(piece);
      toServer(piece);
    };
    toClient(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${renderHeaders(answer.rawHeaders)}\r\n\r\n`));
    if (first.length) down(first);
    if (head.length) up(head);
    server.on("data", down);
    client.on("data", up);
    server.on("error", () => {});
    server.on("close", () => leave(exchange, "server"));
    server.on("end", () => leave(exchange, "server"));
    client.on("end", () => leave(exchange, "client"));
  });
  asked.end();
}

/** What an exchange is, by how it is asked for: a stream and a poll last, a call does not. */
function readKind({ method, url = "", headers }: IncomingMessage): ExchangeKind {
  if (headers.accept?.includes("text/event-stream")) return "stream";
  return method === "GET" && /\/v1\/inbox(\?|$)/.test(url) ? "poll" : "call";
}

function describePage(status: number): string {
  return `<!doctype html><title>${status}</title><h1>Sign in to the network</h1><p>Your session has ended.</p>`;
}

function keepEndToEnd({ connection: _, "transfer-encoding": __, ...headers }: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return headers;
}

function renderHeaders(raw: string[]): string {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : [])).join("\r\n");
}
