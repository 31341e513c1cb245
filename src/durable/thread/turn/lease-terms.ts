/** How long a role waits for the signs of life of who holds it, and what its lease therefore says. Knows the author's rules, not clocks. */

import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { isHolderAwaited } from "../../../compile/lower/policies.ts";
import { formatDuration } from "../../../contract/format-duration.ts";
import { formatTime } from "../../../contract/format-time.ts";
import type { Lease } from "../../../contract/kinds/lease.ts";

export interface LeaseTerms {
  /** Milliseconds between two signs of life. */
  every: number;
  /** Milliseconds of silence that make the holder away. */
  silence: number;
  /** Milliseconds away that make the holder lost; null: it is waited for, however long. */
  grace: number | null;
}

export function readLeaseTerms(ir: WorkflowIr, role: RoleIr): LeaseTerms {
  const { heartbeat, offline } = role;
  return { every: heartbeat.every, silence: heartbeat.every * heartbeat.miss, grace: isHolderAwaited(ir, role) ? null : offline.grace };
}

/** A lease as it is told: it lapses if its holder is silent from now on. */
export function makeLease(ir: WorkflowIr, role: RoleIr, generation: number, now: number): Lease {
  const { silence, grace } = readLeaseTerms(ir, role);
  return { generation, expires: grace === null ? null : formatTime(now + silence + grace) };
}

/** Why an assignment ended, for people: the machine's word, and what it means here. */
export function describeLoss(ir: WorkflowIr, role: RoleIr, why: string): string {
  if (why === "deleted") return "deleted: the agent was removed";
  if (why !== "lost" && why !== "$OFFLINE") return why;
  const { silence, grace } = readLeaseTerms(ir, role);
  return `lost: silent for ${formatDuration(silence + (grace ?? 0))}`;
}
