/** Tells the index what each part of a thread waits for, where that has changed with a step. */
import type { Wait } from "../../../contract/views/wait.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";

/** The two actors of a thread. They may live in two objects, so each has a row of its own. */
export type ThreadPart = "recruitment" | "task";

type Waiting = Extract<ProjectionRow, { table: "wait" }>["waiting"];

export interface WaitNotes {
  /** What the part waits for after a step, within its transaction. */
  note(part: ThreadPart, wait: Wait | undefined): void;
  /** The transaction was rolled back. */
  undo(): void;
}

export function createWaitNotes(thread: string, project: (row: ProjectionRow) => void): WaitNotes {
  /** What the index was told last; nothing is known of it after a wake. */
  const told = new Map<ThreadPart, Waiting>();
  return {
    note(part, wait) {
      const waiting = wait === undefined ? null : toRow(wait);
      const before = told.get(part);
      if (before !== undefined && isSame(before, waiting)) return;
      told.set(part, waiting);
      project({ table: "wait", thread, part, waiting });
    },
    undo: () => told.clear(),
  };
}

function isSame(a: Waiting, b: Waiting): boolean {
  if (a === null || b === null) return a === b;
  return a.for === b.for && a.role === b.role && a.agent === b.agent && a.since === b.since && a.until === b.until;
}

function toRow({ for: what, role, agent, since, until }: Wait): NonNullable<Waiting> {
  const row: NonNullable<Waiting> = { for: what, since: Date.parse(since) };
  if (role !== undefined) row.role = role;
  if (agent !== undefined) row.agent = agent;
  if (until !== undefined) row.until = Date.parse(until);
  return row;
}
