/**
 * How many agents a broadcast is given to in an exploration, and how many of them must answer: as few as show every way in
 * which it can end, whatever numbers the author wrote. Knows configs and roles, no machine.
 */
import type { MachineConfigJson } from "../../machines/config.ts";
import type { RoleIr, WorkflowIr } from "../compile/ir.ts";

/** Two are enough to tell the first answer from the last one. */
const audience = 2;

/** How many agents stand for the role's audience. */
export function sizeAudience({ broadcast }: RoleIr): number {
  return Math.min(broadcast?.of ?? audience, audience);
}

/** How many of {@link sizeAudience} must answer. Where the author's number cannot be met, this one cannot either. */
function sizeNeed(role: RoleIr, need: number): number {
  const { of } = role.broadcast ?? {};
  const size = sizeAudience(role);
  return of !== undefined && need > of ? size + 1 : Math.min(need, size);
}

/** A copy of a workflow's task in which audiences of {@link sizeAudience} stand for the author's own. */
export function shrinkAudiences(task: MachineConfigJson, ir: WorkflowIr): MachineConfigJson {
  const broadcasts = ir.roles.filter((role) => role.type === "broadcast");
  if (broadcasts.length === 0) return task;
  const copy = structuredClone(task);
  for (const role of broadcasts) {
    const collecting = copy.states["active"]?.states?.[role.name]?.states?.["collecting"];
    for (const transition of [collecting?.always ?? []].flat()) {
      const params = transition.guard?.params;
      if (typeof params?.["need"] === "number") params["need"] = sizeNeed(role, params["need"]);
    }
  }
  return copy;
}
