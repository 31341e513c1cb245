/** Lowers a named role to its region of recruitment: never vacated, its loss is the thread's affair. */
import type { NamedJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import type { LossPolicy } from "../../contract/language.ts";
import type { HolderState } from "../../contract/statuses.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { hasStatusEdge, name } from "./names.ts";
import { listBarred } from "./party.ts";
import { isHolderAwaited } from "./policies.ts";

/** What the loss of a named role's holder raises. Nobody else can be recruited, and one that is deleted is not waited for. */
const lossRaises: Record<LossPolicy, "raiseFail" | "raiseSuspend"> = {
  wait: "raiseSuspend",
  rerecruit: "raiseSuspend",
  suspend: "raiseSuspend",
  end: "raiseFail",
};

function lowerLoss(ir: WorkflowIr, role: RoleIr, why: string): NamedJson[] {
  const params = { role: role.name, why };
  if (hasStatusEdge(ir, role, "$OFFLINE")) return [name("setGone", { role: role.name, to: true })];
  return [name(lossRaises[role.offline.then], params)];
}

/** Lowers one named role. */
export function lowerNamedRegion(ir: WorkflowIr, role: RoleIr): StateJson {
  const params = { role: role.name };
  const holds = name("holds", params);
  const routed = hasStatusEdge(ir, role, "$OFFLINE");
  const deleted: TransitionJson = { guard: holds, target: ".gone", actions: lowerLoss(ir, role, "deleted") };
  const back: TransitionJson = { guard: holds, target: "here", actions: routed ? [name("setGone", { ...params, to: false })] : [] };
  // To wait is to do nothing, however long; a named role cannot be recruited again.
  const lost: TransitionJson = {
    description: `away for ${role.offline.grace} ms more: lost`,
    target: "gone",
    actions: lowerLoss(ir, role, "lost"),
  };
  const waits = isHolderAwaited(ir, role);
  const bars = listBarred(ir, role);
  return {
    description: describeRole(role),
    initial: "here",
    on: {
      "agent.deleted": deleted,
      "delivery.refused": deleted,
      "role.release": { guard: holds, target: ".gone", actions: [name("raiseSuspend", { ...params, why: "released" })] },
      "role.assign": {
        guard: name("isRole", params),
        target: ".here",
        actions: [name("assignSeat", { ...params, ...(bars.length > 0 && { bars }) })],
      },
    },
    states: {
      here: { on: { "agent.away": { guard: holds, target: "away" } } },
      away: { tags: ["grace"], ...(waits ? {} : { after: { [role.offline.grace]: lost } }), on: { "agent.back": back } },
      // Whoever resumes has not heard that the agent is back: it is still away.
      gone: { tags: ["waits-for-person"], on: { "thread.resume": { target: "away" }, "agent.back": back } },
    } satisfies Record<HolderState, StateJson>,
  };
}

/** What a picture says of a role. */
export function describeRole(role: RoleIr): string {
  const description = role.fields["description"];
  return typeof description === "string" ? description : role.name;
}
