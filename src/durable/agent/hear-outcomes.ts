/**
 * Hears what workflows' queues answer as they are told of a thread that is to begin, so that they need not be asked what came of it.
 * Memory only: of what it did not hear, whoever needs it asks.
 */
import type { ReflexOutcome } from "../../contract/routing.ts";
import { trust } from "../protocol/trust.ts";
import { admitAnswer, workflowMessages } from "../protocol/workflow.ts";
import { createRecentValues } from "../registry/recent-values.ts";
import type { AgentPorts } from "./agent-parts.ts";
import { agentLimits } from "./agent-schema.ts";

/** @returns the ports with an ear on what is sent, and with questions that are answered from what was heard */
export function hearOutcomes(ports: AgentPorts): AgentPorts {
  const { world, outcomes: ask } = ports;
  if (!ask) return ports;
  const heard = createRecentValues<ReflexOutcome>(agentLimits.threadsBegun);
  return {
    ...ports,
    world: {
      ...world,
      transport: {
        async deliver(envelope) {
          const delivery = await world.transport.deliver(envelope);
          const { message } = envelope;
          if (message.type === "admit" && delivery.status === "stored" && delivery.answer !== undefined) {
            const outcome = trust(admitAnswer, delivery.answer);
            if (outcome) heard.set(trust(workflowMessages.admit, message).thread, outcome, 1);
          }
          return delivery;
        },
      },
    },
    async outcomes(workflow, refs) {
      const known = refs.map((ref) => heard.get(ref));
      return known.every((outcome) => outcome !== undefined) ? known : ask(workflow, refs);
    },
  };
}
