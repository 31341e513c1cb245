/** Builds the small pieces that both machines' configs are made of. */
import type { ConfigJson, NamedJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import type { EngineStatus } from "../../contract/language.ts";
import type { EdgeIr, NodeIr, RoleIr, WorkflowIr } from "../ir.ts";

/** A guard or an action with its params. */
export function name(type: string, params?: { [key: string]: ConfigJson }): NamedJson {
  return params ? { type, params } : { type };
}

/** Takes an event and does nothing: it came too late to matter, and is nobody's mistake. */
export const ignored: TransitionJson = { actions: [name("ignore")] };

/** The node of that name. */
export function findNode(ir: WorkflowIr, node: string): NodeIr | undefined {
  return ir.nodes.find((candidate) => candidate.name === node);
}

/** The node's edge for one of the engine's statuses. */
export function findStatusEdge(node: NodeIr | undefined, status: EngineStatus): EdgeIr | undefined {
  return node?.edges.find(({ guard }) => guard.type === "status" && guard.status === status);
}

/** Whether the role's node has an edge for one of the engine's statuses. */
export function hasStatusEdge(ir: WorkflowIr, role: RoleIr, status: EngineStatus): boolean {
  return findStatusEdge(findNode(ir, role.name), status) !== undefined;
}

/** A list where there are several, a single one where there is one: what pictures show best. */
export function collapse(transitions: TransitionJson[]): TransitionJson | TransitionJson[] {
  const [first, ...rest] = transitions;
  return first && rest.length === 0 ? first : transitions;
}

/** The states of a region, without those that this workflow needs not. */
export function listStates<State extends string>(states: Record<State, StateJson | undefined>): Record<string, StateJson> {
  return Object.fromEntries(
    Object.entries<StateJson | undefined>(states).flatMap(([state, lowered]): [string, StateJson][] => (lowered ? [[state, lowered]] : [])),
  );
}
