/** What a role's policies do when time is up, in words for people. Knows the workflow, not the rows. */
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { hasStatusEdge } from "../../../compile/lower/names.ts";
import { isPartialRouted } from "../../../compile/lower/policies.ts";
import { formatDuration } from "../../../contract/format-duration.ts";
import type { EngineStatus, LossPolicy, TurnPolicy, UnfilledPolicy } from "../../../contract/language.ts";

const byPerson = "the thread is suspended until a person resumes it";

/** What becomes of the thread when a role stays unfilled. */
export function describeUnfilled(ir: WorkflowIr, role: RoleIr): string {
  const { onUnfilled } = role.recruitment;
  // One that is offered for ever is never unfilled, so its edge is never taken.
  if (onUnfilled !== "retry" && hasStatusEdge(ir, role, "$UNFILLED")) return "the graph goes on by its edge $UNFILLED";
  const then: Record<UnfilledPolicy, string> = {
    suspend: `on_unfilled: suspend, ${byPerson}`,
    end: "on_unfilled: end, the thread fails",
    retry: "it is offered again",
  };
  return then[onUnfilled];
}

/**
 * What happens when an offer expires with nobody given the role.
 * @param tries offers that ran out before this one
 * @param leader whose claim is the best so far
 */
export function describeOfferEnd(ir: WorkflowIr, role: RoleIr, tries: number, leader: string | undefined): string {
  if (leader !== undefined) return `the best claim so far, that of ${leader}, is awarded`;
  const { retries, backoff } = role.recruitment;
  const pause = backoff > 0 ? ` after a pause of ${formatDuration(backoff)}` : "";
  const left = retries - tries;
  const last = describeUnfilled(ir, role);
  if (left <= 0) return `the offer expires; then ${last}${role.recruitment.onUnfilled === "retry" ? pause : ""}`;
  return `the offer expires; then it is offered again${pause} (${tries + 1} of ${retries} retries), after that ${last}`;
}

function describePolicy(role: RoleIr, policy: TurnPolicy, status: EngineStatus): string {
  switch (policy) {
    case "retry":
      return "the same holder is given the turn again";
    case "rerecruit":
      return role.type === "open" ? "the role is taken back and offered anew" : byPerson;
    case "forfeit":
      return `the graph goes on with ${status}`;
    case "end":
      return "the thread fails";
    case "suspend":
      return byPerson;
    default:
      return policy satisfies never;
  }
}

/** What happens when a turn's time is up. @param used retries that the turn has had */
export function describeTurnEnd(ir: WorkflowIr, role: RoleIr, used: number): string {
  const { retries, onTimeout } = role.turn;
  const last = hasStatusEdge(ir, role, "$TIMEOUT")
    ? "the graph goes on by its edge $TIMEOUT"
    : `turn.on_timeout: ${onTimeout}, ${describePolicy(role, onTimeout, "$TIMEOUT")}`;
  return used < retries ? `the turn is given again (${used + 1} of ${retries} retries), after that ${last}` : last;
}

/** What happens when the holder has been away for too long. */
export function describeLoss(ir: WorkflowIr, role: RoleIr): string {
  const again = role.type === "open" ? "the holder is lost: the role is taken back and offered anew" : undefined;
  if (role.offline.then === "rerecruit" && again !== undefined) return again;
  if (hasStatusEdge(ir, role, "$OFFLINE")) return "the holder is lost: the graph goes on by its edge $OFFLINE when it is this role's turn";
  const suspended = `the holder is lost: ${byPerson}`;
  const then: Record<LossPolicy, string> = {
    wait: "nothing: offline.then is wait, the turn stays queued until the holder is back",
    rerecruit: again ?? suspended,
    suspend: suspended,
    end: "the holder is lost: the thread fails",
  };
  return then[role.offline.then];
}

/** What happens when too few of a broadcast have answered in time. */
export function describePartial(ir: WorkflowIr, role: RoleIr): string {
  return isPartialRouted(ir, role) ? "the graph goes on with $PARTIAL" : byPerson;
}

/** What happens when awaited children are late. */
export function describeLateChildren(ir: WorkflowIr, role: RoleIr | undefined): string {
  if (!role) return "the thread fails";
  if (hasStatusEdge(ir, role, "$FAILED")) return "the graph goes on by its edge $FAILED";
  return `turn.on_fail: ${role.turn.onFail}, ${describePolicy(role, role.turn.onFail, "$FAILED")}`;
}
