/** An operator takes a role from its holder, for an agent of their choice or for whoever is recruited. Knows rows and the actor host. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import { type Result, refuse } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { AssignBody } from "../../protocol/recruitment.ts";
import { trust } from "../../protocol/trust.ts";
import { readThread } from "../lifecycle/thread-rows.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";

/** @param remember written in the transaction of the consequence */
type RoleAssignment = (operator: string, role: string, body: AssignBody, remember: () => void) => Promise<Result<ThreadView>>;

export function createRoleAssignment(
  { name, host, lifecycle, definition, registry }: RecruitmentPorts,
  show: (viewer: string | null) => Promise<Result<ThreadView>>,
): RoleAssignment {
  return async (operator, role, { agent, reason }, remember) => {
    const thread = readThread(lifecycle);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    const compiled = await definition(thread.revision);
    const known = compiled?.ir.roles.find((each) => each.name === role);
    if (!known)
      return refuse(
        "not_found",
        `${thread.workflow} has no role ${role}; it has ${compiled?.ir.roles.map((each) => each.name).join(", ")}.`,
      );
    if (!["recruiting", "running", "suspended"].includes(thread.status))
      return refuse("not_allowed_now", `Nobody holds roles of a thread that is ${thread.status}.`);
    if (known.type === "broadcast") return refuse("not_allowed_now", `${role} is a broadcast: nobody holds it.`);
    const actor = await host.peek(name);
    const seat = actor && trust(recruitmentContext, actor.context).seats[role];
    const taken = `taken by ${operator}${reason ? `: ${reason}` : ""}`;
    if (agent !== undefined) {
      if (seat?.agent === agent) return refuse("not_allowed_now", `${agent} holds ${role} already.`);
      if (!(await registry.cards([agent])).length) return refuse("malformed", `There is no agent ${agent}.`);
      const given = await host.send(name, { type: "role.assign", role, agent, reason: taken }, { also: remember });
      return given.ok ? show(null) : refuse("not_allowed_now", `${role} cannot be given away now; the thread may have ended meanwhile.`);
    }
    if (known.type === "named")
      return refuse("malformed", `${role} is a named role: nobody is recruited for it. Say whose it is to be: \`agent\`.`);
    if (!seat?.agent) return refuse("not_allowed_now", `Nobody holds ${role} now.`);
    const { agent: holder, generation } = seat;
    const freed = await host.send(
      name,
      { type: "role.release", role, agent: holder, generation, reason: taken, taken },
      { also: remember },
    );
    return freed.ok ? show(null) : refuse("not_allowed_now", `${holder} does not hold ${role} any more.`);
  };
}
