/** The threads that a task's edges spawned: one row a child, from the decision on. Knows SQL only. */

import type { Json } from "../../../contract/event.ts";
import { countBytes, exceedsBytes } from "../../../contract/limits.ts";
import type { EndedStatus } from "../../../contract/statuses.ts";
import type { Row, Storage } from "../../host/ports.ts";

/** `starting`: decided, and not yet sent to its workflow; `refused`: its workflow does not take it. */
export type ChildStatus = "starting" | "live" | "refused" | EndedStatus;

export interface ChildRow extends Row {
  /** The last turn before the decision whose edge spawned it. */
  round: number;
  /** Place among the children of that edge. */
  place: number;
  workflow: string;
  /** 1: the edge's target waits for it. */
  awaited: number;
  thread: string | null;
  status: ChildStatus;
  /** Its last output as JSON. */
  output: string | null;
  error: string | null;
  /** 1: the task's machine has heard of its end. */
  told: number;
}

/** Characters of a child's output that its parent keeps: a hundred of them are seen by one prompt. */
const outputBytes = 64 * 1024;

export function addChild(storage: Storage, child: Pick<ChildRow, "round" | "place" | "workflow" | "awaited">): void {
  storage.exec(
    "INSERT OR REPLACE INTO child_thread (round, place, workflow, awaited, status) VALUES (?, ?, ?, ?, 'starting')",
    child.round,
    child.place,
    child.workflow,
    child.awaited,
  );
}

export function findChild(storage: Storage, round: number, place: number): ChildRow | undefined {
  return storage.exec<ChildRow>("SELECT * FROM child_thread WHERE round = ? AND place = ?", round, place)[0];
}

export function changeChild(storage: Storage, { round, place, thread, status, output, error, told }: ChildRow): void {
  storage.exec(
    "UPDATE child_thread SET thread = ?, status = ?, output = ?, error = ?, told = ? WHERE round = ? AND place = ?",
    thread,
    status,
    output,
    error,
    told,
    round,
    place,
  );
}

export function readChildren(storage: Storage, round: number): ChildRow[] {
  return storage.exec<ChildRow>("SELECT * FROM child_thread WHERE round = ? ORDER BY place", round);
}

export function readUnended(storage: Storage): ChildRow[] {
  return storage.exec<ChildRow>("SELECT * FROM child_thread WHERE status IN ('starting', 'live') ORDER BY round, place");
}

/** Ids of the children that have begun, newest last. */
export function listChildThreads(storage: Storage, limit: number): string[] {
  return storage
    .exec<{ thread: string }>("SELECT thread FROM child_thread WHERE thread IS NOT NULL ORDER BY round, place LIMIT ?", limit)
    .map(({ thread }) => thread);
}

/** Ids of the children of a round that are waited for and have not ended. */
export function listAwaited(storage: Storage, round: number, limit: number): string[] {
  return storage
    .exec<{ thread: string }>(
      "SELECT thread FROM child_thread WHERE round = ? AND awaited = 1 AND status = 'live' AND thread IS NOT NULL ORDER BY place LIMIT ?",
      round,
      limit,
    )
    .map(({ thread }) => thread);
}

/** An output as it is kept: one that is too long is left to be read in the child itself. */
export function keepOutput(output: Json): string {
  const text = JSON.stringify(output);
  return exceedsBytes(text, outputBytes) ? JSON.stringify({ $truncated: true, bytes: countBytes(text) }) : text;
}

const seenAs: Record<ChildStatus, string> = {
  starting: "running",
  live: "running",
  refused: "failed",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  dropped: "dropped",
};

/** A child as prompts and conditions see it. */
export function viewChild({ thread, workflow, status, output, error }: ChildRow): { [name: string]: Json } {
  return {
    thread,
    workflow,
    status: seenAs[status],
    output: output === null ? null : (JSON.parse(output) as Json),
    ...(error !== null && { error }),
  };
}
