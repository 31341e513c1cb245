/**
 * The review on Cloudflare Workflows: a workflow that hands out each turn in a step and waits for the answer as an event. A Durable
 * Object holds the agents' sockets and passes on what they say.
 */
import { DurableObject, WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { type FlowMessage, type FlowTurn, flowTurns, pickAgent } from "../../bare/messages.ts";

interface Env {
  HUB: DurableObjectNamespace<HubObject>;
  REVIEW: Workflow<{ flow: string }>;
}

/** Holds every agent's socket, hibernating. Stores nothing. */
export class HubObject extends DurableObject<Env> {
  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [new URL(request.url).searchParams.get("agent") ?? ""]);
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(_socket: WebSocket, text: string): Promise<void> {
    const message = JSON.parse(text) as FlowMessage;
    if (message.type === "start") {
      await this.env.REVIEW.create({ id: message.flow, params: { flow: message.flow } });
    } else {
      const review = await this.env.REVIEW.get(message.flow);
      await review.sendEvent({ type: nameEvent(message.turn), payload: message.output });
    }
  }

  /** Sends a turn to its agent. */
  give(turn: FlowTurn): void {
    for (const socket of this.ctx.getWebSockets(turn.agent)) socket.send(JSON.stringify(turn));
  }
}

/** Ten turns. */
export class ReviewWorkflow extends WorkflowEntrypoint<Env, { flow: string }> {
  override async run({ payload: { flow } }: WorkflowEvent<{ flow: string }>, step: WorkflowStep): Promise<void> {
    const hub = this.env.HUB.get(this.env.HUB.idFromName("hub"));
    for (let turn = 1; turn <= flowTurns; turn += 1) {
      await step.do(`turn ${turn}`, async () => hub.give({ type: "turn", flow, agent: pickAgent(turn), turn }));
      await step.waitForEvent(`answer ${turn}`, { type: nameEvent(turn), timeout: "1 hour" });
    }
    await step.do("done", async () => hub.give({ type: "done", flow, agent: "author" }));
  }
}

function nameEvent(turn: number): string {
  return `answer-${turn}`;
}

export default {
  fetch: (request, env) => env.HUB.get(env.HUB.idFromName("hub")).fetch(request),
} satisfies ExportedHandler<Env>;
