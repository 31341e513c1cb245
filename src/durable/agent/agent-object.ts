/** The Durable Object of an agent: a thin host of the core, and its hibernating sockets. */
import { DurableObject } from "cloudflare:workers";
import { closeCodes, subprotocol } from "../../contract/channels.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Accepted, InboxPage, Rejected } from "../../contract/frames.ts";
import { type createProblem, type Problem, type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Delivered, Routing } from "../../contract/routing.ts";
import type { AgentCard, PresenceFacts } from "../../contract/views/agent.ts";
import { type Environment, findNeighbours, isPaused } from "../environment.ts";
import { answerLater } from "../host/newer-version.ts";
import { countCommit, countWake } from "../projector/metrics.ts";
import type { Acknowledgement, AgentRpc, AgentStanding, ClaimCard, Delivery, Envelope, InboxQuery, Principal } from "../protocol/rpc.ts";
import { createDurableWorld, holdAlarm, isStored, readName, ringAgain } from "../storage/durable-world.ts";
import { type AgentCore, createAgentCore } from "./agent-core.ts";
import { agentLimits } from "./agent-schema.ts";
import { type Clients, createClients, describeSecond } from "./connection/clients.ts";
import { type ConnectionWish, readConnectionWish } from "./connection/connection-request.ts";
import { createFloodPause } from "./connection/flood-pause.ts";
import { createFrameIntake } from "./connection/frame-intake.ts";
import { createPacer } from "./connection/pacer.ts";
import { readRates } from "./connection/rate.ts";
import { readFrame } from "./connection/read-frame.ts";
import { findFirstSilence, isSilent } from "./connection/silence.ts";
import {
  type Attachment,
  type SocketConnection as Connection,
  createSocketConnection,
  readPing,
  send,
} from "./connection/socket-connection.ts";
import { createStreams, type Streams } from "./connection/streams.ts";
import { refuseToken } from "./identity.ts";
import { createSharedTimers } from "./presence/shared-timers.ts";

const now = (): number => Date.now();

export class AgentObject extends DurableObject<Environment> implements AgentRpc {
  #made: AgentCore | undefined;
  #opened: Streams | undefined;
  readonly #readers = new Map<WebSocket, Connection>();
  readonly #clients: Clients = createClients(now);
  readonly #later = createSharedTimers((milliseconds, work) => void setTimeout(work, milliseconds), now);
  readonly #pacer = createPacer(() => new Promise((resolve) => this.#later(0, resolve)));
  readonly #floods = createFloodPause(now);
  readonly #intake = createFrameIntake<WebSocket>((socket, data) => this.#read(socket, data), this.#pacer);

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
    this.#opened ??= createStreams({
      mailbox: this.#core.mailbox,
      later: this.#later,
      now,
      alive: () => this.#core.presence.hear(),
    });
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
      // An object that asks itself would wait for a call of its own.
      askRoom: async (agent, source, bytes) => (agent === this.#name ? this.#core : near.agent(agent)).room(source, bytes),
      outcomes: (workflow, refs) => near.workflow(workflow).outcomes(refs),
      project: near.project,
      settle: () => this.ctx.storage.sync(),
      later: this.#later,
      countCommit: () => countCommit("agent"),
      connections: () => {
        const open = this.ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
        const pinged = Math.max(0, ...open.map((socket) => readPing(this.ctx, socket)));
        return { count: open.length, ...(pinged > 0 && { pinged }) };
      },
      silentAt: () => findFirstSilence([...this.#readers.values(), ...(this.#opened?.readers ?? [])]),
      rates: readRates(this.env),
      pace: this.#pacer.take,
      owe: this.#pacer.owe,
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
    return this.#find(principal)?.identify(principal) ?? refuseToken();
  }

  async me(principal: Principal, client?: string): Promise<Result<Json>> {
    const shown = (await this.#find(principal)?.me(principal)) ?? refuseToken();
    if (!shown.ok || client === undefined) return shown;
    const others = this.#listClients().filter((other) => other !== client);
    const readers = [...this.#readers.values(), ...(this.#opened?.readers ?? [])].filter((reader) => reader.client !== client);
    const held = new Set(readers.flatMap((reader) => [...reader.held.values()]));
    const me = shown.value as { turns: { turn: string }[]; [fact: string]: Json };
    return succeed({ ...me, elsewhere: me.turns.map(({ turn }) => turn).filter((turn) => held.has(turn)), others });
  }

  async accept(principal: Principal, events: unknown[]): Promise<Result<(Accepted | Rejected)[]>> {
    return this.#find(principal)?.accept(principal, events) ?? refuseToken();
  }

  async inbox(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>> {
    const proven = (await this.#find(principal)?.identify(principal)) ?? refuseToken();
    if (!proven.ok) return proven;
    this.#closeSilent();
    this.#replace(query.replaces);
    const { client } = query;
    const others = client === undefined ? [] : this.#meet(client);
    if (client !== undefined) this.#clients.note(client);
    const page = await this.#core.inbox(principal, query);
    if (!page.ok || !others.length) return page;
    return succeed({ ...page.value, notes: others.map(describeSecond) });
  }

  async ack(principal: Principal, ack: Acknowledgement): Promise<Result<null>> {
    const acknowledged = (await this.#find(principal)?.ack(principal, ack)) ?? refuseToken();
    if (acknowledged.ok && ack.connection !== undefined) this.#opened?.hear(ack.connection);
    if (acknowledged.ok && ack.replaces !== undefined) this.#replace([ack.replaces]);
    return acknowledged;
  }

  async delivered(event: { source: string; id: string }): Promise<Delivered> {
    return this.#find()?.delivered(event) ?? { agent: this.#name, status: "absent" };
  }

  async routed(id: string): Promise<{ event: CloudEvent; routing: Routing } | null> {
    return this.#find()?.routed(id) ?? null;
  }

  async room(source: string, bytes: number): Promise<string | null> {
    return this.#find()?.room(source, bytes) ?? null;
  }

  async standing(offer: string | null): Promise<AgentStanding | null> {
    return this.#find()?.standing(offer) ?? null;
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    const unknown: Delivery = { status: "refused", code: "not_found", detail: `there is no agent ${readName(this.ctx)}` };
    return answerLater(async () => this.#find()?.deliver(envelope) ?? unknown);
  }

  async presence(): Promise<PresenceFacts> {
    const shown = this.#find()?.showPresence();
    if (shown) return { ...shown, clients: this.#listClients().length };
    return { state: "away", lastSignAt: null, connections: 0, clients: 0, seats: 0, slots: null, used: 0 };
  }

  override async alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    this.#closeSilentHolders();
    await ringAgain(this.ctx, () => this.#core.alarm());
    this.#closeVoid("the token's time is over");
  }

  async issueTicket(principal: Principal, ticketHash: string): Promise<Result<{ expires: string }>> {
    return this.#find(principal)?.issueTicket(principal, ticketHash) ?? refuseToken();
  }

  /** `GET /v1/connect` and `/v1/inbox/stream`: the Worker checked the form and put the token, or the ticket, into `Authorization`. */
  override async fetch(request: Request): Promise<Response> {
    const [scheme, secret = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const proven = (await (scheme === "Ticket" ? this.#find()?.redeemTicket(secret) : this.#find()?.prove(secret))) ?? refuseToken();
    const wish = readConnectionWish(request);
    if (proven.ok) {
      this.#closeSilent();
      // What they hold is free before this one reads, so that it comes in order.
      this.#replace(wish.replaces);
      // A number of another life of this mailbox says nothing of what its reader has.
      if (this.#core.mailbox.isBeyond(wish.after)) wish.after = 0;
      if (wish.lastEventId !== undefined && this.#core.mailbox.isBeyond(wish.lastEventId)) wish.lastEventId = undefined;
    }
    if (new URL(request.url).pathname.endsWith("/connect")) return this.#openSocket(request, proven, wish);
    if (!proven.ok) return respondProblem(proven.problem);
    this.#core.presence.hear();
    const others = wish.client === undefined ? [] : this.#meet(wish.client);
    const body = this.#streams.open({ ...wish, tokenHash: proven.value });
    for (const other of others) this.#streams.tell(describeSecond(other), (client) => client === wish.client);
    this.#core.watch();
    return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
  }

  #openSocket(request: Request, proven: Result<string>, { channels, after, connection, client: name }: ConnectionWish): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const headers = {
      ...(request.headers.get("sec-websocket-protocol")?.includes(subprotocol) && { "sec-websocket-protocol": subprotocol }),
      ...(!proven.ok && { "x-nerveflare-refused": "1" }),
    };
    const response = (): Response => new Response(null, { status: 101, webSocket: client, headers });
    const pause = Math.ceil(this.#floods.left() / 1000);
    if (!proven.ok || pause > 0) {
      server.accept();
      if (proven.ok) server.close(closeCodes.rate, `this agent's connections flooded again and again: come back in ${pause} s`);
      else server.close(closeCodes.token, proven.problem.detail);
      return response();
    }
    // The oldest gives way: a client that lost its connection may not have closed it.
    const open = [...this.#readers].sort(([, a], [, b]) => a.order - b.order);
    for (const [socket] of open.slice(0, Math.max(0, open.length - agentLimits.sockets + 1)))
      this.#close(socket, closeCodes.replaced, "a newer connection took its place");
    this.ctx.acceptWebSocket(server);
    const order = (open.at(-1)?.[1].order ?? 0) + 1;
    const tokenHash = proven.value;
    for (const other of name === undefined ? [] : this.#meet(name)) send(server, { type: "note", ...describeSecond(other) });
    const attachment: Attachment = { channels, after, through: after, tokenHash, connection, client: name, since: Date.now(), order };
    this.#core.mailbox.attach(this.#connect(server, attachment));
    this.#core.presence.noteConnected();
    this.#core.watch();
    return response();
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined {
    // One that was closed has no say any more: its token may be void.
    const connection = this.#readers.get(socket);
    if (!connection) return undefined;
    connection.hear(Date.now());
    const taken = this.#intake.take(socket, data);
    if (!taken) this.#closeFlooding(socket, `more than ${agentLimits.framesUnderWay} frames wait for their answers: send fewer at once`);
    return taken;
  }

  async #read(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const reject = (id: string | null, error: ReturnType<typeof createProblem>): void => send(socket, { type: "rejected", id, error });
    const connection = this.#readers.get(socket);
    if (!connection) return;
    const frame = readFrame(data);
    if (!frame.ok) {
      connection.misread += 1;
      if (connection.misread <= agentLimits.framesMisread) return reject(null, frame.problem);
      return this.#closeFlooding(socket, `${agentLimits.framesMisread} frames in a row could not be read`);
    }
    connection.misread = 0;
    if (frame.value.type === "ack") {
      this.#core.note(frame.value);
      if (frame.value.replaces !== undefined) this.#replace([frame.value.replaces]);
      return;
    }
    const answers = await this.#core.accept({ tokenHash: connection.tokenHash }, [frame.value.event]);
    if (!answers.ok) return this.#close(socket, closeCodes.token, answers.problem.detail);
    for (const answer of answers.value) {
      if (answer.status === "accepted") send(socket, { type: "accepted", ...answer });
      else reject(answer.id, answer.error);
    }
    if (this.#core.flooded) this.#closeFlooding(socket, "too much, too fast: wait as told");
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#close(socket, code === 1005 || code === 1006 ? 1000 : code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#close(socket, 1011);
  }

  #connect(socket: WebSocket, attachment: Attachment): Connection {
    const connection = createSocketConnection(socket, attachment, {
      mailbox: this.#core.mailbox,
      readPing: () => readPing(this.ctx, socket),
      // Not at once: its mailbox is dealing with it.
      tooSlow: () => queueMicrotask(() => this.#close(socket, closeCodes.tooSlow, "nothing was acknowledged for too long; poll instead")),
    });
    this.#readers.set(socket, connection);
    return connection;
  }

  #closeAll(reason: string): void {
    for (const socket of this.ctx.getWebSockets()) this.#close(socket, closeCodes.token, reason);
    this.#opened?.closeAll(closeCodes.token, reason);
  }

  /** The alarm rang: what a silent connection holds goes to another; those that hold nothing are left asleep. */
  #closeSilentHolders(): void {
    for (const [socket, connection] of this.#readers)
      if (isSilent(connection, Date.now())) this.#close(socket, closeCodes.replaced, "it holds events and gave no sign of life");
    this.#opened?.closeSilent();
  }

  /** The client says that it has left these: what they hold is free. */
  #replace(names: readonly string[] = []): void {
    if (!names.length) return;
    for (const [socket, { connection }] of this.#readers)
      if (connection !== undefined && names.includes(connection))
        this.#close(socket, closeCodes.replaced, "its client came back by another connection");
    this.#opened?.replace(names);
    this.#made?.supersede(names);
  }

  #listClients(): string[] {
    return this.#clients.list([...[...this.#readers.values()].flatMap(({ client }) => client ?? []), ...(this.#opened?.clients ?? [])]);
  }

  /** A process connects or polls: the others are told when it is new. Returns them. */
  #meet(client: string): string[] {
    const there = this.#listClients();
    if (!there.includes(client)) {
      const note = describeSecond(client);
      for (const [socket, { client: other }] of this.#readers) if (other !== undefined) send(socket, { type: "note", ...note });
      this.#opened?.tell(note, () => true);
    }
    return there.filter((other) => other !== client);
  }

  /** Another connection or poll of the agent is here: what half-open ones hold is freed for it. */
  #closeSilent(): void {
    this.#opened?.probe();
    for (const [socket, { lastSign }] of this.#readers) {
      if (now() - lastSign > agentLimits.silent)
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
    const pinged = readPing(this.ctx, socket);
    this.#detach(socket);
    try {
      socket.close(code, reason);
    } catch {
      // It is closed already.
    }
    this.#core.presence.noteDisconnected(pinged);
  }

  #closeFlooding(socket: WebSocket, reason: string): void {
    this.#floods.note();
    this.#close(socket, closeCodes.rate, reason);
  }

  #detach(socket: WebSocket): void {
    const reader = this.#readers.get(socket);
    if (!reader) return;
    this.#readers.delete(socket);
    this.#intake.drop(socket);
    this.#core.mailbox.detach(reader);
  }
}

function respondProblem(problem: Problem): Response {
  return Response.json(problem, { status: problem.status, headers: { "content-type": "application/problem+json" } });
}
