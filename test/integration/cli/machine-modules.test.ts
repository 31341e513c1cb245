import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { createMachine } from "xstate";
import type { MachineConfigJson } from "../../../machines/config.ts";
import { loadMachine } from "../../../machines/load-machine.ts";
import { runCli } from "../../../src/cli/main.ts";
import { listWorkflows } from "../../unit/compile/list-workflows.ts";

const root = join(import.meta.dirname, "../../..");
/** Inside the repository, so that `xstate` is found from there. */
const cache = join(root, "node_modules/.cache");
let folder: string;

/** Every state with its transitions, as XState itself resolved them; timers are functions in there, and transitions all the same. */
function listGraph(node: AnyStateNode): unknown[] {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []);
  return [
    {
      id: node.id,
      type: node.type,
      description: node.description,
      initial: node.type === "compound" ? node.initial.target.map(({ id }) => id) : undefined,
      entry: node.entry,
      exit: node.exit,
      invoke: node.invoke.map(({ id, src, input }) => ({ id, src, input })),
      transitions: transitions.map(({ eventType, guard, target, actions, description, reenter }) => ({
        eventType,
        guard,
        target: target?.map(({ id }) => id),
        actions,
        description,
        reenter,
      })),
    },
    ...Object.values(node.states).flatMap(listGraph),
  ];
}

function toPlain(machine: AnyStateMachine): unknown {
  return JSON.parse(JSON.stringify(listGraph(machine.root)));
}

/** One output folder a workflow file: names repeat in the corpus. */
const outputs = listWorkflows().map((file, index) => ({ file, out: `${index}-${basename(file, ".yaml").replaceAll(".", "-")}` }));

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "machines-"));
  for (const { file, out } of outputs) {
    const silent = { write: () => true };
    expect(await runCli(["compile", file, "--out", join(folder, out)], { stdout: silent, stderr: silent, env: {} }), file).toBe(0);
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The four files of one workflow. */
async function readOutput(out: string): Promise<{ config: MachineConfigJson; machine: AnyStateMachine; text: string }[]> {
  return Promise.all(
    globSync(join(folder, out, "*.json")).map(async (path) => {
      const module = path.replace(/\.json$/, ".machine.ts");
      const { machine } = (await import(/* @vite-ignore */ pathToFileURL(module).href)) as { machine: AnyStateMachine };
      return { config: JSON.parse(readFileSync(path, "utf8")) as MachineConfigJson, machine, text: readFileSync(module, "utf8") };
    }),
  );
}

describe("the files that `compile` writes", () => {
  test("[LOWER6] there are workflows to try", () => expect(outputs.length).toBeGreaterThanOrEqual(2));

  test.each(outputs)("[LOWER6] $out: two configs that load, and two modules that evaluate to the same graph", async ({ out }) => {
    const machines = await readOutput(out);
    expect(machines.map(({ config }) => config.id).sort()).toEqual(["recruitment", "task"]);
    for (const { config, machine } of machines) {
      expect(loadMachine(config)).toMatchObject({ ok: true });
      expect(toPlain(machine)).toEqual(toPlain(createMachine(config as never)));
    }
  });

  test("[LOWER7] a module is one createMachine call on a literal: no function, no reference", async () => {
    for (const { text } of await readOutput(outputs.find(({ out }) => out.endsWith("code-review"))?.out ?? "")) {
      expect(text.match(/createMachine\(/g)).toHaveLength(1);
      const literal = text.slice(text.indexOf("createMachine(") + "createMachine(".length, text.lastIndexOf(");"));
      const bare = literal.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
      expect(bare).not.toMatch(/=>|function|\(|`|\.\.\./);
    }
  });

  test("[LOWER7] every module type-checks against XState, strictly", () => {
    const compilerOptions = { strict: true, noEmit: true, target: "es2024", module: "esnext", moduleResolution: "bundler", types: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
    const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  }, 240_000);
});
