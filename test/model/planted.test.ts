/** The exploration is worth what it finds: each bug planted here must be found by it. */
import { describe, expect, it } from "vitest";
import type { StateJson } from "../../machines/config.ts";
import { type CompiledWorkflow, lowerWorkflow } from "../../src/compile/compile-workflow.ts";
import { explore, findStuck } from "./explore.ts";
import { findFaults } from "./invariants.ts";
import { variants } from "./variants.ts";
import { beginWorld, makeModel } from "./world.ts";

/** Finds what exploration says of a workflow with the bug in it. */
function findBug(title: string, plant: (compiled: CompiledWorkflow) => void): string {
  const variant = variants[title];
  if (!variant) throw new Error(`no variant ${title}`);
  const compiled = structuredClone(lowerWorkflow(variant.ir));
  plant(compiled);
  const model = makeModel(compiled);
  try {
    const visits = explore(model, beginWorld(model, variant.budget, variant.start), 30_000);
    const fault = visits.flatMap(({ world }) => findFaults(model, world))[0];
    if (fault) return fault;
    return findStuck(model, visits).length > 0 ? "stuck" : "";
  } catch (error) {
    return String(error).split("\n")[0] ?? "";
  }
}

/** The state at a path of names. */
function at(root: StateJson | undefined, ...path: string[]): StateJson & { on: NonNullable<StateJson["on"]> } {
  let state = root;
  for (const name of path) state = state?.states?.[name];
  if (!state) throw new Error(`no state ${path.join(".")}`);
  state.on ??= {};
  return state as never;
}

const bugs: [bug: string, variant: string, plant: (compiled: CompiledWorkflow) => void][] = [
  [
    "recruitment never asks the task to resume",
    "code-review, with a person",
    ({ recruitment }) => {
      at(recruitment, "open", "$thread", "running", "paused").on["thread.resume"] = { target: "going" };
    },
  ],
  [
    "a paused role stays paused",
    "nobody takes it: end",
    ({ recruitment }) => {
      delete at(recruitment, "open", "worker", "paused").on["thread.resume"];
    },
  ],
  [
    "offers stay open while the thread is suspended",
    "nobody takes it: end",
    ({ recruitment }) => {
      delete at(recruitment, "open", "worker", "offering").on["thread.suspended"];
    },
  ],
  [
    "the task is not told of a loss",
    "a pool",
    ({ recruitment }) => {
      at(recruitment, "open", "worker", "held").on["role.release"] = {
        target: "#recruitment.open.worker.seeking",
        guard: { type: "holds", params: { role: "worker" } },
        actions: [{ type: "vacate", params: { role: "worker", tell: false, why: "released" } }],
      };
    },
  ],
  [
    "the task does not ask for a holder",
    "a pool",
    ({ task }) => {
      at(task, "active", "worker", "vacant").entry = [];
    },
  ],
  [
    "a vacant role ignores that nobody took it",
    "a role of another group",
    ({ task }) => {
      delete at(task, "active", "expert", "vacant").on["role.unfilled"];
    },
  ],
  [
    "a vacant role ignores its new holder",
    "a pool",
    ({ task }) => {
      at(task, "active", "worker", "vacant").on["role.bound"] = {
        guard: { type: "newSeat", params: { role: "worker" } },
        actions: [{ type: "seat" }],
      };
    },
  ],
  [
    "any binding counts",
    "lost: end",
    ({ task }) => {
      (task.on ?? {})["role.bound"] = { guard: { type: "isRole", params: { role: "nobody" } }, actions: [{ type: "seat" }] };
    },
  ],
  [
    "a suspended task takes no loss",
    "code-review, with agents that come and go",
    ({ task }) => {
      delete task.on?.["role.lost"];
    },
  ],
  [
    "a freed pool is sought again at once",
    "a pool",
    ({ recruitment }) => {
      delete at(recruitment, "open", "worker", "held").on["role.freed"];
    },
  ],
  [
    "the task's end is not heard",
    "nobody takes it: end",
    ({ recruitment }) => {
      const done = at(recruitment, "open", "$thread", "running").on["xstate.done.actor.task"];
      if (Array.isArray(done))
        done.splice(0, done.length, { guard: { type: "endedAs", params: { status: "completed" } }, target: "#recruitment.completed" });
    },
  ],
  [
    "the task suspends and does not say so",
    "nobody takes it: end",
    ({ task }) => {
      at(task, "suspended").entry = [{ type: "clearSuspend" }];
    },
  ],
  [
    "resuming goes by deep history, to a seat that was lost meanwhile",
    "lost: suspend",
    ({ task }) => {
      at(task, "active", "$resume").history = "deep";
    },
  ],
  [
    "whoever was waited for in vain is waited for again, unasked",
    "nobody takes it: end",
    ({ recruitment }) => {
      delete at(recruitment, "open", "worker", "unfilled").on["role.needed"];
      delete at(recruitment, "open", "worker", "unfilled").on["thread.resume"];
      at(recruitment, "open", "$thread", "assembling", "going").on["role.unfilled"] = [];
    },
  ],
  [
    "a timeout leads nowhere",
    "nobody takes it: end",
    ({ recruitment }) => {
      at(recruitment, "open", "worker", "offering").after = {};
      at(recruitment, "open", "worker", "offering").on["role.claim"] = [];
    },
  ],
];

describe("the exploration", () => {
  for (const [bug, variant, plant] of bugs)
    it(`finds that ${bug}`, () => {
      expect(findBug(variant, plant)).not.toBe("");
    }, 60_000);
});
