/** What the registry's keepers answer to: they take no messages, and nothing is stored there. */
import type { AgentCard } from "../../contract/views/agent.ts";

/** The registry's identity and version. */
export interface RegistryHead {
  id: string;
  version: number;
}

export interface AgentQuery {
  capabilities: string[];
  after?: string;
  limit: number;
}

/** What the registry's keepers answer. */
export interface RegistryRpc {
  head(): Promise<RegistryHead>;
  agents(query: AgentQuery): Promise<AgentCard[]>;
  /** The registry has changed: what was read before is void. */
  changed(): Promise<void>;
}
