/** What an agent's presence is given, and what it tells. */
import type { PresenceState } from "../../../contract/statuses.ts";
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";
import type { Assignments } from "./assignments.ts";

/** What lives beside the documents. */
export interface Connections {
  /** Sockets, and streams that are being written. */
  count: number;
  /** When the newest ping came that the platform answered by itself. */
  pinged?: number | undefined;
}

/** What is kept of it. */
export interface StoredPresence {
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

export interface PresencePorts {
  presences: Resident<StoredPresence>;
  clock: Clock;
  assignments: Assignments;
  connections(): Connections;
  commit(body: () => void): void;
  /** To the recruitment of those threads; within a commit. */
  tell(threads: string[], message: { type: "agent.away" | "agent.back"; agent: string; role: string; generation?: number }): void;
  project(row: ProjectionRow): void;
  /** The agent's state has changed; within a commit. */
  turned?(state: PresenceState | "deleted"): void;
  /** Offers that the agent has seen and does not answer, though it is free to; absent: none are looked for. */
  ignored?(): number;
}
