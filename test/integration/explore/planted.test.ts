/** Faults planted in compiled machines: each must be found, by its name, with a story of how to get there. */
import { describe, expect, test } from "vitest";
import type { MachineConfigJson, StateJson, TransitionJson } from "../../../machines/config.ts";
import type { CompiledWorkflow } from "../../../src/compile/index.ts";
import { type ProofName, proveWorkflow } from "../../../src/explore/index.ts";
import { compileExample, compileText, fleet, writePair } from "../../unit/explore/compile-text.ts";

type Reachable = StateJson & { on: NonNullable<StateJson["on"]>; after: NonNullable<StateJson["after"]> };

function at(machine: MachineConfigJson, ...path: string[]): Reachable {
  let state: StateJson = machine;
  for (const name of path) {
    const next = state.states?.[name];
    if (!next) throw new Error(`there is no ${path.join(".")}`);
    state = next;
  }
  return state as Reachable;
}

function list(transitions: TransitionJson | TransitionJson[] | undefined): TransitionJson[] {
  return transitions === undefined ? [] : Array.isArray(transitions) ? transitions : [transitions];
}

function decisions(machine: MachineConfigJson, node: string): TransitionJson[] {
  return list(at(machine, "active", node, "deciding").invoke?.onDone);
}

const review = (): CompiledWorkflow => compileExample("code-review");
const pair = (): CompiledWorkflow => compileText(writePair("turn: { on_fail: rerecruit }"));

/** What is broken, in which workflow, how, and what the proof says. */
const planted: [string, () => CompiledWorkflow, (compiled: CompiledWorkflow) => void, ProofName][] = [
  [
    "a turn's timeout is dropped",
    review,
    ({ task }) => delete at(task, "active", "author", "waiting").after["86400000"],
    "proof-endless-wait",
  ],
  [
    "an offer's timeout is dropped",
    review,
    ({ recruitment }) => delete at(recruitment, "open", "reviewer", "offering").after["600000"],
    "proof-endless-wait",
  ],
  [
    "the pause before a new offer has no end",
    review,
    ({ recruitment }) => delete at(recruitment, "open", "reviewer", "backoff").after["300000"],
    "proof-endless-wait",
  ],
  [
    "a broadcast that counts for ever",
    () => compileText(fleet),
    ({ task }) => delete at(task, "active", "fleet", "collecting").after["3600000"],
    "proof-endless-wait",
  ],
  [
    "claims are not taken",
    review,
    ({ recruitment }) => delete at(recruitment, "open", "reviewer", "offering").on["role.claim"],
    "proof-role-never-played",
  ],
  [
    "the transition of an edge is missing",
    review,
    ({ task }) => {
      const edges = decisions(task, "reviewer");
      edges.splice(
        edges.findIndex(({ description }) => description === "changes_requested"),
        1,
      );
    },
    "proof-no-edge",
  ],
  [
    "the guards of two edges are swapped",
    review,
    ({ task }) => {
      const [withdrawn, updated] = ["withdrawn", "updated"].map((label) =>
        decisions(task, "author").find((edge) => edge.description === label),
      );
      if (!withdrawn?.guard || !updated?.guard) throw new Error("no such edges");
      [withdrawn.guard, updated.guard] = [updated.guard, withdrawn.guard];
    },
    "proof-wrong-way",
  ],
  [
    "an edge to $END leads back",
    review,
    ({ task }) => {
      for (const node of ["reviewer", "author"])
        for (const edge of decisions(task, node)) if (edge.target === "#task.completed") edge.target = "#task.active.reviewer";
    },
    "proof-no-exit",
  ],
  ["a binding is not heard", review, ({ task }) => delete (task.on as Reachable["on"])["role.bound"], "proof-lost-message"],
  ["a loss is not heard while suspended", review, ({ task }) => delete (task.on as Reachable["on"])["role.lost"], "proof-lost-message"],
  [
    "answers of anybody count",
    review,
    ({ task }) => delete list(at(task, "active", "reviewer", "waiting").on["turn.answered"])[0]?.guard,
    "proof-stale-counts",
  ],
  [
    "a suspension is not told",
    review,
    ({ task }) => {
      at(task, "suspended").entry = [{ type: "clearSuspend" }];
    },
    "proof-disagreement",
  ],
  [
    "a lost seat is not told",
    review,
    ({ recruitment }) => {
      for (const { actions } of list(at(recruitment, "open", "reviewer", "held").on["agent.deleted"]))
        for (const { type, params } of actions ?? []) if (type === "vacate" && params) params["tell"] = false;
    },
    "proof-disagreement",
  ],
  [
    "what the task asks for is not heard",
    pair,
    ({ recruitment }) => delete at(recruitment, "open", "worker", "held").on["role.needed"],
    "proof-disagreement",
  ],
  [
    "the task's end is not heard",
    review,
    ({ recruitment }) => delete at(recruitment, "open", "$thread", "running").on["xstate.done.actor.task"],
    "proof-deadlock",
  ],
  [
    "nobody can resume a suspended task",
    review,
    ({ task }) => {
      at(task, "suspended").on["thread.resume"] = { actions: [{ type: "ignore" }] };
    },
    "proof-deadlock",
  ],
  [
    "an unfilled role stays so when people resume",
    review,
    ({ recruitment }) => {
      delete at(recruitment, "open", "reviewer", "unfilled").on["thread.resume"];
      delete at(recruitment, "open", "reviewer", "paused").on["thread.resume"];
    },
    "proof-deadlock",
  ],
  [
    "steps without end",
    review,
    ({ task }) => {
      at(task, "active", "author", "seating").always = [{ target: "vacant" }];
      at(task, "active", "author", "vacant").always = [{ target: "seating" }];
    },
    "proof-step-fails",
  ],
  [
    "a guard that nobody knows",
    review,
    ({ task }) => {
      for (const transition of list(at(task, "active", "author", "waiting").on["turn.answered"])) transition.guard = { type: "toString" };
    },
    "proof-step-fails",
  ],
];

describe("a proof finds", () => {
  test.each(planted)("[PROVE4] %s", async (_bug, make, plant, name) => {
    const compiled = make();
    expect((await proveWorkflow(compiled)).diagnostics).toEqual([]);
    plant(compiled);
    const { diagnostics } = await proveWorkflow(compiled);
    const found = diagnostics.find((diagnostic) => diagnostic.name === name);
    expect(diagnostics.map((diagnostic) => diagnostic.name)).toContain(name);
    expect(found?.story[0]).toBe("1. an event arrives");
    expect(found?.story.length).toBeGreaterThan(1);
  });
});
