/** The two machines of a workflow, loaded so that they can be explored: counters whose values only repeat are made small. */

import type { MachineConfigJson, StateJson, TransitionJson } from "../../machines/config.ts";
import { loadMachine } from "../../machines/load-machine.ts";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { NodeIr, RoleIr, WorkflowIr } from "../compile/ir.ts";
import { isPool, prefersLastHolder } from "../compile/lower/party.ts";
import { shrinkAudiences } from "./audience-size.ts";
import type { AnyStateMachine } from "./step-actor.ts";

/** A workflow's machines, and the facts of it that the exploration looks up again and again. */
export interface Model {
  ir: WorkflowIr;
  recruitment: AnyStateMachine;
  task: AnyStateMachine;
  nodes: Map<string, NodeIr>;
  roles: Map<string, RoleIr>;
  /** Whether the last holder of a role affects who may hold one next. */
  keepsLast: boolean;
  /** Nodes that lie on a loop of the graph: only there can the rounds be used up. */
  looping: Set<string>;
}

/** Guards that count how often something was tried again, by the param that bounds them. */
const counting: Record<string, string> = { retriesLeft: "max", mayRetry: "max", currentAgain: "max", offersLeft: "retries" };

/** Repetitions that are explored: the first, and one more that shows the loop. */
export const repetitions = 2;

function clampTransitions(value: TransitionJson | TransitionJson[] | undefined): void {
  for (const { guard } of value === undefined ? [] : Array.isArray(value) ? value : [value]) {
    const param = guard && Object.hasOwn(counting, guard.type) ? counting[guard.type] : undefined;
    const bound = param === undefined ? undefined : guard?.params?.[param];
    if (guard?.params && param !== undefined && typeof bound === "number") guard.params[param] = Math.min(bound, repetitions);
  }
}

function clampState(state: StateJson): void {
  clampTransitions(state.always);
  for (const transitions of Object.values(state.on ?? {})) clampTransitions(transitions);
  for (const transitions of Object.values(state.after ?? {})) clampTransitions(transitions);
  for (const child of Object.values(state.states ?? {})) clampState(child);
}

function loadClamped(config: MachineConfigJson): { machine?: AnyStateMachine; fault: string } {
  const copy = structuredClone(config);
  clampState(copy);
  const loaded = loadMachine(copy);
  if (loaded.ok) return { machine: loaded.machine, fault: "" };
  return { fault: loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; ") };
}

function findLooping(ir: WorkflowIr): Set<string> {
  const next = new Map(ir.nodes.map((node) => [node.name, node.edges.map((edge) => edge.target)]));
  const reaches = (from: string): Set<string> => {
    const found = new Set<string>();
    const queue = [...(next.get(from) ?? [])];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      queue.push(...(next.get(at) ?? []));
    }
    return found;
  };
  return new Set(ir.nodes.map((node) => node.name).filter((node) => reaches(node).has(node)));
}

/** Loads both machines, or says why one cannot be. */
export function createModel({ ir, recruitment, task }: CompiledWorkflow): { ok: true; model: Model } | { ok: false; fault: string } {
  const who = loadClamped(recruitment);
  const turns = loadClamped(shrinkAudiences(task, ir));
  if (!who.machine || !turns.machine) return { ok: false, fault: [who.fault, turns.fault].filter(Boolean).join("; ") };
  return {
    ok: true,
    model: {
      ir,
      recruitment: who.machine,
      task: turns.machine,
      nodes: new Map(ir.nodes.map((node) => [node.name, node])),
      roles: new Map(ir.roles.map((role) => [role.name, role])),
      keepsLast: ir.roles.some((role) => prefersLastHolder(role) || isPool(role)),
      looping: findLooping(ir),
    },
  };
}
