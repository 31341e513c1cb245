/** Lowers the intermediate form to recruitment's config: who plays. */
import type { MachineConfigJson, StateJson } from "../../../machines/config.ts";
import type { RoleType } from "../../contract/language.ts";
import type { OutcomeStatus } from "../../contract/statuses.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { lowerNamedRegion } from "./named-region.ts";
import { ignored, name } from "./names.ts";
import { lowerOpenRegion } from "./open-region.ts";
import { lowerThreadRegion } from "./thread-region.ts";

/** The version of the vocabulary that this compiler writes for. */
export const recruitmentVersion = "recruitment/1";

/** How each type of role is held: nobody holds a broadcast. */
const lowerRegion: Record<RoleType, (ir: WorkflowIr, role: RoleIr) => StateJson | undefined> = {
  named: lowerNamedRegion,
  open: lowerOpenRegion,
  broadcast: () => undefined,
};

function lowerEnd(status: OutcomeStatus): StateJson {
  return { type: "final", tags: [status], entry: [name("announce", { status })] };
}

/** Lowers a checked workflow to the machine that assigns its roles. Plain JSON; the same IR gives the same config. */
export function lowerRecruitment(ir: WorkflowIr): MachineConfigJson {
  const regions: Record<string, StateJson> = { $thread: lowerThreadRegion(ir) };
  for (const role of ir.roles) {
    const region = lowerRegion[role.type](ir, role);
    if (region) regions[role.name] = region;
  }
  return {
    id: "recruitment",
    version: recruitmentVersion,
    description: `${ir.name}: who plays`,
    options: { maxIterations: 100 },
    context: {
      start: "new",
      round: 0,
      seats: {},
      offers: {},
      tries: {},
      leading: {},
      last: {},
      unfilled: {},
      taskUp: false,
      paused: false,
      closing: null,
      reason: null,
      outcome: null,
    },
    initial: "created",
    states: {
      created: { always: { guard: name("hasInput"), target: "open", actions: [name("begin")] } },
      open: {
        type: "parallel",
        // What comes too late, or is about somebody who plays no part any more, changes nothing and is no mistake.
        on: {
          "role.needed": ignored,
          "role.freed": ignored,
          "thread.suspended": ignored,
          "offer.exhausted": ignored,
          "agent.away": ignored,
          "agent.back": ignored,
          "agent.deleted": ignored,
          "delivery.refused": ignored,
        },
        states: regions,
      },
      ...({ completed: lowerEnd("completed"), failed: lowerEnd("failed"), cancelled: lowerEnd("cancelled") } satisfies Record<
        OutcomeStatus,
        StateJson
      >),
    },
  };
}
