import { describe, expect, it } from "vitest";
import { lowerWorkflow } from "../../src/compile/compile-workflow.ts";
import type { WorkflowIr } from "../../src/compile/ir.ts";
import { explore, findStuck, tellWay, type Visit } from "./explore.ts";
import { findFaults } from "./invariants.ts";
import { variants } from "./variants.ts";
import { beginWorld, makeModel, type World } from "./world.ts";

function run(ir: WorkflowIr, budget: World["budget"], start?: "new" | "resume", agents?: string[]): Visit[] {
  const model = makeModel(lowerWorkflow(ir), agents);
  const visits = explore(model, beginWorld(model, budget, start), 30_000);
  const faults = visits.flatMap((visit, at) => findFaults(model, visit.world).map((fault) => `${fault}\n  ${tellWay(visits, at)}`));
  expect(faults.slice(0, 3)).toEqual([]);
  const stuck = findStuck(model, visits);
  expect(stuck.slice(0, 1).map((at) => `stuck:\n  ${tellWay(visits, at)}`)).toEqual([]);
  return visits;
}

describe("both machines with their channels and timers", () => {
  for (const [title, { ir, budget, start, agents }] of Object.entries(variants)) {
    it(`[MACH5] ${title} keeps every promise and never gets stuck`, () => {
      expect(run(ir, budget, start, agents).length).toBeGreaterThan(10);
    }, 120_000);
  }
});
