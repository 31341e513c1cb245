/**
 * What objects ask of the registry (agents, workflows, revisions): a port, so that the same code runs on D1 and in a
 * simulation. Nothing here is asked on the way of a turn.
 */
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import type { ReflexIr } from "../../compile/ir.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";
import type { PastTurn } from "../thread/eligibility/agent-stats.ts";

/** A published workflow's reflexes, with the revision they belong to. */
export interface PublishedReflexes {
  workflow: string;
  revision: string;
  input: JsonSchema | null;
  reflexes: ReflexIr[];
  /** Whether agents may start it by name. */
  exposed?: boolean;
}

/** Who hears of events without being named. */
export interface Listeners {
  reflexes: PublishedReflexes[];
  /** Agents, by id. */
  subscribers(kind: string): string[];
}

export interface Registry {
  /** All published reflexes; read by version, so an event posted after a publish was answered sees it. */
  reflexes(): Promise<PublishedReflexes[]>;
  /**
   * The same with who is subscribed to a kind, by one reading of the version, or none where it is given as it was once the event
   * had happened. Absent: nobody is subscribed.
   */
  listeners?(head?: RegistryHead): Promise<Listeners>;
  /** Kinds that the agent is subscribed to. */
  subscriptionsOf?(agent: string): Promise<string[]>;
  /** The compiled workflow of a revision (immutable, cached), or undefined. */
  revision(hash: string): Promise<CompiledWorkflow | undefined>;
  /** Agents that hold all these capabilities, by id, one page after `after`. */
  agents(query: { capabilities: string[]; after?: string; limit: number }): Promise<AgentCard[]>;
  /** Whether the agent has an A2A card, so that agents may begin a directed turn of it. Absent: none has. */
  exposesAgent?(id: string): Promise<boolean>;
  /** Cards of these ids; unknown ones are absent. */
  cards(ids: string[]): Promise<AgentCard[]>;
  /** The agent's newest past turns, of one role in one workflow and of all; bounded, and a few seconds old. */
  pastTurns(agent: string, workflow: string, role: string): Promise<{ role: PastTurn[]; overall: PastTurn[] }>;
}
