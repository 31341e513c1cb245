/** Lowers a node's edges to the state that decides: one guarded transition per edge, labelled as the author wrote it. */
import type { NamedJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import { isTarget, readWord, type Target } from "../../contract/language.ts";
import { type NodeState, nodeStates } from "../../contract/statuses.ts";
import type { EdgeIr, NodeIr, RoleIr, WorkflowIr } from "../ir.ts";
import { findStatusEdge, name } from "./names.ts";
import { isRouted, lowerEngineStep } from "./policies.ts";

/** Milliseconds that an edge's children are waited for; undefined where none is. */
export function readAwait(edge: EdgeIr): number | undefined {
  const awaits = edge.spawn.flatMap((spawn) => (spawn.await === undefined ? [] : [spawn.await]));
  return edge.target === "$SUSPEND" || awaits.length === 0 ? undefined : Math.max(...awaits);
}

/** The state in which the children of the node's nth edge are waited for. Edge ids may hold what state names may not. */
export function nameAwaiting(node: NodeIr, edge: EdgeIr): `awaiting${number}` {
  return `awaiting${node.edges.indexOf(edge)}`;
}

/**
 * What a state of a node is.
 * @returns undefined for none that this version knows; `edge` is the number of an awaiting one, else NaN
 */
export function readNodeState(name: string): { state: NodeState; edge: number } | undefined {
  const whole = readWord(name, nodeStates);
  if (whole) return { state: whole, edge: Number.NaN };
  const [, word, edge] = /^(.*?)(\d*)$/.exec(name) ?? [];
  const state = readWord(word, nodeStates);
  return state && { state, edge: edge ? Number(edge) : Number.NaN };
}

/** The state that stands for each target that is no role. */
const targetStates: Record<Target, string> = { $END: "#task.completed", $SUSPEND: "#task.suspended" };

function lowerTarget({ target }: EdgeIr): string {
  return isTarget(target) ? targetStates[target] : `#task.active.${target}`;
}

function lowerEdge(node: NodeIr, edge: EdgeIr): TransitionJson {
  const record = name("record", { node: node.name, to: edge.target });
  const publish = edge.emit.length + edge.spawn.length > 0 ? [name("publish", { node: node.name })] : [];
  const base = { guard: name("chose", { edge: edge.id }), description: edge.label };
  if (readAwait(edge) !== undefined)
    return { ...base, target: nameAwaiting(node, edge), actions: [record, ...publish, name("awaitChildren")] };
  if (!isTarget(edge.target))
    return { ...base, target: lowerTarget(edge), actions: [record, ...publish, name("nextTurn", { role: edge.target })] };
  const again = node.name === "$START" ? [] : [name("nextTurn", { role: node.name })];
  const more: Record<Target, NamedJson[]> = { $END: [], $SUSPEND: [name("becauseModerator"), ...again] };
  return { ...base, target: lowerTarget(edge), actions: [record, ...publish, ...more[edge.target]] };
}

const noteSuspend = { "thread.suspend": { actions: [name("noteSuspend")] } };
const broken: TransitionJson = { description: "the decision failed", target: "#task.failed", actions: [name("because")] };
const noEdge: TransitionJson = { description: "no edge", target: "#task.failed", actions: [name("because", { reason: "no_edge" })] };

/** Lowers the state that asks the moderator which way to go. */
export function lowerDeciding(ir: WorkflowIr, node: NodeIr): StateJson {
  const edges = node.edges.filter(({ guard }) => !(guard.type === "status" && guard.status === "$MAX_ROUNDS"));
  const suspends: TransitionJson = {
    guard: name("chose", { edge: "$SUSPEND" }),
    description: "$SUSPEND",
    target: "#task.suspended",
    actions: [name("record", { node: node.name, to: "$SUSPEND" }), name("becauseModerator"), name("nextTurn", { role: node.name })],
  };
  const role = node.name !== "$START";
  const out: TransitionJson = findStatusEdge(node, "$MAX_ROUNDS")
    ? { guard: name("outOfRounds", { max: ir.maxRounds }), description: "$MAX_ROUNDS", target: "exhausted" }
    : {
        guard: name("outOfRounds", { max: ir.maxRounds }),
        description: "$MAX_ROUNDS",
        target: "#task.failed",
        actions: [name("because", { reason: "max_rounds" })],
      };
  return {
    description: `Which way from ${node.name}?`,
    invoke: {
      id: "moderate",
      src: "moderate",
      input: { node: node.name },
      onDone: [
        ...edges.filter((edge) => edge.target === "$END").map((edge) => lowerEdge(node, edge)),
        ...(role ? [out] : []),
        ...(role && !edges.some((edge) => edge.id === "$SUSPEND") ? [suspends] : []),
        ...edges.filter((edge) => edge.target !== "$END").map((edge) => lowerEdge(node, edge)),
        noEdge,
      ],
      onError: broken,
    },
    on: noteSuspend,
  };
}

/** Lowers the state that takes the node's edge for a turn too many. */
export function lowerExhausted(node: NodeIr): StateJson | undefined {
  const edge = findStatusEdge(node, "$MAX_ROUNDS");
  if (!edge) return undefined;
  const input = { node: node.name, status: "$MAX_ROUNDS" };
  const onDone = [{ ...lowerEdge(node, { ...edge, target: "$END", spawn: edge.spawn.map(({ await: _, ...spawn }) => spawn) }) }, noEdge];
  return {
    description: "One turn too many.",
    invoke: { id: "moderate", src: "moderate", input, onDone, onError: broken },
    on: noteSuspend,
  };
}

function lowerChildrenFailed(ir: WorkflowIr, node: NodeIr, role: RoleIr | undefined): TransitionJson {
  if (!role) return { description: "$FAILED", target: "#task.failed", actions: [name("because", { reason: "child_failed" })] };
  const fail = name("failChildren", { role: role.name });
  const because = name("because", { reason: "child_failed" });
  const policy = isRouted(ir, role, "$FAILED") ? "forfeit" : role.turn.onFail;
  const seating = `#task.active.${node.name}.seating`;
  const suspend: TransitionJson = { description: "a child failed: suspend", target: "#task.suspended", actions: [fail, because] };
  switch (policy) {
    case "retry":
      return { description: "a child failed: retry", target: seating, actions: [fail] };
    case "rerecruit":
      if (role.type !== "open") return suspend;
      return {
        description: "a child failed: rerecruit",
        target: seating,
        actions: [fail, name("unseat", { role: role.name, why: "child_failed" })],
      };
    case "suspend":
      return suspend;
    case "forfeit":
      return { description: "$FAILED", target: `#task.active.${node.name}.deciding`, actions: [fail, lowerEngineStep(role, "$FAILED")] };
    case "end":
      return { description: "a child failed: end", target: "#task.failed", actions: [fail, because] };
    default:
      return policy satisfies never;
  }
}

/** Lowers the states in which the next turn waits for the children that an edge spawned. */
export function lowerAwaiting(ir: WorkflowIr, node: NodeIr, role?: RoleIr): Record<string, StateJson> {
  const failed = lowerChildrenFailed(ir, node, role);
  return Object.fromEntries(
    node.edges.flatMap((edge): [string, StateJson][] => {
      const timeout = readAwait(edge);
      if (timeout === undefined) return [];
      const next = edge.target === "$END" ? [] : [name("nextTurn", { role: edge.target })];
      const state: StateJson = {
        description: `The children of "${edge.label}" are waited for.`,
        tags: ["waits-for-children"],
        always: [
          { guard: name("childrenFailed"), ...failed },
          { guard: name("childrenDone"), target: lowerTarget(edge), actions: [name("joinChildren"), ...next] },
        ],
        after: { [timeout]: { ...failed, description: `late: ${failed.description}` } },
        on: { "child.ended": { guard: name("childOfRound"), actions: [name("noteChild")] } },
      };
      return [[nameAwaiting(node, edge), state]];
    }),
  );
}

/** Back into the waiting for children, after a suspension. */
export function lowerStillAwaiting(node: NodeIr): TransitionJson[] {
  return node.edges
    .filter((edge) => readAwait(edge) !== undefined)
    .map((edge) => ({ guard: name("awaits", { edge: edge.id }), target: nameAwaiting(node, edge) }));
}
