/**
 * Tells the index what the thread waits for, on the commits that change it: an answer, as the log has it, and claims and
 * children, as their rows have them. Knows the log's events and SQL, not machines.
 */
import type { CloudEvent } from "../../../contract/event.ts";
import type { Storage } from "../../host/ports.ts";
import type { ProjectionRow, Wait } from "../../protocol/rpc.ts";

export interface WaitNotes {
  /** An event of the thread goes to the log, in the transaction. */
  note(event: CloudEvent, thread: string): void;
  /** Last in the transaction, before its rows are stored. */
  beforeCommit(): void;
  undo(): void;
}

/** @param root the thread's id where its offers live here, else undefined */
export function createWaitNotes(ports: {
  storage: Storage;
  root: string | undefined;
  /** Whether tasks live here. */
  hasTasks: boolean;
  /** Whether the turn is a broadcast's: one answer is not the end of waiting for it, its closing is. */
  isBroadcast(turn: string): boolean;
  now(): number;
  project(row: ProjectionRow): void;
}): WaitNotes {
  const { storage, root, hasTasks, isBroadcast, now, project } = ports;
  /** What the index was last told of claims and of children, and before the present transaction. */
  let told: { claim: string; children: string | undefined } = { claim: "", children: undefined };
  let before = told;

  function readClaim(): Wait | null {
    const offer = storage.exec<{ role: string; opened: number; expires: number }>(
      "SELECT role, opened, expires FROM offer WHERE closed IS NULL ORDER BY opened LIMIT 1",
    )[0];
    return offer ? { for: "claim", role: offer.role, since: offer.opened, until: offer.expires } : null;
  }

  /** Children that the newest decision waits for; undefined: none, or it has gone on, and events tell what is waited for. */
  function readAwaited(): { thread: string; waiting: Wait | null } | undefined {
    const found = storage.exec<{ thread: string; node: string; effects: string; at: number; left: number }>(
      `SELECT t.thread, d.node, d.effects, d.at,
         (SELECT count(*) FROM child_thread c WHERE c.round = d.round AND c.awaited = 1 AND c.status IN ('starting', 'live')) AS left
       FROM decision d, task t WHERE d.round = (SELECT max(round) FROM decision)
         AND EXISTS (SELECT 1 FROM child_thread c WHERE c.round = d.round AND c.awaited = 1)
         AND NOT EXISTS (SELECT 1 FROM given WHERE turn > d.round) AND NOT EXISTS (SELECT 1 FROM message WHERE turn > d.round)
         AND NOT EXISTS (SELECT 1 FROM broadcast WHERE turn > d.round)`,
    )[0];
    if (!found) return undefined;
    const { thread, node, effects, at, left } = found;
    if (!left) return { thread, waiting: null };
    const { spawns } = JSON.parse(effects) as { spawns: { await?: number }[] };
    const until = at + Math.max(...spawns.map(({ await: timeout = 0 }) => timeout));
    return { thread, waiting: { for: "children", ...(!node.startsWith("$") && { role: node }), since: at, until } };
  }

  /** Tells of it unless the index knows. */
  function tell(part: keyof typeof told, waiting: Wait | null, row: { thread: string; part: "recruitment" | "task" }): void {
    const text = waiting ? JSON.stringify(waiting) : "";
    if (text === told[part]) return;
    told = { ...told, [part]: text };
    project({ table: "wait", ...row, waiting });
  }

  return {
    note(event, thread) {
      const { turn } = (event.data ?? {}) as { turn?: unknown };
      if (event.type !== "nerve.turn.assigned" && typeof turn === "string" && isBroadcast(turn)) return;
      const waiting = readAnswer(event, now());
      if (waiting !== undefined) project({ table: "wait", thread, part: "task", waiting });
    },
    beforeCommit() {
      before = told;
      if (root !== undefined) tell("claim", readClaim(), { thread: root, part: "recruitment" });
      const awaited = hasTasks ? readAwaited() : undefined;
      if (awaited) tell("children", awaited.waiting, { thread: awaited.thread, part: "task" });
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
