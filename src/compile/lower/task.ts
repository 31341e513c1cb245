/** Lowers the intermediate form to the task's config: the turns. */
import type { MachineConfigJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import type { RoleType } from "../../contract/language.ts";
import type { OutcomeStatus } from "../../contract/statuses.ts";
import type { NodeIr, RoleIr, WorkflowIr } from "../ir.ts";
import { lowerBroadcastStates } from "./broadcast-states.ts";
import { countUsage, lowerGrant } from "./budget.ts";
import { lowerAwaiting, lowerDeciding, lowerStillAwaiting } from "./edges.ts";
import { ignored, name } from "./names.ts";
import { isPool } from "./party.ts";
import { lowerRoleStates } from "./role-states.ts";

/** The version of the vocabulary that this compiler writes for. */
export const taskVersion = "task/1";

function lowerStart(ir: WorkflowIr, node: NodeIr): StateJson {
  const still = lowerStillAwaiting(node);
  const states: Record<string, StateJson> = { deciding: lowerDeciding(ir, node), ...lowerAwaiting(ir, node) };
  if (still.length === 0) return { initial: "deciding", states };
  return { initial: "beginning", states: { beginning: { always: [...still, { target: "deciding" }] }, ...states } };
}

/** How each type of role has its turns. */
const lowerTurns: Record<RoleType, (ir: WorkflowIr, node: NodeIr, role: RoleIr) => StateJson> = {
  named: lowerRoleStates,
  open: lowerRoleStates,
  broadcast: lowerBroadcastStates,
};

function lowerNode(ir: WorkflowIr, node: NodeIr): StateJson | undefined {
  if (node.name === "$START") return lowerStart(ir, node);
  const role = ir.roles.find((candidate) => candidate.name === node.name);
  if (!role) return undefined;
  return lowerTurns[role.type](ir, node, role);
}

/** Takes the turn back and says why: how an order ends or stops the thread. */
function lowerOrder(target: string, reason: string): { target: string; actions: ReturnType<typeof name>[] } {
  return { target, actions: [name("revoke", { reason }), name("because")] };
}

function lowerSuspended(ir: WorkflowIr): StateJson {
  const pools = ir.roles.filter(isPool).map((role) => role.name);
  return {
    description: "A person is waited for. An answer to the open turn still counts; it is decided on at resume.",
    tags: ["suspended", "waits-for-person"],
    entry: [name("clearSuspend"), name("tellSuspended")],
    on: {
      "thread.resume": { target: "active.$resume", actions: [name("noteResume"), ...lowerGrant(ir)] },
      "thread.suspend": ignored,
      "thread.cancel": lowerOrder("cancelled", "cancelled"),
      "thread.fail": lowerOrder("failed", "failed"),
      "turn.answered": [
        { guard: name("current"), actions: [name("append", { pools })] },
        { guard: name("audienceTurn"), actions: [name("countAnswer")] },
      ],
      "turn.progress": { guard: name("current"), actions: [name("noteProgress")] },
      "turn.invalid": [
        { guard: name("answersLeft", { max: 3 }), actions: [name("refuseOutput")] },
        { guard: name("current"), actions: [name("revoke", { reason: "invalid_output" })] },
      ],
      "turn.failed": [
        { guard: name("current"), actions: [name("revoke", { reason: "turn_failed" })] },
        { guard: name("audienceTurn"), actions: [name("countFailure")] },
      ],
      "delivery.refused": { guard: name("refusedTurn"), actions: [name("revoke", { reason: "undeliverable" })] },
      "audience.asked": [
        { guard: name("nobodyAsked"), actions: [name("ignore")] },
        { guard: name("asking"), actions: [name("noteAudience")] },
      ],
      "child.ended": [{ guard: name("childOfRound"), actions: [name("noteChild")] }, ignored],
    },
  };
}

function lowerEnd(status: OutcomeStatus): StateJson {
  return { type: "final", tags: [status], entry: [name("finish", { status })] };
}

/** A thread that is begun anew, or copied, goes on after one of its steps: what follows from that is decided anew. */
function lowerReentry(node: string): TransitionJson {
  return {
    guard: name("beginsAt", { node }),
    description: `goes on after ${node}`,
    target: `#task.active.${node}.deciding`,
    actions: [name("begin")],
  };
}

/** Lowers a checked workflow to the machine that owns its turns. Plain JSON; the same IR gives the same config. */
export function lowerTask(ir: WorkflowIr): MachineConfigJson {
  const nodes = ir.nodes.flatMap((node): [string, StateJson][] => {
    const state = lowerNode(ir, node);
    return state ? [[node.name, state]] : [];
  });
  // An edge may lead to a role that has no node: what follows there is an error of the thread, not of the machine.
  const dangling = ir.roles.filter((role) => !nodes.some(([node]) => node === role.name));
  for (const role of dangling) {
    const state = lowerNode({ ...ir, nodes: [] }, { name: role.name, edges: [] });
    if (state) nodes.push([role.name, state]);
  }
  return {
    id: "task",
    version: taskVersion,
    description: `${ir.name}: the turns`,
    options: { maxIterations: 100 },
    context: {
      start: "new",
      base: 0,
      round: 0,
      seats: {},
      unfilled: {},
      open: null,
      retries: 0,
      invalid: 0,
      audience: null,
      children: null,
      suspendAsked: false,
      resumed: null,
      reason: null,
      outcome: null,
    },
    initial: "created",
    // Assignments stay right in every state; what is not current any more changes nothing and is no mistake.
    on: {
      "role.bound": [{ guard: name("newSeat"), actions: [name("seat")] }, ignored],
      "role.lost": [{ guard: name("seatCurrent"), actions: [name("unseat")] }, ignored],
      "role.offline": [{ guard: name("seatCurrent"), actions: [name("setGone", { to: true })] }, ignored],
      "role.online": [{ guard: name("seatCurrent"), actions: [name("setGone", { to: false })] }, ignored],
      "role.unfilled": ignored,
      "audience.asked": ignored,
      "child.ended": ignored,
      "delivery.refused": ignored,
    },
    states: {
      created: {
        always: [
          ...nodes.filter(([node]) => node !== "$START").map(([node]) => lowerReentry(node)),
          { guard: name("hasInput"), target: "active", actions: [name("begin")] },
        ],
      },
      active: {
        initial: "$START",
        tags: ["running"],
        on: {
          "thread.suspend": { target: "suspended", actions: [name("because")] },
          "thread.resume": ignored,
          "thread.cancel": lowerOrder("cancelled", "cancelled"),
          "thread.fail": lowerOrder("failed", "failed"),
        },
        states: { ...Object.fromEntries(nodes.map(([node, state]) => [node, countUsage(ir, state)])), $resume: { type: "history" } },
      },
      suspended: countUsage(ir, lowerSuspended(ir)),
      ...({ completed: lowerEnd("completed"), failed: lowerEnd("failed"), cancelled: lowerEnd("cancelled") } satisfies Record<
        OutcomeStatus,
        StateJson
      >),
    },
  };
}
