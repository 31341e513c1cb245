/** The Durable Object of an agent: a thin host of the core, and its hibernating sockets. */
import { DurableObject } from "cloudflare:workers";
import { closeCodes, subprotocol } from "../../wire/channels.ts";
import type { Json } from "../../wire/event.ts";
import { type Accepted, agentFrame, type Channel, type InboxPage, type Rejected, type ServerFrame } from "../../wire/frames.ts";
import { limits } from "../../wire/limits.ts";
import { createProblem, type Result, refuse, succeed } from "../../wire/problem.ts";
import { type Environment, findNeighbours } from "../environment.ts";
import { countCommit } from "../metrics.ts";
import type { AgentCard, AgentRpc, Delivery, Envelope, Principal } from "../rpc.ts";
import { createDurableWorld, isStored, readName } from "../storage/durable-world.ts";
import { hashToken } from "../token-hash.ts";
import { type AgentCore, createAgentCore } from "./agent-core.ts";
import { agentLimits } from "./agent-schema.ts";
import type { Reader } from "./reader.ts";

/** What survives hibernation beside a socket. */
interface Attachment {
  channels: Channel[];
  after: number;
  /** What it was given up to, where more waits for it; null: it was given all there was. */
  through: number | null;
  /** Of the token that opened it. */
  tokenHash: string;
  /** Grows with each connection: the newest is given what comes. */
  order: number;
}

type Connection = Reader & { tokenHash: string; order: number };

export class AgentObject extends DurableObject<Environment> implements AgentRpc {
  #made: AgentCore | undefined;
  readonly #readers = new Map<WebSocket, Connection>();

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
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

  get #name(): string {
    return readName(this.ctx);
  }

  #make(): AgentCore {
    const near = findNeighbours(this.env, this.ctx.id.name);
    return createAgentCore(this.#name, {
      world: createDurableWorld(this.ctx, `agent/${this.#name}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
      registry: near.registry,
      threadActor: near.threadActor,
      project: near.project,
      settle: () => this.ctx.storage.sync(),
      later: (milliseconds, work) => void setTimeout(work, milliseconds),
      countCommit: () => countCommit("agent"),
    });
  }

  async register(card: AgentCard, tokenHash?: string): Promise<Result<null>> {
    const registered = this.#core.register(card, tokenHash);
    if (tokenHash !== undefined) this.#closeAll("the agent has a new token");
    return registered;
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
    return this.#find(principal)?.inbox(principal, query) ?? refuseUnknown();
  }

  async ack(principal: Principal, ack: { seqs?: number[]; seq?: number; channel?: Channel }): Promise<Result<null>> {
    return this.#find(principal)?.ack(principal, ack) ?? refuseUnknown();
  }

  async deliver(envelope: Envelope): Promise<Delivery> {
    return this.#find()?.deliver(envelope) ?? { status: "refused", code: "not_found", detail: `there is no agent ${readName(this.ctx)}` };
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
    this.#closeVoid("the token's time is over");
  }

  /** `GET /v1/connect`: the Worker checked the upgrade's form and put the token into `Authorization`. */
  override async fetch(request: Request): Promise<Response> {
    const token = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
    const tokenHash = await hashToken(token);
    const identity = await this.identify({ agent: this.#name, token });
    const { 0: client, 1: server } = new WebSocketPair();
    const headers = request.headers.get("sec-websocket-protocol")?.includes(subprotocol)
      ? { "sec-websocket-protocol": subprotocol }
      : undefined;
    const response = (): Response => new Response(null, { status: 101, webSocket: client, ...(headers && { headers }) });
    if (!identity.ok) {
      server.accept();
      server.close(closeCodes.token, identity.problem.detail);
      return response();
    }
    const query = new URL(request.url).searchParams;
    const wanted = (query.get("channel") ?? "my,open").split(",");
    const channels = (["my", "open"] as const).filter((channel) => wanted.includes(channel));
    const after = Number(query.get("after") ?? 0);
    // The oldest gives way: a client that lost its connection may not have closed it.
    const open = [...this.#readers].sort(([, a], [, b]) => a.order - b.order);
    for (const [socket] of open.slice(0, Math.max(0, open.length - agentLimits.sockets + 1)))
      this.#close(socket, closeCodes.replaced, "a newer connection took its place");
    this.ctx.acceptWebSocket(server);
    const from = Number.isSafeInteger(after) ? after : 0;
    const order = (open.at(-1)?.[1].order ?? 0) + 1;
    this.#core.mailbox.attach(this.#connect(server, { channels, after: from, through: from, tokenHash, order }));
    return response();
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const reject = (id: string | null, error: ReturnType<typeof createProblem>): void => send(socket, { type: "rejected", id, error });
    if (typeof data !== "string") return reject(null, createProblem("malformed", "Frames are text: JSON of at most one event."));
    if (data.length > limits.frameBytes)
      return reject(null, createProblem("too_large", `A frame has at most ${limits.frameBytes} bytes.`, { limit: limits.frameBytes }));
    let raw: unknown;
    try {
      raw = JSON.parse(data);
    } catch {
      return reject(null, createProblem("malformed", "The frame is not JSON."));
    }
    const frame = agentFrame.safeParse(raw);
    if (!frame.success)
      return reject(null, createProblem("malformed", 'A frame is {"type":"event","event":{…}} or {"type":"ack","seqs":[…]}.'));
    if (frame.data.type === "ack") {
      // One that was closed has no say any more: its token may be void.
      if (!this.#readers.has(socket)) return;
      this.#core.mailbox.ack(frame.data);
      this.#core.noteLazily();
      return;
    }
    const { tokenHash } = this.#readers.get(socket) ?? (socket.deserializeAttachment() as Attachment);
    const answers = await this.#core.accept({ tokenHash }, [frame.data.event]);
    if (!answers.ok) {
      this.#close(socket, closeCodes.token, answers.problem.detail);
      return;
    }
    for (const answer of answers.value) {
      if (answer.status === "accepted") send(socket, { type: "accepted", ...answer });
      else reject(answer.id, answer.error);
    }
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#detach(socket);
    try {
      socket.close(code === 1005 || code === 1006 ? 1000 : code);
    } catch {
      // It is closed already.
    }
  }

  override webSocketError(socket: WebSocket): void {
    this.#detach(socket);
  }

  #connect(socket: WebSocket, attachment: Attachment): Connection {
    const { channels, after, tokenHash, order } = attachment;
    const { mailbox } = this.#core;
    const through = attachment.through ?? mailbox.count().last;
    const reader: Connection = {
      channels,
      through,
      tokenHash,
      order,
      held: through > after ? mailbox.readHeld({ channels, after, through }) : new Map(),
      caughtUp: false,
      give: (item) => send(socket, { type: "event", ...item }),
      // Hibernation drops memory at any time: whether it has all that there is is kept beside the socket.
      note: () =>
        socket.serializeAttachment({
          channels,
          after,
          through: reader.caughtUp ? null : reader.through,
          tokenHash,
          order,
        } satisfies Attachment),
    };
    this.#readers.set(socket, reader);
    return reader;
  }

  #closeAll(reason: string): void {
    for (const socket of this.ctx.getWebSockets()) this.#close(socket, closeCodes.token, reason);
  }

  /** Closes the connections whose token is not good any more. */
  #closeVoid(reason: string): void {
    for (const [socket, { tokenHash }] of this.#readers) if (!this.#core.holds(tokenHash)) this.#close(socket, closeCodes.token, reason);
  }

  #close(socket: WebSocket, code: number, reason: string): void {
    this.#detach(socket);
    try {
      socket.close(code, reason);
    } catch {
      // It is closed already.
    }
  }

  #detach(socket: WebSocket): void {
    const reader = this.#readers.get(socket);
    if (!reader) return;
    this.#readers.delete(socket);
    this.#core.mailbox.detach(reader);
  }
}

function refuseUnknown(): ReturnType<typeof refuse> {
  return refuse("unauthenticated", "This token names no agent; ask the operator for one.");
}

function send(socket: WebSocket, frame: ServerFrame): void {
  try {
    socket.send(JSON.stringify(frame));
  } catch {
    // A dead socket: its close comes, and what it was given goes to another.
  }
}
