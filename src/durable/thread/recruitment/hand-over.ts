/**
 * What whoever takes a vacated role is given: the thread so far within a budget, the open turn, the last progress, and who held
 * it; and what the one who held it before is told. Knows the task's documents.
 */

import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import type { Handover } from "../../../contract/kinds/turn.ts";
import { countBytes } from "../../../contract/limits.ts";
import { numberKey } from "../../host/store/collections.ts";
import { findLastCounted } from "../task/counted-steps.ts";
import { type DecisionDocument, type RevokedTurn, type TaskDocuments, withPrefix } from "../task/task-documents.ts";
import { toStep } from "../task/turn-documents.ts";
import { threadLimits } from "../thread-schema.ts";
import { describeLoss } from "../turn/lease-terms.ts";

/** A turn's key as it was held under a lease. */
export function keyRevoked(turn: number, agent: string, generation: number): string {
  return `${numberKey(turn)} ${agent} ${numberKey(generation)}`;
}

/** Notes that a turn was taken back; within a transaction. */
export function noteRevoked({ revoked }: TaskDocuments, turn: RevokedTurn): void {
  revoked.put(keyRevoked(turn.turn, turn.agent, turn.generation), turn);
}

/** The turn was given under this lease (again): what was taken back before counts no more; within a transaction. */
export function forgetRevoked({ revoked }: TaskDocuments, turn: number, agent: string, generation: number): void {
  const key = keyRevoked(turn, agent, generation);
  if (revoked.read(key)) revoked.delete(key);
}

/** Why and when the agent lost the turn that it had under that lease. */
export function readRevoked({ revoked }: TaskDocuments, turn: number, agent: string, generation: number): RevokedTurn | undefined {
  return revoked.read(keyRevoked(turn, agent, generation));
}

/** The hand-over of the turn as it is given now. */
export function packHandover(
  documents: TaskDocuments,
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
    decision: DecisionDocument | undefined;
    attempts: number;
  },
): Handover {
  // Generations grow: the last is the newest.
  const [lost] = documents.revoked.list({ ...withPrefix(numberKey(turn), former.agent), limit: 1, reverse: true });
  return {
    agent: former.agent,
    why: former.why,
    reason: describeLoss(ir, role, former.why),
    ...(lost && { since: new Date(lost[1].at).toISOString() }),
    thread: packMessages(documents),
    turn: { turn: id, prompt: decision?.prompt ?? "", openedAt: new Date(decision?.at ?? 0).toISOString(), attempts },
    progress: packProgress(documents, turn),
  };
}

function packMessages(documents: TaskDocuments): Handover["thread"] {
  const messages: Handover["thread"]["messages"] = [];
  let found = findLastCounted(documents);
  const total = found?.document.tally?.steps ?? 0;
  // Read step by step: one may be as large as the whole budget.
  for (let left: number = threadLimits.handoverMessages; found; found = findLastCounted(documents, { before: found.turn })) {
    const { step } = found.document;
    left -= countBytes(JSON.stringify(step.output)) + countBytes(step.body ?? "");
    if (left < 0) break;
    messages.unshift(toStep(found.turn, step));
  }
  return { messages, total, leftOut: total - messages.length };
}

function packProgress({ progress }: TaskDocuments, turn: number): Handover["progress"] {
  const said = progress.read(numberKey(turn));
  if (!said) return null;
  const { agent, note, details, at } = said;
  const fits = countBytes(JSON.stringify(details)) <= threadLimits.handoverDetails;
  return {
    agent,
    note,
    details: fits ? details : null,
    at: new Date(at).toISOString(),
    ...(!fits && { leftOut: true as const }),
  };
}
