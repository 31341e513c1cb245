/** The last number of each sender, by which a repeat is known; those of busy threads are in memory. Knows one table. */
import type { Clock, Storage } from "../../host/ports.ts";
import { agentLimits } from "../agent-schema.ts";

export interface KnownSender {
  last: number;
  /** The number of its event that is held, if one is. */
  held: number | null;
}

export interface Dedup {
  read(address: string): KnownSender | undefined;
  /** Notes in memory what the caller's transaction is about to write. */
  remember(address: string, sender: KnownSender): void;
  write(address: string, sender: KnownSender): void;
  /** A transaction was rolled back, or all senders are forgotten: memory is void. */
  forget(): void;
}

export function createDedup(storage: Storage, clock: Clock): Dedup {
  const known = new Map<string, KnownSender>();
  return {
    read(address) {
      const held = known.get(address);
      if (held) return held;
      const row = storage.exec<{ last: number; held_seq: number | null }>(
        "SELECT last, held_seq FROM sender WHERE address = ?",
        address,
      )[0];
      return row && { last: row.last, held: row.held_seq };
    },
    remember(address, sender) {
      known.delete(address);
      known.set(address, sender);
      if (known.size > agentLimits.sendersInMemory) known.delete(known.keys().next().value as string);
    },
    write: (address, { last, held }) =>
      void storage.exec("INSERT OR REPLACE INTO sender VALUES (?, ?, ?, ?)", address, last, held, clock.now()),
    forget: () => known.clear(),
  };
}
