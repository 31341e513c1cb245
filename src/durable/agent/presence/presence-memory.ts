/** What an agent's presence remembers: its row, and what has changed since that was written. Knows the row, no rule. */
import type { PresenceState } from "../../../contract/statuses.ts";
import type { Clock, Row, Storage } from "../../host/ports.ts";
import type { Connections } from "./presence-ports.ts";

export interface StoredPresence extends Row {
  state: PresenceState;
  /** Since when. */
  at: number;
  /** The last sign of life. */
  heard: number;
  /** Silence counts from here at the earliest: the server was not able to hear before. */
  granted: number;
  connections: number;
  /** When the alarm was to look. */
  due: number | null;
}

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
  /** Deletes the row; within a transaction. */
  forget(): void;
}

export function createPresenceMemory(storage: Storage, clock: Clock, connections: () => Connections): PresenceMemory {
  function read(): StoredPresence {
    const row = storage.exec<StoredPresence>("SELECT * FROM presence")[0];
    return row ?? { state: "away", at: 0, heard: 0, granted: 0, connections: 0, due: null };
  }

  const stored = read();
  const memory: PresenceMemory = {
    stored,
    kept: { ...stored, connections: connections().count },
    stale: false,
    fresh: stored.heard > 0,
    write() {
      const { state, at, heard, granted, connections: count, due } = memory.kept;
      storage.exec(
        "INSERT OR REPLACE INTO presence (one, state, at, heard, granted, connections, due) VALUES (1, ?, ?, ?, ?, ?, ?)",
        ...[state, at, heard, granted, count, due],
      );
      memory.stored = { ...memory.kept };
    },
    undo() {
      memory.stored = read();
      memory.kept = { ...memory.stored, heard: Math.max(memory.kept.heard, memory.stored.heard), connections: connections().count };
      memory.stale = true;
    },
    forget() {
      storage.exec("DELETE FROM presence");
      memory.stored = read();
      memory.kept = { ...memory.stored };
      memory.stale = true;
    },
  };
  // Sockets that vanished without a close count as alive until just now: nothing better is known.
  if (stored.connections > memory.kept.connections) memory.kept.granted = clock.now();
  return memory;
}
