/**
 * Keeps what objects ask of the registry most often in memory: its version, and who has which capabilities. Each reading
 * of D1 costs more than a commit; whoever changes the registry says so here before it answers. One of them has the board of
 * open offers. Stores nothing.
 */
import type { AgentCard } from "../../contract/views/agent.ts";
import { Endpoint } from "../endpoint.ts";
import type { Absent, Attending, BoardPage, BoardRpc, OpenOffer, Posted } from "../protocol/board.ts";
import type { AgentQuery, RegistryRpc } from "../protocol/registry.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";
import { type Board, createBoard } from "./board.ts";
import { boardLimits } from "./board-limits.ts";
import { createD1Registry, readClaimedThreads, readOnlineCards, readRegistryHead } from "./create-d1-registry.ts";

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

export class RegistryEndpoint extends Endpoint implements RegistryRpc {
  #readings = new Map<string, Held<unknown>>();
  readonly #board: Board = createBoard({
    now: () => Date.now(),
    setAlarm: (at) => void this.ctx.setAlarm(at),
    readOnline: () => readOnlineCards(this.env.DB),
    readOpen: async () => askThreads(await readClaimedThreads(this.env.DB), (thread) => this.near.thread(thread).offers()),
    ask: (thread) => this.near.thread(thread).offers(),
    tell: (agent, hint) =>
      this.ctx.background(
        this.near
          .agent(agent)
          .hint(hint)
          .catch(() => {}),
      ),
  });

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

  post(offer: OpenOffer, opening: boolean, absent: Absent[]): Promise<Posted> {
    return this.#board.post(offer, opening, absent);
  }

  async close(...closing: Parameters<BoardRpc["close"]>): Promise<RegistryHead | undefined> {
    await this.#board.close(...closing);
    // Whoever closes an offer most often asks next who listens to what follows.
    return this.head().catch(() => undefined);
  }

  attend(agent: Attending): Promise<BoardPage> {
    return this.#board.attend(agent);
  }

  leave(agent: string, at: number): Promise<void> {
    return this.#board.leave(agent, at);
  }

  async alarm(): Promise<void> {
    this.#board.alarm();
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

/** What threads offer; one that can't be asked renews its offers by itself. */
async function askThreads(threads: readonly string[], ask: (thread: string) => Promise<OpenOffer[]>): Promise<OpenOffer[]> {
  const found: OpenOffer[] = [];
  for (let at = 0; at < threads.length; at += boardLimits.askedAtOnce) {
    const answers = await Promise.allSettled(threads.slice(at, at + boardLimits.askedAtOnce).map(ask));
    for (const answer of answers) if (answer.status === "fulfilled") found.push(...answer.value);
  }
  return found;
}
