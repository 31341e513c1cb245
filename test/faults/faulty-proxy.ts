/**
 * A proxy that misbehaves, on real sockets: between an agent and a server it delays, cuts, goes half-open, swallows answers, blocks
 * upgrades and answers with pages of its own. Seeded, so that a run can be repeated. Knows HTTP, not what is said by it, and no test runner.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Direction, ExchangeKind, FaultPlan, Span } from "./fault-plans.ts";

/** A running proxy. */
export interface FaultyProxy {
  /** What an agent is told instead of the server's address. */
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
  /** Swallows the answers to the next calls of this kind: the server has sent them, the client hears nothing and nothing is closed. */
  swallowNext(kind: ExchangeKind, count?: number): void;
  close(): Promise<void>;
}

/** One request and its answer, or a tunnel after an upgrade. */
interface Exchange {
  kind: ExchangeKind;
  client: Duplex;
  server: Duplex | undefined;
  frozen: { up: boolean; down: boolean };
  timers: NodeJS.Timeout[];
}

/** What can be changed while it runs. */
interface Settings {
  plan: FaultPlan;
  target: string;
}

/** Starts a proxy before `target`, e.g. `http://127.0.0.1:8787`. The same seed gives the same faults to the same traffic. */
export async function startFaultyProxy({
  target,
  plan = {},
  seed = 1,
}: {
  target: string;
  plan?: FaultPlan;
  seed?: number;
}): Promise<FaultyProxy> {
  const settings: Settings = { plan, target };
  const exchanges = createExchanges(settings, createRandom(seed));
  const sockets = new Set<Duplex>();
  // Each request has a connection of its own to the server: one that is frozen must not be given to another.
  const agent = new http.Agent({ keepAlive: false });
  const listener = http.createServer((request, response) => handleCall(request, response, { settings, exchanges, agent }));
  // A poll waits and a stream stays: no time-outs of this server's own.
  Object.assign(listener, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000 });
  listener.on("upgrade", (request, client, head) => handleUpgrade(request, client, head, { settings, exchanges }));
  listener.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));

  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return Object.assign(settings, {
    url,
    struck: exchanges.struck,
    begun: exchanges.begun,
    freeze(direction: Direction = "both", kinds?: readonly ExchangeKind[]) {
      const meant = exchanges.list(kinds);
      for (const exchange of meant) exchanges.strike("halfOpen", () => stopForwarding(exchange, direction));
      return meant.length;
    },
    cut(kinds?: readonly ExchangeKind[]) {
      const meant = exchanges.list(kinds);
      for (const exchange of meant) exchanges.strike("cut", () => exchanges.drop(exchange));
      return meant.length;
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

type Exchanges = ReturnType<typeof createExchanges>;

/** All exchanges that are open, and what strikes them. */
function createExchanges(settings: Settings, random: () => number) {
  const open = new Set<Exchange>();
  const swallowing = new Map<ExchangeKind, number>();
  const struck = { delay: 0, cut: 0, halfOpen: 0, swallow: 0, upgrades: 0, page: 0 };
  const begun = { socket: 0, stream: 0, poll: 0, call: 0 };

  const draw = ([from, to]: Span): number => from + random() * (to - from);

  function begin(kind: ExchangeKind, client: Duplex): Exchange {
    begun[kind]++;
    const exchange: Exchange = { kind, client, server: undefined, frozen: { up: false, down: false }, timers: [] };
    open.add(exchange);
    const { cut, halfOpen } = settings.plan;
    if (cut && isMeant(cut.kinds, kind)) schedule(exchange, draw(cut.after), () => strike("cut", () => drop(exchange)));
    if (halfOpen && isMeant(halfOpen.kinds, kind))
      schedule(exchange, draw(halfOpen.after), () => strike("halfOpen", () => stopForwarding(exchange, halfOpen.direction)));
    return exchange;
  }

  function schedule(exchange: Exchange, ms: number, act: () => void) {
    exchange.timers.push(setTimeout(act, ms));
  }

  function strike(fault: keyof FaultPlan, act: () => void) {
    struck[fault]++;
    act();
  }

  function end(exchange: Exchange) {
    open.delete(exchange);
    for (const timer of exchange.timers) clearTimeout(timer);
  }

  function drop(exchange: Exchange) {
    end(exchange);
    exchange.client.destroy();
    exchange.server?.destroy();
  }

  /** One end is gone. Over a frozen exchange the other is not told: that is what half-open means. */
  function leave(exchange: Exchange, by: "client" | "server") {
    const told = by === "client" ? !exchange.frozen.up : !exchange.frozen.down;
    if (!told) return;
    end(exchange);
    if (by === "client") exchange.server?.destroy();
    else exchange.client.destroy();
  }

  /** Forwards pieces in order, each perhaps late, as long as the direction is not frozen. What is frozen is read and lost, as by a dead line. */
  function forward(exchange: Exchange, direction: "up" | "down", write: (piece: Buffer) => void): (piece: Buffer) => void {
    let tail = Promise.resolve();
    return (piece) => {
      const { delay } = settings.plan;
      const wait = delay ? draw(delay) : 0;
      if (wait > 0) struck.delay++;
      tail = tail
        .then(() => (wait > 0 ? new Promise<void>((resolve) => schedule(exchange, wait, resolve)) : undefined))
        .then(() => {
          if (!exchange.frozen[direction] && open.has(exchange)) write(piece);
        });
    };
  }

  function isSwallowed(kind: ExchangeKind): boolean {
    const left = swallowing.get(kind) ?? 0;
    if (left > 0) swallowing.set(kind, left - 1);
    const { swallow } = settings.plan;
    return left > 0 || (swallow !== undefined && isMeant(swallow.kinds, kind) && random() < swallow.share);
  }

  return {
    ...{ begin, leave, forward, isSwallowed, strike, drop, struck, begun },
    list: (kinds: readonly ExchangeKind[] | undefined) => [...open].filter(({ kind }) => isMeant(kinds, kind)),
    /** Whether an answer is replaced by a page of the proxy's own. */
    isReplaced: (kind: ExchangeKind) => {
      const { page } = settings.plan;
      return page && isMeant(page.kinds, kind) && random() < page.share ? page : undefined;
    },
    swallowNext: (kind: ExchangeKind, count = 1): void => void swallowing.set(kind, (swallowing.get(kind) ?? 0) + count),
  };
}

function handleCall(
  request: IncomingMessage,
  response: ServerResponse,
  { settings, exchanges, agent }: { settings: Settings; exchanges: Exchanges; agent: http.Agent },
) {
  const { begin, leave, forward, strike, isSwallowed, begun } = exchanges;
  const kind = readKind(request);
  const page = exchanges.isReplaced(kind);
  if (page) {
    begun[kind]++;
    return strike("page", () => void response.writeHead(page.status, { "content-type": "text/html" }).end(describePage(page.status)));
  }
  const exchange = begin(kind, request.socket);
  const { host: _, ...headers } = request.headers;
  const asked = http.request(new URL(request.url ?? "/", settings.target).href, { method: request.method ?? "GET", headers, agent });
  asked.on("socket", (socket) => {
    exchange.server = socket;
  });
  // The whole request at once: what is judged here is answers.
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  const send = forward(exchange, "up", (body) => asked.end(body));
  request.on("end", () => send(Buffer.concat(parts)));
  response.on("close", () => leave(exchange, "client"));
  asked.on("error", () => leave(exchange, "server"));
  asked.on("response", (answer) => {
    if (isSwallowed(kind)) strike("swallow", () => stopForwarding(exchange, "down"));
    const pass = forward(exchange, "down", (part) => {
      if (!response.headersSent) response.writeHead(answer.statusCode ?? 502, keepEndToEnd(answer.headers));
      part.length > 0 ? response.write(part) : response.end();
    });
    answer.on("data", pass);
    answer.on("error", () => leave(exchange, "server"));
    // An empty piece is the end.
    answer.on("end", () => pass(Buffer.alloc(0)));
  });
}

function handleUpgrade(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { settings, exchanges }: { settings: Settings; exchanges: Exchanges },
) {
  const { begin, leave, forward, begun, struck } = exchanges;
  const { upgrades } = settings.plan;
  if (upgrades) {
    begun.socket++;
    struck.upgrades++;
    if (upgrades === "refuse") client.end("HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<h1>No</h1>");
    if (upgrades === "drop") client.destroy();
    return;
  }
  const exchange = begin("socket", client);
  const { host: _, ...headers } = request.headers;
  const asked = http.request(new URL(request.url ?? "/", settings.target).href, { headers, agent: false });
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
    const down = forward(exchange, "down", (piece) => client.write(piece));
    const up = forward(exchange, "up", (piece) => server.write(piece));
    down(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${renderHeaders(answer.rawHeaders)}\r\n\r\n`));
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

function stopForwarding({ frozen }: Exchange, direction: Direction) {
  if (direction !== "down") frozen.up = true;
  if (direction !== "up") frozen.down = true;
}

function isMeant(kinds: readonly ExchangeKind[] | undefined, kind: ExchangeKind): boolean {
  return kinds === undefined || kinds.includes(kind);
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

/** Mulberry32: small, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
