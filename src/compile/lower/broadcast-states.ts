/** Lowers a broadcast role to its states of the task: one turn, many agents, counted until enough have answered. */
import type { NamedJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import type { EngineStatus } from "../../contract/language.ts";
import type { NodeState } from "../../contract/statuses.ts";
import type { NodeIr, RoleIr, WorkflowIr } from "../ir.ts";
import { lowerOverspent } from "./budget.ts";
import { lowerAwaiting, lowerDeciding, lowerExhausted, lowerStillAwaiting } from "./edges.ts";
import { describeRole } from "./named-region.ts";
import { listStates, name } from "./names.ts";
import { isPartialRouted, isRouted, lowerEngineStep, unfilledEnds } from "./policies.ts";

const defaults: NonNullable<RoleIr["broadcast"]> = { need: "all", timeout: 3_600_000, ttl: 604_800_000 };

function lowerStep(role: RoleIr, status: EngineStatus): { target: string; actions: NamedJson[] } {
  return { target: "deciding", actions: [name("closeAudience", { status }), lowerEngineStep(role, status)] };
}

/** Not enough answered: the node's edge, or a person is asked; the next turn goes to those who have not. */
function lowerPartial(ir: WorkflowIr, role: RoleIr): TransitionJson {
  if (isPartialRouted(ir, role)) return { description: "$PARTIAL", ...lowerStep(role, "$PARTIAL") };
  return {
    description: "$PARTIAL: suspend",
    target: "#task.suspended",
    actions: [
      name("closeAudience", { status: "$PARTIAL" }),
      name("because", { reason: `partial:${role.name}` }),
      name("nextTurn", { role: role.name, keep: true }),
    ],
  };
}

function lowerNobody(ir: WorkflowIr, role: RoleIr): TransitionJson {
  const guard = name("nobodyAsked");
  if (isRouted(ir, role, "$UNFILLED")) return { guard, description: "$UNFILLED", ...lowerStep(role, "$UNFILLED") };
  const target = `#task.${unfilledEnds[role.recruitment.onUnfilled]}`;
  return { guard, description: "nobody eligible", target, actions: [name("because", { reason: `unfilled:${role.name}` })] };
}

/** Lowers the node of a broadcast role. */
export function lowerBroadcastStates(ir: WorkflowIr, node: NodeIr, role: RoleIr): StateJson {
  const { need, timeout, of } = role.broadcast ?? defaults;
  const partial = lowerPartial(ir, role);
  const count = (action: string): TransitionJson => ({ guard: name("audienceTurn"), actions: [name(action)] });
  return {
    description: describeRole(role),
    initial: "seating",
    states: {
      ...listStates<Exclude<NodeState, "beginning" | "vacant" | "waiting" | "awaiting">>({
        seating: {
          always: [
            { guard: name("suspendAsked"), target: "#task.suspended" },
            ...lowerStillAwaiting(node),
            { guard: name("answered"), target: "deciding" },
            { guard: name("asked"), target: "collecting" },
            ...lowerOverspent(ir, role),
            { target: "asking" },
          ],
        },
        asking: {
          description: "Whoever is eligible is given the turn.",
          tags: ["waits-for-recruitment"],
          entry: [name("askAudience", { role: role.name, timeout, pick: role.recruitment.pick, ...(of === undefined ? {} : { of }) })],
          on: {
            "audience.asked": [lowerNobody(ir, role), { guard: name("asking"), target: "collecting", actions: [name("noteAudience")] }],
          },
        },
        collecting: {
          description: `Until ${need} have answered.`,
          tags: ["waits-for-agent"],
          always: [
            { guard: name("needMet", { need }), description: "$ACKED", ...lowerStep(role, "$ACKED") },
            { guard: name("needLost", { need }), ...partial },
          ],
          after: { [timeout]: partial },
          on: {
            "turn.answered": count("countAnswer"),
            "turn.failed": count("countFailure"),
            "turn.invalid": count("ignore"),
            "turn.progress": count("noteProgress"),
          },
        },
        deciding: lowerDeciding(ir, node),
        exhausted: lowerExhausted(node),
      }),
      ...lowerAwaiting(ir, node, role),
    },
  };
}
