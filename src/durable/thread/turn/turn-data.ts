/** A turn as its agents get it: the machine's facts, with the prompt, the role and the last output. Pure. */

import type { RoleIr } from "../../../compile/ir.ts";
import { retriesAtMost } from "../../../compile/lower/policies.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import { formatTime } from "../../../contract/format-time.ts";
import type { Lease } from "../../../contract/kinds/lease.ts";
import type { Handover, TurnAssigned } from "../../../contract/kinds/turn.ts";
import type { TurnPolicy } from "../../../contract/language.ts";
import { inOnePiece } from "../../../contract/one-piece.ts";
import { describeHeartbeat } from "../log/make-event.ts";

/** What the machine knows of the turn. */
export interface TurnFacts {
  /** The full id. */
  turn: string;
  attempt: number;
  round: number;
  lease: Lease;
  /** Milliseconds since the epoch. */
  deadline: number;
  decision: { prompt: string | null; location?: string } | undefined;
  /** The step before it. */
  last: { role: string; agent: string | null; output: Json; body?: string } | undefined;
  /** Why it is given again after the thread stood still, and what a person added. */
  resumed?: { reason: string; supplement: Json };
  handover?: Handover;
}

/** What began the thread. */
export interface TurnStart {
  thread: string;
  workflow: string;
  event: CloudEvent;
}

/** The number in a turn's full id. */
export function readTurnNumber(turn: string): number {
  return Number(turn.slice(turn.lastIndexOf(":") + 1));
}

/** How often a failed turn is given to its holder again. An audience has one try each. */
function countRetries({ type, turn }: RoleIr): number {
  if (type === "broadcast") return 0;
  const { retries } = turn;
  const tries: Record<TurnPolicy, number> = {
    retry: Math.max(retries, retriesAtMost),
    rerecruit: retries,
    suspend: retries,
    forfeit: retries,
    end: retries,
  };
  return tries[turn.onFail];
}

/** The data of `nerve.turn.assigned`. */
export function makeTurnData(role: RoleIr, start: TurnStart, facts: TurnFacts): TurnAssigned {
  const { decision, last } = facts;
  return {
    turn: facts.turn,
    attempt: facts.attempt,
    retries: countRetries(role),
    lease: facts.lease,
    thread: start.thread,
    workflow: start.workflow,
    role: { ...role.fields, name: role.name, schema: (role.schema ?? true) as Json },
    prompt: decision?.prompt ?? "",
    ...(decision?.location && { location: decision.location }),
    round: facts.round,
    deadline: formatTime(facts.deadline),
    heartbeat: describeHeartbeat(role),
    event: start.event,
    last: last ? { role: last.role, agent: last.agent, output: last.output, ...(last.body !== undefined && { body: last.body }) } : null,
    ...(facts.resumed && { resumed: facts.resumed }),
    ...(facts.handover !== undefined && { handover: facts.handover }),
    history: inOnePiece(`/v1/threads/${start.thread}/messages`),
  };
}
