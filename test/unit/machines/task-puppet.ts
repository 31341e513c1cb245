/** Tasks that have begun, played by a puppet. */
import type { WorkflowIr } from "../../../src/compile/ir.ts";
import { lowerTask } from "../../../src/compile/lower/task.ts";
import { decide, type Puppet, restore, start } from "./puppet.ts";
import { codeReview, makeNode, makeRole, makeWorkflow, type RoleWish } from "./workflows.ts";

export const seats = { reviewer: { agent: "rita", generation: 1 }, author: { agent: "abe", generation: 1 } };

export function begin(input: object = {}): Puppet {
  const task = start(lowerTask(codeReview), { start: "new", seats, round: 0, unfilled: [], ...input });
  decide(task, "new");
  return task;
}

/** A workflow of one role, begun and with its turn given to ann. */
export function single(wish: Omit<RoleWish, "name">, edges: Record<string, string> = {}, more: Partial<WorkflowIr> = {}): Puppet {
  const ir = makeWorkflow({
    roles: [makeRole({ name: "worker", ...wish })],
    nodes: [makeNode("$START", { new: "worker" }), makeNode("worker", { again: "worker", done: "$END", ...edges })],
    ...more,
  });
  const task = start(lowerTask(ir), { start: "new", seats: { worker: { agent: "ann", generation: 1 } }, round: 0, unfilled: [] });
  decide(task, "new");
  return task;
}

export const fence = (turn: number, agent = "ann", generation = 1) => ({ turn, agent, generation });
export const where = (task: Puppet): unknown => restore(task).value;
export const listWrites = (task: Puppet) =>
  task.effects.flatMap((effect) => (effect.kind === "write" ? [[effect.type, effect.params]] : []));
