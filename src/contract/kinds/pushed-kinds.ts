/** Kinds of events that change an A2A task for whoever is told of it. */
import type { AgentKind } from "./agent-kinds.ts";
import type { EngineKind } from "./engine-kinds.ts";

export const pushedKinds = [
  "nerve.turn.assigned",
  "nerve.turn.progress",
  "nerve.turn.respond",
  "nerve.thread.suspended",
  "nerve.thread.completed",
  "nerve.thread.failed",
  "nerve.thread.cancelled",
  "nerve.thread.dropped",
] as const satisfies readonly (EngineKind | AgentKind)[];
