/** Whether a thread that runs could go on with another revision from where it stands. Threads keep their revision; a fork takes another. Pure. */
import type { WorkflowIr } from "../ir.ts";
import type { RolePairs } from "./compare-roles.ts";
import { pairRoles } from "./compare-roles.ts";

/** `safe`: a fork goes on. `mapping`: it goes on once somebody says who has a role. `blocked`: it can't go on at this step. */
export type ThreadVerdict = "safe" | "mapping" | "blocked";

/** Where a thread stands. */
export interface Standing {
  /** Its last step that counts; absent: none yet. */
  last?: { round: number; role: string; status: string | undefined };
  /** Roles that somebody holds. */
  held: { [role: string]: string };
  /** Steps that count. */
  steps: number;
}

export interface Judgement {
  verdict: ThreadVerdict;
  /** The step where the revisions part; 0: at the start. */
  at: number;
  /** In words; empty: nothing is in the way. */
  why: string;
  /** What to do. */
  hint?: string;
}

/** Judges where one thread stands. */
export function judgeThread(before: WorkflowIr, after: WorkflowIr, { last, held, steps }: Standing): Judgement {
  const pairs = pairRoles(before, after);
  const at = last?.round ?? 0;
  if (before.form !== after.form && last)
    return { verdict: "blocked", at, why: "its graph decides in another way", hint: "let it end with its own revision, or restart it" };
  const node = last && after.nodes.find(({ name }) => name === last.role);
  if (last && !node) {
    const now = nameNow(pairs, last.role);
    return {
      verdict: "blocked",
      at,
      why: `step ${at} is of \`${last.role}\`, which ${now === undefined ? "is gone" : `is called \`${now}\` now`}`,
      hint: "fork it at an earlier step, whose role is there, or let it end with its own revision",
    };
  }
  const { status } = last ?? {};
  const picks = after.form === "status" && status !== undefined && status !== "$SUSPEND";
  if (node && picks && !node.edges.some(({ guard }) => guard.type === "status" && (guard.status === status || guard.status === "_")))
    return {
      verdict: "blocked",
      at,
      why: `step ${at} said \`${status}\`, for which \`${node.name}\` has no edge`,
      hint: "fork it at an earlier step, or let it end with its own revision",
    };
  if (steps >= after.maxRounds)
    return {
      verdict: "blocked",
      at,
      why: `it has had ${steps} turns, and \`max_rounds\` is ${after.maxRounds}`,
      hint: "let it end with its own revision",
    };
  const lost = Object.entries(held).flatMap(([role, agent]) => {
    const now = after.roles.find(({ name }) => name === role);
    const old = before.roles.find(({ name }) => name === role);
    return now && (!old || (now.type === old.type && now.bind === old.bind))
      ? []
      : [{ role, agent, now: now ? role : nameNow(pairs, role) }];
  });
  const [first] = lost;
  if (!first) return { verdict: "safe", at, why: "" };
  return {
    verdict: "mapping",
    at,
    why: `${lost.map(({ role, agent }) => `\`${role}\` (${agent})`).join(", ")} ${lost.length === 1 ? "is" : "are"} renamed, gone or held otherwise`,
    hint: `fork it with ${lost.map(({ now, agent }) => `--role ${now ?? "ROLE"}=${agent}`).join(" ")}, or let the roles be offered anew`,
  };
}

function nameNow({ renamed }: RolePairs, role: string): string | undefined {
  return renamed.find(({ before }) => before.name === role)?.after.name;
}

const order: readonly ThreadVerdict[] = ["safe", "mapping", "blocked"];

/** The worst of several. */
export function findWorst(verdicts: readonly ThreadVerdict[]): ThreadVerdict {
  return order[Math.max(0, ...verdicts.map((verdict) => order.indexOf(verdict)))] ?? "safe";
}
