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
  const model = makeModel(compiled, variant.agents);
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

/** Calls back for every action of a config. */
function forEachAction(config: unknown, change: (action: { type: string; params?: unknown }) => void): void {
  if (Array.isArray(config)) for (const each of config) forEachAction(each, change);
  else if (typeof config === "object" && config !== null)
    for (const [key, value] of Object.entries(config)) {
      if (key === "actions" || key === "entry" || key === "exit") for (const action of value as { type: string }[]) change(action);
      else forEachAction(value, change);
    }
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
    "who leads for two roles that exclude each other gets both",
    "three agents, two roles: best",
    ({ recruitment }) => {
      // The award of one no longer drops the claim that leads in the other.
      forEachAction(recruitment as unknown as StateJson, (action) => delete (action.params as { bars?: unknown } | undefined)?.bars);
    },
  ],
  [
    "a group starts before it is complete",
    "three agents, two roles: first",
    ({ recruitment }) => {
      at(recruitment, "open", "$thread", "assembling", "going").always = {
        guard: { type: "filled", params: { roles: ["for"], waived: [] } },
        target: "#recruitment.open.$thread.running",
      };
    },
  ],
  [
    "a taken role is given to whoever claims it late",
    "three agents, two roles: first",
    ({ recruitment }) => {
      at(recruitment, "open", "for", "held").on["role.claim"] = {
        guard: { type: "isRole", params: { role: "for" } },
        actions: [{ type: "award", params: { role: "for" } }],
      };
    },
  ],
  [
    "whoever loses a role is not told",
    "a pool",
    ({ recruitment }) => {
      forEachAction(recruitment as unknown as StateJson, (action) => {
        if (action.type === "vacate") action.type = "ignore";
      });
    },
  ],
  [
    "an answer is taken and not stored",
    "three agents, two pools",
    ({ task }) => {
      const answered = at(task, "active", "for", "waiting").on["turn.answered"] as { actions: unknown[] };
      answered.actions = [];
    },
  ],
  [
    "an offer never expires",
    "three agents, two roles: first",
    ({ recruitment }) => {
      for (const role of ["for", "against"]) at(recruitment, "open", role, "offering").after = {};
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
    it(`[MACH6] finds that ${bug}`, () => {
      expect(findBug(variant, plant)).not.toBe("");
    }, 60_000);
});
