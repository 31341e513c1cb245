/** Why a role is given back by somebody who does not hold it: they are told when it ended, why, and who has it now. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import { refuse } from "../../../contract/problem.ts";
import { trust } from "../../protocol/trust.ts";
import { describeLoss } from "../turn/lease-terms.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";

export async function refuseRelease(
  { name, host, definition, records }: RecruitmentPorts,
  agent: string,
  role: string,
  lease: number,
  revision: string,
): Promise<ReturnType<typeof refuse>> {
  const stale = `The role ${role} is not yours under the lease ${lease} (any more)`;
  const last = records.readEnded(role, agent);
  const ended = last?.generation === lease ? last : undefined;
  const ir = ended && (await definition(revision))?.ir;
  const known = ir?.roles.find(({ name: each }) => each === role);
  if (!ended || !ir || !known) return refuse("stale_lease", `${stale}.`);
  const reason = describeLoss(ir, known, ended.reason);
  const at = new Date(ended.at).toISOString();
  const actor = await host.peek(name);
  const seat = actor && trust(recruitmentContext, actor.context).seats[role];
  const now = seat?.agent ? { agent: seat.agent, generation: seat.generation } : null;
  return refuse("stale_lease", `${stale}: you had it until ${at} (${reason})${now ? `; ${now.agent} has it now` : ""}.`, {
    reason,
    at,
    now,
  });
}
