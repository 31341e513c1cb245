/**
 * Tells the index what the thread waits for, on the commits that change it: an answer, as the log has it, and claims, as the
 * offers' rows have them. Knows the log's events and SQL, not machines.
 */
import type { CloudEvent } from "../../wire/event.ts";
import type { Storage } from "../host/ports.ts";
import type { ProjectionRow, Wait } from "../rpc.ts";

export interface WaitNotes {
  /** An event of the thread goes to the log, in the transaction. */
  note(event: CloudEvent, thread: string): void;
  /** Last in the transaction, before its rows are stored. */
  seal(): void;
  undo(): void;
}

/** @param root the thread's id where its offers live here, else undefined */
export function createWaitNotes(ports: {
  storage: Storage;
  root: string | undefined;
  /** Whether the turn is a broadcast's: one answer is not the end of waiting for it, its closing is. */
  isBroadcast(turn: string): boolean;
  now(): number;
  project(row: ProjectionRow): void;
}): WaitNotes {
  const { storage, root, isBroadcast, now, project } = ports;
  /** What the index was last told of claims, and before the present transaction. */
  let told = "";
  let before = "";

  function readClaim(): Wait | null {
    const offer = storage.exec<{ role: string; opened: number; expires: number }>(
      "SELECT role, opened, expires FROM offer WHERE closed IS NULL ORDER BY opened LIMIT 1",
    )[0];
    return offer ? { for: "claim", role: offer.role, since: offer.opened, until: offer.expires } : null;
  }

  return {
    note(event, thread) {
      const { turn } = (event.data ?? {}) as { turn?: unknown };
      if (event.type !== "nerve.turn.assigned" && typeof turn === "string" && isBroadcast(turn)) return;
      const waiting = readAnswer(event, now());
      if (waiting !== undefined) project({ table: "wait", thread, part: "task", waiting });
    },
    seal() {
      before = told;
      if (root === undefined) return;
      const waiting = readClaim();
      const text = waiting ? JSON.stringify(waiting) : "";
      if (text === told) return;
      told = text;
      project({ table: "wait", thread: root, part: "recruitment", waiting });
    },
    undo() {
      told = before;
    },
  };
}

/** What the task waits for after this event; undefined: the event says nothing about it. */
function readAnswer(event: CloudEvent, now: number): Wait | null | undefined {
  if (event.type === "nerve.turn.respond" || event.type === "nerve.turn.fail" || event.type === "nerve.turn.revoked") return null;
  if (event.type !== "nerve.turn.assigned") return undefined;
  const { role, agent, deadline } = event.data as { role?: string; agent?: string; deadline?: string };
  const until = deadline === undefined ? Number.NaN : Date.parse(deadline);
  return {
    for: agent === undefined ? "acks" : "answer",
    ...(typeof role === "string" && { role }),
    ...(agent !== undefined && { agent }),
    since: now,
    ...(!Number.isNaN(until) && { until }),
  };
}
