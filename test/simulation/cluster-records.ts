/** What a cluster's objects told D1, the newest of each. */
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";

export interface ClusterRecords {
  /** What D1 was told: events by source and id, with how often. */
  log: Map<string, { row: Extract<ProjectionRow, { table: "event" }>; times: number }>;
  index: Map<string, Extract<ProjectionRow, { table: "thread" }>>;
  /** What became of turns, by turn and attempt. */
  turns: Map<string, Extract<ProjectionRow, { table: "turn" }>>;
  /** By thread and part. */
  waits: Map<string, Extract<ProjectionRow, { table: "wait" }>>;
  /** What D1 was last told of each agent's being there. */
  presence: Map<string, string>;
  /** `<thread> <agent>` of those who were given a broadcast's turn. */
  audiences: Set<string>;
  note(row: ProjectionRow): void;
}

export function createRecords(): ClusterRecords {
  const records: ClusterRecords = {
    log: new Map(),
    index: new Map(),
    turns: new Map(),
    waits: new Map(),
    presence: new Map(),
    audiences: new Set(),
    note(row) {
      switch (row.table) {
        case "thread":
          if ((records.index.get(row.id)?.revisionNumber ?? -1) < row.revisionNumber) records.index.set(row.id, row);
          return;
        case "turn":
          records.turns.set(`${row.turn}#${row.attempt}`, row);
          return;
        case "wait":
          records.waits.set(`${row.thread} ${row.part}`, row);
          return;
        case "presence":
          records.presence.set(row.agent, row.state);
          return;
        case "audience":
          for (const agent of row.agents) records.audiences.add(`${row.thread} ${agent}`);
          return;
        case "event": {
          const key = `${row.event.source} ${row.event.id}`;
          const before = records.log.get(key);
          const routing = row.routing ?? before?.row.routing;
          records.log.set(key, { row: { ...row, ...(routing && { routing }) }, times: (before?.times ?? 0) + 1 });
          return;
        }
      }
    },
  };
  return records;
}
