/** An agent's object as the platform runs it: its core, its sockets, its alarm. What may be asked of it is agent-endpoint's. */
import { Endpoint, type Surroundings } from "../endpoint.ts";
import { isPaused } from "../environment.ts";
import { holdAlarm, type ObjectContext, readName, ringAgain } from "../host/storage/object-context.ts";
import { countWake } from "../projector/metrics.ts";
import type { Sender } from "../protocol/agent.ts";
import { type AgentCore, createAgentCore } from "./agent-core.ts";
import { connectAgent } from "./connect-agent.ts";
import { type AgentConnections, createAgentConnections } from "./connection/agent-connections.ts";
import { createPacer } from "./connection/pacer.ts";
import { refuseToken } from "./identity.ts";
import { createSharedTimers } from "./presence/shared-timers.ts";

const now = (): number => Date.now();

/** What an agent's object holds in memory. */
export interface AgentLife {
  name(): string;
  /** Made when it is first asked for. */
  core(): AgentCore;
  readonly connections: AgentConnections;
  /** Undefined: nobody ever registered an agent of this id, and asking for one leaves no trace. */
  find(sender?: Sender): AgentCore | undefined;
}

function createAgentLife(ctx: ObjectContext, around: Surroundings): AgentLife {
  let made: AgentCore | undefined;
  const later = createSharedTimers(ctx.later, now);
  const pacer = createPacer(() => new Promise((resolve) => later(0, resolve)), ctx.rings);
  const connections = createAgentConnections({ platform: ctx.sockets, leave: ctx.leave, agent: () => life.core(), pacer, later, now });
  const life: AgentLife = {
    connections,
    name() {
      return readName(ctx);
    },
    core() {
      made ??= createAgentCore(
        life.name(),
        connectAgent(ctx, around, { name: life.name(), agent: () => life.core(), connections, pacer, later }),
      );
      return made;
    },
    find: (sender) => made ?? (ctx.isStored() || (sender && ("operator" in sender || "hook" in sender)) ? life.core() : undefined),
  };
  return life;
}

export abstract class ConnectedAgent extends Endpoint {
  // A field, not a method: methods of the class can be called over RPC.
  protected readonly life: AgentLife;

  constructor(ctx: ObjectContext, around: Surroundings) {
    super(ctx, around);
    countWake("agent");
    ctx.sockets.answerPings();
    this.life = createAgentLife(ctx, around);
    this.life.connections.sockets.wake();
  }

  async alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    this.life.connections.closeSilent();
    await ringAgain(this.ctx, () => this.life.core().alarm());
    this.life.connections.closeVoid("the token's time is over");
  }

  /** `GET /v1/connect` and `/v1/inbox/stream`: the Worker checked the form and put the token, or the ticket, into `Authorization`. */
  async fetch(request: Request): Promise<Response> {
    const [scheme, secret = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const proven =
      (await (scheme === "Ticket" ? this.life.find()?.redeemTicket(secret) : this.life.find()?.prove(secret))) ?? refuseToken();
    return this.life.connections.open(request, proven);
  }

  webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined {
    return this.life.connections.takeFrame(socket, data);
  }

  webSocketClose(socket: WebSocket, code: number): void {
    this.life.connections.sockets.close(socket, code === 1005 || code === 1006 ? 1000 : code);
  }

  webSocketError(socket: WebSocket): void {
    this.life.connections.sockets.close(socket, 1011);
  }
}
