/** The ways that the engine goes by itself: what becomes of a role's turn when time is up, something fails, or nobody is there. */
import type { RoleIr, TurnPolicy, WorkflowIr } from "../ir.ts";
import { findNode, findStatusEdge } from "../lower/names.ts";
import { writeDuration } from "./write-duration.ts";

/** One such way. `self` stays with the role, `forfeit` goes to the graph as a step. */
export interface EnginePath {
  role: string;
  to: "self" | "forfeit" | "suspended" | "failed";
  text: string;
}

type Target = EnginePath["to"];

function readPolicy(role: RoleIr, policy: TurnPolicy): { to: Target; then: string } {
  if (policy === "retry") return { to: "self", then: ", again" };
  if (policy === "rerecruit" && role.type === "open") return { to: "self", then: ", another is recruited" };
  if (policy === "forfeit") return { to: "forfeit", then: "" };
  return policy === "end" ? { to: "failed", then: "" } : { to: "suspended", then: "" };
}

function times(count: number): string {
  return count === 1 ? "" : `, ${count} times`;
}

function listTurnPaths(role: RoleIr, routed: (status: string) => boolean): EnginePath[] {
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

function listAssignmentPaths(role: RoleIr, routed: (status: string) => boolean): EnginePath[] {
  const { offline, recruitment } = role;
  const paths: EnginePath[] = [];
  if (role.type === "open" && !routed("$UNFILLED")) {
    const nobody = `nobody takes it in ${writeDuration(recruitment.timeout)}${times(recruitment.retries + 1)}`;
    const to: Target = recruitment.onUnfilled === "end" ? "failed" : recruitment.onUnfilled === "retry" ? "self" : "suspended";
    paths.push({ role: role.name, to, text: to === "self" ? `${nobody}, offered again` : nobody });
  }
  if (!routed("$OFFLINE") && offline.then !== "wait") {
    const away = `away for ${writeDuration(role.heartbeat.every * role.heartbeat.miss + offline.grace)}`;
    const again = offline.then === "rerecruit" && role.type === "open";
    const to: Target = again ? "self" : offline.then === "end" ? "failed" : "suspended";
    paths.push({ role: role.name, to, text: again ? `${away}, another is recruited` : away });
  }
  return paths;
}

function listBroadcastPaths(role: RoleIr, routed: (status: string) => boolean): EnginePath[] {
  const paths: EnginePath[] = [];
  const timeout = writeDuration(role.broadcast?.timeout ?? 3_600_000);
  if (!routed("$PARTIAL"))
    paths.push({
      role: role.name,
      to: role.turn.onTimeout === "forfeit" ? "forfeit" : "suspended",
      text: `not enough answers in ${timeout}`,
    });
  if (!routed("$UNFILLED"))
    paths.push({ role: role.name, to: role.recruitment.onUnfilled === "end" ? "failed" : "suspended", text: "nobody is eligible" });
  return paths;
}

/** All such ways of a workflow, in the order of its roles; statuses that a node has an edge for are the author's own. */
export function listEnginePaths(ir: WorkflowIr): EnginePath[] {
  return ir.roles.flatMap((role) => {
    const node = findNode(ir, role.name);
    const routed = (status: string): boolean => findStatusEdge(node, status) !== undefined;
    if (role.type === "broadcast") return listBroadcastPaths(role, routed);
    return [...listTurnPaths(role, routed), ...listAssignmentPaths(role, routed)];
  });
}
