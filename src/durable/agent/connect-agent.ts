/** Gives an agent's object the platform: its store and alarm, its other objects, the metrics. */
import { createArtifactBook } from "../artifacts/artifact-book.ts";
import type { Surroundings } from "../endpoint.ts";
import { createObjectWorld, type ObjectContext } from "../host/storage/object-context.ts";
import { countCommit } from "../projector/metrics.ts";
import type { AgentCore } from "./agent-core.ts";
import type { AgentPorts } from "./agent-parts.ts";
import type { AgentConnections } from "./connection/agent-connections.ts";
import type { Pacer } from "./connection/pacer.ts";
import { readRates } from "./connection/rate.ts";

export interface AgentLifeParts {
  /** The agent's id. */
  name: string;
  /** The object itself, once it is made. */
  agent(): AgentCore;
  connections: Pick<AgentConnections, "count" | "silentAt">;
  pacer: Pacer;
  later(milliseconds: number, work: () => void): void;
}

export function connectAgent(ctx: ObjectContext, around: Surroundings, parts: AgentLifeParts): AgentPorts {
  const { name, connections, pacer, later } = parts;
  const near = around.near(name);
  return {
    world: createObjectWorld(ctx, `agent/${name}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
    registry: near.registry,
    board: near.board,
    artifacts: createArtifactBook(around.env.DB),
    threadActor: near.threadActor,
    holders: (thread, viewer) => near.thread(thread).holders(viewer),
    // An object that calls itself would deadlock.
    askRoom: async (agent, source, bytes) => (agent === name ? parts.agent() : near.agent(agent)).room(source, bytes),
    outcomes: (workflow, refs) => near.workflow(workflow).outcomes(refs),
    project: near.project,
    settle: ctx.settle,
    later,
    countCommit: () => countCommit("agent"),
    connections: connections.count,
    silentAt: connections.silentAt,
    rates: readRates(around.env),
    pace: pacer.take,
    owe: pacer.owe,
  };
}
