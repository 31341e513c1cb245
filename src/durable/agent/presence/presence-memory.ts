/** What an agent's presence remembers: its document, and what has changed since that was written. Knows no rule. */
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";
import type { Connections, StoredPresence } from "./presence-ports.ts";

export interface PresenceMemory {
  /** As it was last written. */
  stored: StoredPresence;
  /** As it is. */
  kept: StoredPresence;
  /** When it must be looked at is counted anew at the next look. */
  stale: boolean;
  /** What the life before heard since it last wrote is forgotten. */
  fresh: boolean;
  /** Writes it as it is; within a transaction. */
  write(): void;
  /** The transaction was rolled back. */
  undo(): void;
  /** Deletes it; within a transaction. */
  forget(): void;
}

export function createPresenceMemory(presences: Resident<StoredPresence>, clock: Clock, connections: () => Connections): PresenceMemory {
  function read(): StoredPresence {
    return presences.get("") ?? { state: "away", at: 0, heard: 0, granted: 0, connections: 0, due: null };
  }

  const stored = read();
  const memory: PresenceMemory = {
    stored,
    kept: { ...stored, connections: connections().count },
    stale: false,
    fresh: stored.heard > 0,
    write() {
      presences.put("", { ...memory.kept });
      memory.stored = { ...memory.kept };
    },
    undo() {
      memory.stored = read();
      memory.kept = { ...memory.stored, heard: Math.max(memory.kept.heard, memory.stored.heard), connections: connections().count };
      memory.stale = true;
    },
    forget() {
      presences.delete("");
      memory.stored = read();
      memory.kept = { ...memory.stored };
      memory.stale = true;
    },
  };
  // Sockets that vanished without a close count as alive until just now: nothing better is known.
  if (stored.connections > memory.kept.connections) memory.kept.granted = clock.now();
  return memory;
}
