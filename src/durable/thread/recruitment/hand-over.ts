/**
 * What whoever takes a vacated role is given: the thread so far within a budget, the open turn, the last progress, and who held
 * it; and what the one who held it before is told. Knows the task's rows.
 */

import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import type { Json } from "../../../contract/event.ts";
import type { Handover } from "../../../contract/kinds/turn.ts";
import { countBytes } from "../../../contract/limits.ts";
import type { Row, Storage } from "../../host/ports.ts";
import { type DecisionRow, type MessageRow, toStep } from "../task/task-rows.ts";
import { threadLimits } from "../thread-schema.ts";
import { describeLoss } from "../turn/lease-terms.ts";

/** A turn that was taken back from its holder. */
export interface RevokedRow extends Row {
  turn: number;
  agent: string;
  generation: number;
  role: string;
  reason: string;
  at: number;
}

/** Notes that a turn was taken back; within a transaction. */
export function noteRevoked(storage: Storage, { turn, agent, generation, role, reason, at }: RevokedRow): void {
  storage.exec("INSERT OR REPLACE INTO revoked VALUES (?, ?, ?, ?, ?, ?)", turn, agent, generation, role, reason, at);
}

/** The turn was given under this lease (again): what was taken back before counts no more; within a transaction. */
export function forgetRevoked(storage: Storage, turn: number, agent: string, generation: number): void {
  storage.exec("DELETE FROM revoked WHERE turn = ? AND agent = ? AND generation = ?", turn, agent, generation);
}

/** Why and when the agent lost the turn that it had under that lease. */
export function readRevoked(storage: Storage, turn: number, agent: string, generation: number): RevokedRow | undefined {
  return storage.exec<RevokedRow>("SELECT * FROM revoked WHERE turn = ? AND agent = ? AND generation = ?", turn, agent, generation)[0];
}

/** The hand-over of the turn as it is given now. */
export function packHandover(
  storage: Storage,
  {
    ir,
    role,
    former,
    turn,
    id,
    decision,
    attempts,
  }: {
    ir: WorkflowIr;
    role: RoleIr;
    former: { agent: string; why: string };
    turn: number;
    /** The turn's full id. */
    id: string;
    decision: DecisionRow | undefined;
    attempts: number;
  },
): Handover {
  const lost = storage.exec<{ at: number | null }>("SELECT max(at) AS at FROM revoked WHERE turn = ? AND agent = ?", turn, former.agent)[0]
    ?.at;
  return {
    agent: former.agent,
    why: former.why,
    reason: describeLoss(ir, role, former.why),
    ...(lost && { since: new Date(lost).toISOString() }),
    thread: packMessages(storage),
    turn: { turn: id, prompt: decision?.prompt ?? "", openedAt: new Date(decision?.at ?? 0).toISOString(), attempts },
    progress: packProgress(storage, turn),
  };
}

function packMessages(storage: Storage): Handover["thread"] {
  const total = storage.exec<{ n: number }>("SELECT count(*) AS n FROM counted")[0]?.n ?? 0;
  const messages: Handover["thread"]["messages"] = [];
  let left = threadLimits.handoverMessages;
  for (let before = Number.MAX_SAFE_INTEGER; messages.length < total; ) {
    // Read step by step: one may be as large as the whole budget.
    const row = storage.exec<MessageRow>("SELECT * FROM counted WHERE turn < ? ORDER BY turn DESC LIMIT 1", before)[0];
    left -= row ? countBytes(row.output) + countBytes(row.body ?? "") : 0;
    if (!row || left < 0) break;
    before = row.turn;
    messages.unshift(toStep(row));
  }
  return { messages, total, leftOut: total - messages.length };
}

function packProgress(storage: Storage, turn: number): Handover["progress"] {
  const row = storage.exec<{ agent: string; note: string | null; details: string | null; at: number }>(
    "SELECT agent, note, details, at FROM progress WHERE turn = ?",
    turn,
  )[0];
  if (!row) return null;
  const { agent, note } = row;
  const fits = countBytes(row.details ?? "") <= threadLimits.handoverDetails;
  return {
    agent,
    note,
    details: fits ? (JSON.parse(row.details ?? "null") as Json) : null,
    at: new Date(row.at).toISOString(),
    ...(!fits && { leftOut: true as const }),
  };
}
