/** Machines as code for Stately's editor, with where a thread stands in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type AnyMachineSnapshot, type AnyStateMachine, createMachine } from "xstate";
import type { ConfigJson, MachineConfigJson, StateJson } from "../../../machines/config.ts";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import { hereTag, renderMachineModule } from "../../../src/compile/stately/render-machine-module.ts";

const at = "2026-11-26T12:00:00.000Z";

function compile(name: string) {
  const { compiled } = compileWorkflow(readFileSync(join(import.meta.dirname, `../../../workflows/${name}.yaml`), "utf8"));
  if (!compiled) throw new Error(`${name} does not compile`);
  return compiled;
}

/** Runs the code as whoever pastes it does. */
function load(code: string): { machine: AnyStateMachine; here?: AnyMachineSnapshot } {
  const body = code.replace(/^import .*$/m, "").replaceAll(/^export /gm, "");
  const run = new Function("createMachine", `${body}; return { machine, ...(typeof here === "undefined" ? {} : { here }) };`);
  return run(createMachine) as { machine: AnyStateMachine; here?: AnyMachineSnapshot };
}

/** Every value that a state can have, one leaf in each; of parallel ones the first of each region. */
function listValues({ type, states = {} }: StateJson): (ConfigJson | undefined)[] {
  if (Object.keys(states).length === 0) return [undefined];
  const real = Object.entries(states).filter(([, state]) => state.type !== "history");
  const inner = real.map(([name, state]) => [name, listValues(state)] as const);
  if (type === "parallel") return [Object.fromEntries(inner.map(([name, [first]]) => [name, first ?? {}]))];
  return inner.flatMap(([name, values]) => values.map((value) => (value === undefined ? name : { [name]: value })));
}

function listTagged(state: StateJson, path = ""): string[] {
  return Object.entries(state.states ?? {}).flatMap(([name, each]) => [
    ...(each.tags?.includes(hereTag) ? [`${path}${name}`] : []),
    ...listTagged(each, `${path}${name}.`),
  ]);
}

function listNames(value: ConfigJson, path = ""): string[] {
  if (typeof value === "string") return [`${path}${value}`];
  return Object.entries(value as object).flatMap(([name, inner]) => [
    `${path}${name}`,
    ...listNames(inner as ConfigJson, `${path}${name}.`),
  ]);
}

describe("a thread's machine as code", () => {
  test.each(["code-review", "debate", "release-approval"])(
    "[STATELY2] of %s is a machine of XState's, and each state that is noted is there and has the tag",
    (name) => {
      const { ir, task, recruitment } = compile(name);
      for (const config of [task, recruitment]) {
        const values = listValues(config).filter((value) => value !== undefined);
        expect(values.length).toBeGreaterThan(2);
        for (const value of values) {
          const { machine, here } = load(renderMachineModule(ir.name, config, { thread: "t1", at, value }));
          expect(here?.value).toEqual(value);
          expect(here?.hasTag(hereTag)).toBe(true);
          expect(listTagged(machine.config as StateJson).toSorted()).toEqual(listNames(value).toSorted());
        }
      }
    },
  );

  test("[STATELY2] without a state that the machine has is the machine as it is, and nothing that is noted ends the comment", () => {
    const { ir, task } = compile("code-review");
    const plain = load(renderMachineModule(ir.name, task));
    expect(plain.machine.config).toEqual(task);
    for (const value of ["no-such", { active: "no-such" }, { active: { toString: "x" } }, null, 3, ["completed"]] as ConfigJson[])
      expect(load(renderMachineModule(ir.name, task, { thread: "t1", at, value }))).not.toHaveProperty("here");
    const hostile = '\u2028throw new Error("run");\n*/ throw 1;//';
    const config: MachineConfigJson = { ...task, states: { ...task.states, [hostile]: {} } };
    const { here } = load(renderMachineModule(hostile, config, { thread: hostile, at, value: hostile }));
    expect(here?.value).toBe(hostile);
  });
});
