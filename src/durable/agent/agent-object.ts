/** The Durable Object of an agent: a thin host of the core, and its hibernating sockets. */
import { DurableObject } from "cloudflare:workers";
import { closeCodes, subprotocol } from "../../wire/channels.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { Accepted, Channel, InboxPage, Rejected, ServerFrame } from "../../wire/frames.ts";
import { type createProblem, type Problem, type Result, refuse, succeed } from "../../wire/problem.ts";
import type { Delivered, Routing } from "../../wire/routing.ts";
import { type Environment, findNeighbours } from "../environment.ts";
import { countCommit, countWake } from "../metrics.ts";
import type { AgentCard, AgentRpc, AgentStanding, ClaimCard, Delivery, Envelope, PresenceFacts, Principal } from "../rpc.ts";
import { createDurableWorld, isStored, readName } from "../storage/durable-world.ts";
import { type AgentCore, createAgentCore } from "./agent-core.ts";
import { agentLimits } from "./agent-schema.ts";
import { createFrameGuard, type FrameGuard } from "./frame-guard.ts";
import { createGivenBytes } from "./given-bytes.ts";
import { readRates } from "./rate.ts";
import { readFrame } from "./read-frame.ts";
import type { Reader } from "./reader.ts";
import { lookForStall, type Stall } from "./stall.ts";
import { createStreams, type Streams } from "./streams.ts";

/** What survives hibernation beside a socket. */
interface Attachment {
  channels: Channel[];
  after: number;
  /** What it was given up to, where more waits for it; null: it was given all there was. */
  through: number | null;
  /** Of the token that opened it. */
  tokenHash: string;
  /** Something waits that it takes not. */
  stall?: Stall | undefined;
  /** When it was opened, milliseconds since the epoch. */
  since: number;
  /** Grows with each connection: the newest is given what comes. */
  order: number;
}

type Connection = Reader & { tokenHash: string; order: number; lastSign: number; guard: FrameGuard };

export class AgentObject extends DurableObject<Environment> implements AgentRpc {
  #made: AgentCore | undefined;
  #opened: Streams | undefined;
  readonly #readers = new Map<WebSocket, Connection>();

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    countWake("agent");
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    const awake = ctx.getWebSockets().map((socket) => this.#connect(socket, socket.deserializeAttachment() as Attachment));
    // All at once: what one holds is not given to another.
    if (awake.length) this.#core.mailbox.attach(...awake.toSorted((a, b) => a.order - b.order));
  }

  get #core(): AgentCore {
    this.#made ??= this.#make();
    return this.#made;
  }

  /** Undefined: nobody ever registered an agent of this id, and asking for one leaves no trace. */
  #find(principal?: Principal): AgentCore | undefined {
    return this.#made ?? (isStored(this.ctx) || (principal && "operator" in principal) ? this.#core : undefined);
  }

  get #streams(): Streams {
    this.#opened ??= createStreams({ mailbox: this.#core.mailbox, later, now: Date.now, alive: () => this.#core.presence.hear() });
    return this.#opened;
  }

  get #name(): string {
    return readName(this.ctx);
  }

  #make(): AgentCore {
    const near = findNeighbours(this.env, this.ctx.id.name);
    return createAgentCore(this.#name, {
      world: createDurableWorld(this.ctx, `agent/${this.#name}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
      registry: near.registry,
      threadActor: near.threadActor,
      holders: (thread, viewer) => near.thread(thread).holders(viewer),
      project: near.project,
      settle: () => this.ctx.storage.sync(),
      later,
      countCommit: () => countCommit("agent"),
      connections: () => {
        const open = this.ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
        const pinged = Math.max(0, ...open.map((socket) => this.#readPing(socket)));
        return { count: open.length, ...(pinged > 0 && { pinged }) };
      },
      rates: readRates(this.env),
    });
  }

  async register(card: AgentCard, tokenHash?: string): Promise<Result<null>> {
    const registered = this.#core.register(card, tokenHash);
    if (tokenHash !== undefined) this.#closeAll("the agent has a new token");
    return registered;
  }

  async card(): Promise<ClaimCard | null> {
    return this.#find()?.card() ?? null;
  }

  async remove(): Promise<Result<null>> {
    const removed = this.#find()?.remove();
    this.#closeAll("the agent was removed");
    return removed ?? succeed(null);
  }

  async rotate(tokenHash: string, overlap: number): Promise<Result<null>> {
    const rotated = this.#find()?.rotate(tokenHash, overlap) ?? refuse("not_found", `There is no agent ${this.#name}.`);
    this.#closeVoid("the agent has a new token");
    return rotated;
  }

  async revoke(): Promise<Result<null>> {
    const revoked = this.#find()?.revoke() ?? refuse("not_found", `There is no agent ${this.#name}.`);
    this.#closeVoid("the agent's token was revoked");
    return revoked;
  }

  async identify(principal: Principal): Promise<Result<AgentCard>> {
    return this.#find(principal)?.identify(principal) ?? refuseUnknown();
  }

  async me(principal: Principal): Promise<Result<Json>> {
    return this.#find(principal)?.me(principal) ?? refuseUnknown();
  }

  async accept(principal: Principal, events: unknown[]): Promise<Result<(Accepted | Rejected)[]>> {
    return this.#find(principal)?.accept(principal, events) ?? refuseUnknown();
  }

  async inbox(
    principal: Principal,
    query: { channels: Channel[]; after?: number; waitSeconds: number; limit: number },
  ): Promise<Result<InboxPage>> {
    this.#closeSilent();
    return this.#find(principal)?.inbox(principal, query) ?? refuseUnknown();
  }

  async ack(principal: Principal, ack: { seqs?: number[]; seq?: number; channel?: Channel }): Promise<Result<null>> {
    return this.#find(principal)?.ack(principal, ack) ?? refuseUnknown();
  }

  async delivered(event: { source: string; id: string }): Promise<Delivered> {
    return this.#find()?.delivered(event) ?? { agent: this.#name, status: "absent" };
  }

  async routed(id: string): Promise<{ event: CloudEvent; routing: Routing } | null> {
    return this.#find()?.routed(id) ?? null;
  }

  async standing(offer: string | null): Promise<AgentStanding | null> {
    return this.#find()?.standing(offer) ?? null;
  }

  async deliver(envelope: Envelope): Promise<Delivery> {
    return this.#find()?.deliver(envelope) ?? { status: "refused", code: "not_found", detail: `there is no agent ${readName(this.ctx)}` };
  }

  async presence(): Promise<PresenceFacts> {
    return this.#find()?.showPresence() ?? { state: "away", lastSignAt: null, connections: 0, seats: 0, slots: null, used: 0 };
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
    this.#closeVoid("the token's time is over");
  }

  async issueTicket(principal: Principal, ticketHash: string): Promise<Result<{ expires: string }>> {
    return this.#find(principal)?.issueTicket(principal, ticketHash) ?? refuseUnknown();
  }

  /** `GET /v1/connect` and `/v1/inbox/stream`: the Worker checked the form and put the token, or the ticket, into `Authorization`. */
  override async fetch(request: Request): Promise<Response> {
    const [scheme, secret = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const proven = (await (scheme === "Ticket" ? this.#find()?.redeemTicket(secret) : this.#find()?.prove(secret))) ?? refuseUnknown();
    const { pathname, searchParams } = new URL(request.url);
    const wanted = (searchParams.get("channel") ?? "my,open").split(",");
    const channels = (["my", "open"] as const).filter((channel) => wanted.includes(channel));
    const after = readNumber(searchParams.get("after")) ?? 0;
    if (proven.ok) this.#closeSilent();
    if (pathname.endsWith("/connect")) return this.#openSocket(request, proven, channels, after);
    if (!proven.ok) return respondProblem(proven.problem);
    const lastEventId = readNumber(request.headers.get("last-event-id"));
    this.#core.presence.hear();
    const body = this.#streams.open({ channels, after, lastEventId, tokenHash: proven.value });
    return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
  }

  #openSocket(request: Request, proven: Result<string>, channels: Channel[], after: number): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const headers = request.headers.get("sec-websocket-protocol")?.includes(subprotocol)
      ? { "sec-websocket-protocol": subprotocol }
      : undefined;
    const response = (): Response => new Response(null, { status: 101, webSocket: client, ...(headers && { headers }) });
    if (!proven.ok) {
      server.accept();
      server.close(closeCodes.token, proven.problem.detail);
      return response();
    }
    // The oldest gives way: a client that lost its connection may not have closed it.
    const open = [...this.#readers].sort(([, a], [, b]) => a.order - b.order);
    for (const [socket] of open.slice(0, Math.max(0, open.length - agentLimits.sockets + 1)))
      this.#close(socket, closeCodes.replaced, "a newer connection took its place");
    this.ctx.acceptWebSocket(server);
    const order = (open.at(-1)?.[1].order ?? 0) + 1;
    const tokenHash = proven.value;
    this.#core.mailbox.attach(this.#connect(server, { channels, after, through: after, tokenHash, since: Date.now(), order }));
    this.#core.presence.noteConnected();
    return response();
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const reject = (id: string | null, error: ReturnType<typeof createProblem>): void => send(socket, { type: "rejected", id, error });
    // One that was closed has no say any more: its token may be void.
    const connection = this.#readers.get(socket);
    if (!connection) return;
    connection.lastSign = Date.now();
    const frame = readFrame(data);
    if (!frame.ok) {
      if (connection.guard.misread()) return reject(null, frame.problem);
      return this.#close(socket, closeCodes.rate, `${agentLimits.framesMisread} frames in a row could not be read`);
    }
    if (frame.value.type === "ack") {
      this.#core.note(frame.value);
      return;
    }
    if (!connection.guard.enter())
      return this.#close(socket, closeCodes.rate, `more than ${agentLimits.framesUnderWay} events wait for their answers`);
    const answers = await this.#core
      .accept({ tokenHash: connection.tokenHash }, [frame.value.event])
      .finally(() => connection.guard.leave());
    if (!answers.ok) return this.#close(socket, closeCodes.token, answers.problem.detail);
    for (const answer of answers.value) {
      if (answer.status === "accepted") send(socket, { type: "accepted", ...answer });
      else reject(answer.id, answer.error);
    }
    if (this.#core.flooded) this.#close(socket, closeCodes.rate, "too much, too fast: wait as told");
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#close(socket, code === 1005 || code === 1006 ? 1000 : code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#close(socket, 1011);
  }

  #connect(socket: WebSocket, attachment: Attachment): Connection {
    const { channels, after, tokenHash, since, order } = attachment;
    const { mailbox } = this.#core;
    const through = attachment.through ?? mailbox.count().last;
    const held = through > after ? mailbox.readHeld({ channels, after, through }) : new Map<number, string | null>();
    const given = createGivenBytes(held);
    let { stall } = attachment;
    const reader: Connection = {
      channels,
      through,
      tokenHash,
      order,
      lastSign: since,
      guard: createFrameGuard(),
      held,
      caughtUp: false,
      get ready() {
        return !given.full;
      },
      give(item) {
        const frame = JSON.stringify({ type: "event", ...item } satisfies ServerFrame);
        given.add(item.seq, frame.length);
        sendText(socket, frame);
      },
      // Hibernation drops memory at any time: whether it has all that there is is kept beside the socket.
      note: () => {
        const found = lookForStall(reader, stall, mailbox, Date.now());
        if (found === "tooSlow")
          // Not at once: its mailbox is dealing with it.
          return queueMicrotask(() => this.#close(socket, closeCodes.tooSlow, "nothing was acknowledged for too long; poll instead"));
        stall = found;
        const up = reader.caughtUp ? null : reader.through;
        socket.serializeAttachment({ channels, after, through: up, tokenHash, since, order, stall } satisfies Attachment);
      },
    };
    this.#readers.set(socket, reader);
    return reader;
  }

  #closeAll(reason: string): void {
    for (const socket of this.ctx.getWebSockets()) this.#close(socket, closeCodes.token, reason);
    this.#opened?.closeAll(closeCodes.token, reason);
  }

  /** Another connection or poll of the agent is here: what half-open ones hold is freed for it. */
  #closeSilent(): void {
    this.#opened?.knock();
    const now = Date.now();
    for (const [socket, { lastSign }] of this.#readers) {
      if (now - Math.max(this.#readPing(socket), lastSign) > agentLimits.silent)
        this.#close(socket, closeCodes.replaced, "it gave no sign of life, and another connection did");
    }
  }

  /** Closes the connections whose token is not good any more. */
  #closeVoid(reason: string): void {
    for (const [socket, { tokenHash }] of this.#readers) if (!this.#core.holds(tokenHash)) this.#close(socket, closeCodes.token, reason);
    this.#opened?.closeVoid((tokenHash) => this.#core.holds(tokenHash), reason);
  }

  #close(socket: WebSocket, code: number, reason?: string): void {
    // The time of its last ping goes with it.
    const pinged = this.#readPing(socket);
    this.#detach(socket);
    try {
      socket.close(code, reason);
    } catch {
      // It is closed already.
    }
    this.#core.presence.noteDisconnected(pinged);
  }

  #detach(socket: WebSocket): void {
    const reader = this.#readers.get(socket);
    if (!reader) return;
    this.#readers.delete(socket);
    this.#core.mailbox.detach(reader);
  }

  /** When the socket's last ping was answered without waking the object, in milliseconds since the epoch; 0: never. */
  #readPing(socket: WebSocket): number {
    try {
      return this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    } catch {
      return 0;
    }
  }
}

function refuseUnknown(): ReturnType<typeof refuse> {
  return refuse("unauthenticated", "This token names no agent; ask the operator for one.");
}

function later(milliseconds: number, work: () => void): void {
  setTimeout(work, milliseconds);
}

/** A number that the Worker has checked. */
function readNumber(text: string | null): number | undefined {
  const number = text === null ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

function respondProblem(problem: Problem): Response {
  return Response.json(problem, { status: problem.status, headers: { "content-type": "application/problem+json" } });
}

function send(socket: WebSocket, frame: ServerFrame): void {
  sendText(socket, JSON.stringify(frame));
}

function sendText(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // A dead socket: its close comes, and what it was given goes to another.
  }
}
