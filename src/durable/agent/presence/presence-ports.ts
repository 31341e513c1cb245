/** What an agent's presence is given, and what it tells. */
import type { Clock, Storage } from "../../host/ports.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";
import type { Assignments } from "./assignments.ts";

/** What lives beside the rows. */
export interface Connections {
  /** Sockets, and streams that are being written. */
  count: number;
  /** When the newest ping came that the platform answered by itself. */
  pinged?: number | undefined;
}

export interface PresencePorts {
  storage: Storage;
  clock: Clock;
  assignments: Assignments;
  connections(): Connections;
  commit(body: () => void): void;
  /** To the recruitment of those threads; within a commit. */
  tell(threads: string[], message: { type: "agent.away" | "agent.back"; agent: string; role: string; generation?: number }): void;
  project(row: ProjectionRow): void;
  /** Offers that the agent has seen and does not answer, though it is free to; absent: none are looked for. */
  ignored?(): number;
}
