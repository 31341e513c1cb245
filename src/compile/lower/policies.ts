/** Lowers what becomes of a turn that went wrong: the node's edge for the engine's status, or the role's policy. */
import type { NamedJson, TransitionJson } from "../../../machines/config.ts";
import type { EngineStatus, LossPolicy, TurnPolicy, UnfilledPolicy } from "../../contract/language.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { lowerOnceMore } from "./budget.ts";
import { hasStatusEdge, name } from "./names.ts";
import { isPool } from "./party.ts";

/** The policy `retry` gives a turn again that often before a person is asked: an agent that always fails must not spin for ever. */
export const retriesAtMost = 100;

/** What went wrong, and how the role means to deal with it. */
export interface Fault {
  /** The engine's status. */
  status: Extract<EngineStatus, "$TIMEOUT" | "$FAILED">;
  policy: TurnPolicy;
  /** For the thread's reason, and for those who get the turn after. */
  why: string;
  /** Guard of the event, or none for a timer. */
  guard?: NamedJson;
  /** The guard to use where the turn may be given again. */
  againGuard?: NamedJson;
}

/** The engine's own step in place of an answer, decided on like any other. */
export function lowerEngineStep(role: RoleIr, status: EngineStatus): NamedJson {
  return name("engineStep", { role: role.name, status, pool: isPool(role) });
}

/** Whether a status goes to the graph as a step. */
export function isRouted(ir: WorkflowIr, role: RoleIr, status: EngineStatus): boolean {
  return hasStatusEdge(ir, role, status);
}

/**
 * Where the thread goes when a role stays unfilled for good and no edge says otherwise. An open role with `retry` never does; of a
 * broadcast it means that a person is asked, for the registry says at once that nobody is eligible.
 */
export const unfilledEnds: Record<UnfilledPolicy, "failed" | "suspended"> = { suspend: "suspended", end: "failed", retry: "suspended" };

/** Whether a broadcast that too few have answered goes to the graph by the role's policy alone. */
const forfeitsPartial: Record<TurnPolicy, boolean> = { retry: false, rerecruit: false, suspend: false, forfeit: true, end: false };

/** Whether a broadcast that too few have answered goes to the graph as `$PARTIAL`; else a person is asked. */
export function isPartialRouted(ir: WorkflowIr, role: RoleIr): boolean {
  return hasStatusEdge(ir, role, "$PARTIAL") || forfeitsPartial[role.turn.onTimeout];
}

const staysForEver: Record<LossPolicy, boolean> = { wait: true, rerecruit: false, suspend: false, end: false };

/** Whether a role's holder is waited for however long it is away. */
export function isHolderAwaited(ir: WorkflowIr, role: RoleIr): boolean {
  return staysForEver[role.offline.then] && !hasStatusEdge(ir, role, "$OFFLINE");
}

/** Gives the turn to the same holder again. */
export function lowerAgain(ir: WorkflowIr, role: RoleIr, guard: NamedJson, why: string): TransitionJson {
  const target = lowerOnceMore(ir, role, "waiting");
  return { guard, description: `again: ${why}`, target, reenter: true, actions: [name("again", { why })] };
}

/** Lowers one fault of a turn, as transitions of the state that waits for the answer. */
export function lowerFault(ir: WorkflowIr, role: RoleIr, fault: Fault): TransitionJson[] {
  const { status, why } = fault;
  const guard = fault.guard ? { guard: fault.guard } : {};
  const suspend: TransitionJson = {
    ...guard,
    description: `${why}: suspend`,
    target: "#task.suspended",
    actions: [name("revoke", { reason: why }), name("because", { reason: why })],
  };
  const step: TransitionJson = { ...guard, description: status, target: "deciding", actions: [lowerEngineStep(role, status)] };
  if (isRouted(ir, role, status)) return [step];
  switch (fault.policy) {
    case "retry":
      return fault.againGuard ? [lowerAgain(ir, role, fault.againGuard, why), suspend] : [suspend];
    case "rerecruit":
      if (role.type !== "open") return [suspend];
      return [
        {
          ...guard,
          description: `${why}: rerecruit`,
          target: lowerOnceMore(ir, role, "vacant"),
          actions: [name("unseat", { role: role.name, why })],
        },
      ];
    case "forfeit":
      return [step];
    case "end":
      return [{ ...suspend, description: `${why}: end`, target: "#task.failed" }];
    case "suspend":
      return [suspend];
    default:
      return fault.policy satisfies never;
  }
}

/** All that can go wrong with a turn once it is given: no answer in time, a failure, refused outputs, nobody there. */
export function lowerFaults(
  ir: WorkflowIr,
  role: RoleIr,
): { timeout: TransitionJson[]; failed: TransitionJson[]; invalid: TransitionJson[]; undeliverable: TransitionJson[] } {
  const { retries, onTimeout, onFail } = role.turn;
  const current = name("current");
  const max = { max: retriesAtMost };
  const fail = (why: string, guard: NamedJson, againGuard?: NamedJson): TransitionJson[] =>
    lowerFault(ir, role, { status: "$FAILED", policy: onFail, why, guard, ...(againGuard ? { againGuard } : {}) });
  return {
    timeout: [
      ...(retries > 0 ? [lowerAgain(ir, role, name("retriesLeft", { max: retries }), "turn_timeout")] : []),
      ...lowerFault(ir, role, { status: "$TIMEOUT", policy: onTimeout, why: "turn_timeout", againGuard: name("retriesLeft", max) }),
    ],
    failed: [
      ...(retries > 0 ? [lowerAgain(ir, role, name("mayRetry", { max: retries }), "turn_failed")] : []),
      ...fail("turn_failed", current, name("currentAgain", max)),
    ],
    invalid: [
      { guard: name("answersLeft", { max: 3 }), actions: [name("refuseOutput")] },
      ...fail("invalid_output", current, name("currentAgain", max)),
    ],
    undeliverable: fail("undeliverable", name("refusedTurn")),
  };
}
