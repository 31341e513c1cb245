/** Who is to be there before a thread starts, and whom the rules of the roles set apart. */
import type { Start } from "../../../machines/messages.ts";
import { type BindMode, type PickMode, readWord, startKeys } from "../../contract/language.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { findNode, hasStatusEdge } from "./names.ts";

const perTurn: Record<BindMode, boolean> = { thread: false, turn: true };

/** A pool is claimed anew for each turn. */
export function isPool(role: RoleIr): boolean {
  return role.type === "open" && perTurn[role.bind];
}

const picks: Record<PickMode, { collects: boolean; prefersLast: boolean; scores: boolean }> = {
  first: { collects: false, prefersLast: false, scores: false },
  best: { collects: true, prefersLast: false, scores: true },
  sticky: { collects: true, prefersLast: true, scores: false },
  random: { collects: true, prefersLast: false, scores: false },
};

/** Whether a claim on the role is noted, and the best one awarded later. */
export function collectsClaims({ recruitment }: Pick<RoleIr, "recruitment">): boolean {
  return picks[recruitment.pick].collects;
}

/** Whether whoever held the role last goes first. */
export function prefersLastHolder({ recruitment }: Pick<RoleIr, "recruitment">): boolean {
  return picks[recruitment.pick].prefersLast;
}

/** Whether the mode ranks claims by the author's `score`. */
export function readsScore(pick: PickMode): boolean {
  return picks[pick].scores;
}

/** Roles that `$START` may lead to. */
function listStartTargets(ir: WorkflowIr, start: Start): RoleIr[] {
  const edges = (findNode(ir, "$START")?.edges ?? []).filter(
    ({ guard }) => guard.type !== "status" || (readWord(guard.status, startKeys) ?? start) === start,
  );
  return ir.roles.filter((role) => edges.some(({ target }) => target === role.name));
}

/** The open roles that are recruited as the thread starts: the groups of `$START`'s targets. */
export function listRecruitedAtStart(ir: WorkflowIr, start: Start): RoleIr[] {
  const groups = new Set(listStartTargets(ir, start).flatMap((role) => (role.type === "broadcast" ? [] : [role.recruitment.group])));
  return ir.roles.filter((role) => role.type === "open" && !isPool(role) && groups.has(role.recruitment.group));
}

/** The roles that must be filled before the thread runs. */
export function listParty(ir: WorkflowIr, start: Start): string[] {
  const recruited = listRecruitedAtStart(ir, start);
  return ir.roles.filter((role) => role.type === "named" || recruited.includes(role)).map((role) => role.name);
}

/** Roles that the thread may start without, for their node says what to do when nobody takes them. */
export function listWaived(ir: WorkflowIr): string[] {
  return ir.roles.filter((role) => role.type === "open" && hasStatusEdge(ir, role, "$UNFILLED")).map((role) => role.name);
}

/** The roles whose holder may not hold this one: the author's `not`, mutual within a group. A pool that names itself means its last holder. */
export function listSetApart(ir: WorkflowIr, role: RoleIr): string[] {
  const mutual = ir.roles.filter(
    (other) => other.recruitment.group === role.recruitment.group && other.eligibility.notRoles.includes(role.name),
  );
  return [...new Set([...role.eligibility.notRoles, ...mutual.map((other) => other.name)])].filter(
    (other) => other !== role.name || isPool(role),
  );
}

/** Roles that collect claims and that the holder of this one may not have: a claim that leads there falls when this is awarded. */
export function listBarred(ir: WorkflowIr, role: RoleIr): string[] {
  return ir.roles
    .filter((other) => other !== role && other.type === "open" && collectsClaims(other) && listSetApart(ir, other).includes(role.name))
    .map((other) => other.name);
}
