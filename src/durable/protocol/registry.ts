/** What the registry's keepers answer to: they take no messages, and nothing is stored there. */
import type { AgentCard } from "../../contract/views/agent.ts";
import type { BoardRpc } from "./board.ts";
import type { RegistryHead } from "./registry-head.ts";

/** Keepers side by side, so that none is asked by all: an object answers about 1,000 requests a second. */
export const registryKeepers = 4;

/** The keeper that has the board of open offers: one, for whoever comes asks one, and so does whoever offers something. */
export const boardKeeper = "board";

export interface AgentQuery {
  capabilities: string[];
  after?: string;
  limit: number;
}

/** What the registry's keepers answer. */
export interface RegistryRpc extends BoardRpc {
  head(): Promise<RegistryHead>;
  agents(query: AgentQuery): Promise<AgentCard[]>;
  /** The registry has changed: what was read before is void. */
  changed(): Promise<void>;
}
