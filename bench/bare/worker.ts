/**
 * The least that our shape can be: a hub object with the agents' sockets, and an object per workflow that stores one row
 * per turn before the next turn is handed out. No protocol, no checks, no machine: the ceiling of what the product can do.
 */
import { DurableObject } from "cloudflare:workers";
import { type FlowMessage, type FlowTurn, flowTurns, pickAgent } from "./messages.ts";

interface Env {
  HUB: DurableObjectNamespace<HubObject>;
  FLOW: DurableObjectNamespace<FlowObject>;
}

/** Holds every agent's socket, hibernating, and passes answers in and turns out. Stores nothing. */
export class HubObject extends DurableObject<Env> {
  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [new URL(request.url).searchParams.get("agent") ?? ""]);
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(_socket: WebSocket, text: string): Promise<void> {
    const message = JSON.parse(text) as FlowMessage;
    const flow = this.env.FLOW.get(this.env.FLOW.idFromName(message.flow));
    // The answer leaves the flow's object after its commit, so what is sent here is durable.
    const turn = message.type === "start" ? await flow.start(message.flow) : await flow.answer(message.turn, message.output);
    for (const socket of this.ctx.getWebSockets(turn.agent)) socket.send(JSON.stringify(turn));
  }
}

/** One workflow: two agents take turns, each answer is a row. */
export class FlowObject extends DurableObject<Env> {
  #name = "";
  #turn = 0;

  /** Stores that the workflow began and gives its first turn. */
  start(name: string): FlowTurn {
    this.ctx.storage.sql.exec("CREATE TABLE turn (number INTEGER PRIMARY KEY, output TEXT NOT NULL)");
    this.ctx.storage.sql.exec("INSERT INTO turn VALUES (0, ?)", name);
    this.#name = name;
    return this.#giveTurn();
  }

  /** Stores an answer and gives the next turn, or says that it was the last. */
  answer(turn: number, output: unknown): FlowTurn {
    this.ctx.storage.sql.exec("INSERT INTO turn VALUES (?, ?)", turn, JSON.stringify(output));
    this.#turn = turn;
    return this.#giveTurn();
  }

  #giveTurn(): FlowTurn {
    const next = this.#turn + 1;
    return next > flowTurns
      ? { type: "done", flow: this.#name, agent: "author" }
      : { type: "turn", flow: this.#name, agent: pickAgent(next), turn: next };
  }
}

export default {
  fetch: (request, env) => env.HUB.get(env.HUB.idFromName("hub")).fetch(request),
} satisfies ExportedHandler<Env>;
