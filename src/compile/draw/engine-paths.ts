/** The ways that the engine goes by itself: what becomes of a role's turn when time is up, something fails, or nobody is there. */
import type { EngineStatus, LossPolicy, RoleType, TurnPolicy, UnfilledPolicy } from "../../contract/language.ts";
import { writeNumber } from "../../contract/usage.ts";
import type { BudgetIr, RoleIr, WorkflowIr } from "../ir.ts";
import { findNode, findStatusEdge } from "../lower/names.ts";
import { isPartialRouted, unfilledEnds } from "../lower/policies.ts";
import { writeDuration } from "./write-duration.ts";

/** One such way. `self` stays with the role, `forfeit` goes to the graph as a step. */
export interface EnginePath {
  role: string;
  to: "self" | "forfeit" | "suspended" | "failed";
  text: string;
}

type Target = EnginePath["to"];

/** Whether the role's node has an edge for a status of the engine. */
type Routed = (status: EngineStatus) => boolean;

function readPolicy(role: RoleIr, policy: TurnPolicy): { to: Target; then: string } {
  const suspended = { to: "suspended", then: "" } as const;
  const ways: Record<TurnPolicy, { to: Target; then: string }> = {
    retry: { to: "self", then: ", again" },
    rerecruit: role.type === "open" ? { to: "self", then: ", another is recruited" } : suspended,
    suspend: suspended,
    forfeit: { to: "forfeit", then: "" },
    end: { to: "failed", then: "" },
  };
  return ways[policy];
}

const unfilledTargets: Record<UnfilledPolicy, Target> = { suspend: "suspended", end: "failed", retry: "self" };

/** Where the loss of the holder leads; `wait` leads nowhere. */
function readLoss({ type }: RoleIr): Record<LossPolicy, Target | undefined> {
  return { wait: undefined, rerecruit: type === "open" ? "self" : "suspended", suspend: "suspended", end: "failed" };
}

function times(count: number): string {
  return count === 1 ? "" : `, ${count} times`;
}

function listTurnPaths(role: RoleIr, routed: Routed): EnginePath[] {
  const { timeout, retries, onTimeout, onFail } = role.turn;
  const paths: EnginePath[] = [];
  const add = (what: string, policy: TurnPolicy): void => {
    const { to, then } = readPolicy(role, policy);
    paths.push({ role: role.name, to, text: `${what}${then}` });
  };
  if (!routed("$TIMEOUT")) add(`no answer in ${writeDuration(timeout)}${times(retries + 1)}`, onTimeout);
  if (!routed("$FAILED")) add("the turn failed", onFail);
  return paths;
}

function listAssignmentPaths(role: RoleIr, routed: Routed): EnginePath[] {
  const { offline, recruitment } = role;
  const paths: EnginePath[] = [];
  if (role.type === "open" && !routed("$UNFILLED")) {
    const nobody = `nobody takes it in ${writeDuration(recruitment.timeout)}${times(recruitment.retries + 1)}`;
    const to = unfilledTargets[recruitment.onUnfilled];
    paths.push({ role: role.name, to, text: to === "self" ? `${nobody}, offered again` : nobody });
  }
  const lost = routed("$OFFLINE") ? undefined : readLoss(role)[offline.then];
  if (lost) {
    const away = `away for ${writeDuration(role.heartbeat.every * role.heartbeat.miss + offline.grace)}`;
    paths.push({ role: role.name, to: lost, text: lost === "self" ? `${away}, another is recruited` : away });
  }
  return paths;
}

function listBroadcastPaths(ir: WorkflowIr, role: RoleIr, routed: Routed): EnginePath[] {
  const paths: EnginePath[] = [];
  const timeout = writeDuration(role.broadcast?.timeout ?? 3_600_000);
  if (!routed("$PARTIAL"))
    paths.push({ role: role.name, to: isPartialRouted(ir, role) ? "forfeit" : "suspended", text: `not enough answers in ${timeout}` });
  if (!routed("$UNFILLED")) paths.push({ role: role.name, to: unfilledEnds[role.recruitment.onUnfilled], text: "nobody is eligible" });
  return paths;
}

/** Held back by what was spent: its own turns, or all. */
function listBudgetPaths(ir: WorkflowIr, role: RoleIr): EnginePath[] {
  const write = (budget: BudgetIr | undefined, whose: string): string[] => {
    if (!budget) return [];
    const { tokens, cost } = budget;
    const most = [
      ...(tokens === undefined ? [] : [`${writeNumber(tokens)} tokens`]),
      ...(cost === undefined ? [] : [`a cost of ${writeNumber(cost)}`]),
    ];
    return [`${most.join(" or ")} ${whose} spent`];
  };
  const texts = [...write(role.budget, "of its turns are"), ...write(ir.budget, "of all turns are")];
  return texts.map((text) => ({ role: role.name, to: "suspended", text }));
}

/** All such ways of a workflow, in the order of its roles; statuses that a node has an edge for are the author's own. */
export function listEnginePaths(ir: WorkflowIr): EnginePath[] {
  return ir.roles.flatMap((role) => {
    const node = findNode(ir, role.name);
    const routed: Routed = (status) => findStatusEdge(node, status) !== undefined;
    const listHeld = (): EnginePath[] => [...listTurnPaths(role, routed), ...listAssignmentPaths(role, routed)];
    const list: Record<RoleType, () => EnginePath[]> = {
      named: listHeld,
      open: listHeld,
      broadcast: () => listBroadcastPaths(ir, role, routed),
    };
    return [...list[role.type](), ...listBudgetPaths(ir, role)];
  });
}
