/**
 * Keeps what objects ask of the registry most often in memory: its version, and who has which capabilities. Each reading
 * of D1 costs more than a commit; whoever changes the registry says so here before it answers. Stores nothing.
 */
import { DurableObject } from "cloudflare:workers";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { AgentQuery, RegistryHead, RegistryRpc } from "../protocol/registry.ts";
import { createD1Registry, readRegistryHead } from "./create-d1-registry.ts";

/** Keepers side by side, so that none is asked by all: an object answers about 1,000 requests a second. */
export const registryKeepers = 4;

const limits = {
  /** Milliseconds for which a reading is used. Whoever changes the registry may crash after D1 and before telling the keepers. */
  held: 10_000,
  /** Queries whose answer is kept. */
  queries: 200,
} as const;

interface Held<T> {
  at: number;
  value: Promise<T>;
}

export class RegistryObject extends DurableObject<{ DB: D1Database }> implements RegistryRpc {
  #readings = new Map<string, Held<unknown>>();

  head(): Promise<RegistryHead> {
    return this.#read("head", () => readRegistryHead(this.env.DB));
  }

  agents(query: AgentQuery): Promise<AgentCard[]> {
    return this.#read(JSON.stringify([query.capabilities, query.after ?? null, query.limit]), () =>
      createD1Registry(this.env.DB).agents(query),
    );
  }

  async changed(): Promise<void> {
    this.#readings.clear();
  }

  #read<T>(key: string, read: () => Promise<T>): Promise<T> {
    const now = Date.now();
    const held = this.#readings.get(key) as Held<T> | undefined;
    if (held && now - held.at < limits.held && now >= held.at) return held.value;
    const value = read();
    // Do not keep a reading that fails. A reading that a change overtook was removed with the rest, and serves only earlier callers.
    value.catch(() => this.#readings.get(key)?.value === value && this.#readings.delete(key));
    this.#readings.delete(key);
    this.#readings.set(key, { at: now, value });
    if (this.#readings.size > limits.queries) this.#readings.delete(this.#readings.keys().next().value as string);
    return value;
  }
}
