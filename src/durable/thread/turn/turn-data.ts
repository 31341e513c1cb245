/** A turn as its agents get it: the machine's facts, with the prompt, the role and the last output from the task's rows. */
import type { RoleIr } from "../../../compile/ir.ts";
import { retriesAtMost } from "../../../compile/lower/policies.ts";
import type { Json } from "../../../contract/event.ts";
import type { Lease } from "../../../contract/kinds/lease.ts";
import type { Handover, TurnAssigned } from "../../../contract/kinds/turn.ts";
import type { TurnPolicy } from "../../../contract/language.ts";
import type { Storage } from "../../host/ports.ts";
import { describeHeartbeat } from "../log/make-event.ts";
import { type DecisionRow, readLastMessage, readSupplement } from "../task/task-rows.ts";
import type { TaskStart } from "../task/task-start.ts";

/** What the machine knows of the turn. */
export interface TurnFacts {
  /** The full id. */
  turn: string;
  attempt: number;
  round: number;
  lease: Lease;
  /** Milliseconds since the epoch. */
  deadline: number;
  /** Holds the prompt. */
  decision: DecisionRow | undefined;
  resumed?: { reason: string };
  handover?: Handover;
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
export function makeTurnData(storage: Storage, role: RoleIr, start: TaskStart, facts: TurnFacts): TurnAssigned {
  const { decision } = facts;
  const last = readLastMessage(storage);
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
    deadline: new Date(facts.deadline).toISOString(),
    heartbeat: describeHeartbeat(role),
    event: start.event,
    last: last
      ? { role: last.role, agent: last.agent, output: JSON.parse(last.output) as Json, ...(last.body !== null && { body: last.body }) }
      : null,
    ...(facts.resumed && { resumed: { reason: facts.resumed.reason, supplement: readSupplement(storage) } }),
    ...(facts.handover !== undefined && { handover: facts.handover }),
    history: `/v1/threads/${start.thread}/messages`,
  };
}
