/** Lowers a named or open role to its states of the task: seated, given the turn, decided on. */
import type { StateJson, TransitionJson } from "../../../machines/config.ts";
import type { EngineStatus } from "../../contract/language.ts";
import type { NodeState } from "../../contract/statuses.ts";
import type { NodeIr, RoleIr, WorkflowIr } from "../ir.ts";
import { lowerOverspent } from "./budget.ts";
import { lowerAwaiting, lowerDeciding, lowerExhausted, lowerStillAwaiting } from "./edges.ts";
import { describeRole } from "./named-region.ts";
import { collapse, listStates, name } from "./names.ts";
import { isPool } from "./party.ts";
import { isRouted, lowerEngineStep, lowerFaults, unfilledEnds } from "./policies.ts";

function lowerAssigning(ir: WorkflowIr, node: NodeIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const engine = (guard: string, status: EngineStatus): TransitionJson[] =>
    isRouted(ir, role, status)
      ? [{ guard: name(guard, params), description: status, target: "deciding", actions: [lowerEngineStep(role, status)] }]
      : [];
  return {
    always: [
      { guard: name("suspendAsked"), target: "#task.suspended" },
      ...lowerStillAwaiting(node),
      { guard: name("answered"), description: "answered while suspended", target: "deciding" },
      ...(role.type === "open" ? engine("isUnfilled", "$UNFILLED") : []),
      ...engine("seatGone", "$OFFLINE"),
      ...lowerOverspent(ir, role),
      { guard: name("seated", params), target: "waiting" },
      { target: "vacant" },
    ],
  };
}

function lowerUnfilled(ir: WorkflowIr, role: RoleIr): TransitionJson {
  const guard = name("isRole", { role: role.name });
  if (isRouted(ir, role, "$UNFILLED"))
    return { guard, description: "$UNFILLED", target: "deciding", actions: [lowerEngineStep(role, "$UNFILLED")] };
  return {
    guard,
    description: `unfilled: ${role.recruitment.onUnfilled}`,
    target: `#task.${unfilledEnds[role.recruitment.onUnfilled]}`,
    actions: [name("because", { reason: `unfilled:${role.name}` })],
  };
}

function lowerVacant(ir: WorkflowIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const bound: TransitionJson = { guard: name("newSeat", params), target: "waiting", actions: [name("seat")] };
  if (role.type === "named")
    return { description: "Nobody holds it: a person gives it to somebody.", tags: ["waits-for-person"], on: { "role.bound": bound } };
  return {
    description: "Recruitment is asked for somebody.",
    tags: ["waits-for-recruitment"],
    entry: [name("askHolder", params)],
    on: { "role.bound": bound, "role.unfilled": lowerUnfilled(ir, role) },
  };
}

function lowerWaiting(ir: WorkflowIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const faults = lowerFaults(ir, role);
  const offline: TransitionJson = {
    guard: name("seatOffline", params),
    description: "$OFFLINE",
    target: "deciding",
    actions: [name("unseat"), lowerEngineStep(role, "$OFFLINE")],
  };
  const routed = isRouted(ir, role, "$OFFLINE");
  return {
    description: `${role.name} has the turn.`,
    tags: ["waits-for-agent"],
    entry: [name("giveTurn", { ...params, timeout: role.turn.timeout })],
    after: { [role.turn.timeout]: collapse(faults.timeout) },
    on: {
      "turn.answered": {
        guard: name("current"),
        target: "deciding",
        actions: [name("append", isPool(role) ? { pools: [role.name] } : {})],
      },
      "turn.progress": { guard: name("current"), actions: [name("noteProgress")] },
      "turn.invalid": faults.invalid,
      "turn.failed": collapse(faults.failed),
      "delivery.refused": collapse(faults.undeliverable),
      "role.lost": collapse([
        ...(routed ? [offline] : []),
        { guard: name("seatCurrent", params), description: "lost", target: "vacant", actions: [name("unseat")] },
      ]),
      "role.bound": {
        guard: name("newSeat", params),
        description: "handed over",
        target: "waiting",
        reenter: true,
        actions: [name("seat")],
      },
      ...(routed
        ? {
            "role.offline": {
              guard: name("seatCurrent", params),
              description: "$OFFLINE",
              target: "deciding",
              actions: [name("setGone", { to: true }), lowerEngineStep(role, "$OFFLINE")],
            },
          }
        : {}),
    },
  };
}

/** Lowers the node of a named or open role. */
export function lowerRoleStates(ir: WorkflowIr, node: NodeIr, role: RoleIr): StateJson {
  return {
    description: describeRole(role),
    initial: "seating",
    states: {
      ...listStates<Exclude<NodeState, "beginning" | "asking" | "collecting" | "awaiting">>({
        seating: lowerAssigning(ir, node, role),
        vacant: lowerVacant(ir, role),
        waiting: lowerWaiting(ir, role),
        deciding: lowerDeciding(ir, node),
        exhausted: lowerExhausted(node),
      }),
      ...lowerAwaiting(ir, node, role),
    },
  };
}
