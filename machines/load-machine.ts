/** Makes a runnable machine of a config that is plain JSON, or says why it cannot. */
import { type AnyActorLogic, type AnyStateMachine, setup } from "xstate";
import { checkConfig, type MachineFault } from "./check-config.ts";
import type { MachineConfigJson } from "./config.ts";
import { vocabularies } from "./vocabulary.ts";

/** Steps without an event before XState gives up: an `always` loop must not hang an object. */
const maxIterations = 100;

/**
 * Stands in for an actor that lives elsewhere: it holds nothing, so that the parent's snapshot keeps a reference only.
 * The pure functions never start it.
 */
const inert: AnyActorLogic = {
  config: undefined,
  getInitialSnapshot: () => ({ status: "active", output: undefined, error: undefined }),
  transition: (snapshot: unknown) => snapshot,
  getPersistedSnapshot: (snapshot: unknown) => snapshot,
  restoreSnapshot: (snapshot: unknown) => snapshot,
} as unknown as AnyActorLogic;

/** A machine, or what is wrong with its config. */
export type LoadResult = { ok: true; machine: AnyStateMachine } | { ok: false; faults: MachineFault[] };

/**
 * Loads a config: checks every name against its version's vocabulary, adds the one function that JSON cannot hold
 * (`output`), and bounds the loops. Never throws.
 */
export function loadMachine(config: MachineConfigJson): LoadResult {
  const vocabulary = Object.hasOwn(vocabularies, config?.version) ? vocabularies[config.version] : undefined;
  if (!vocabulary) {
    const message = `machines of version "${String(config?.version)}" cannot be run here; known are ${Object.keys(vocabularies).join(", ")}`;
    return { ok: false, faults: [{ code: "unknown_version", at: "machine.version", message }] };
  }
  const faults = checkConfig(config, vocabulary);
  if (faults.length > 0) return { ok: false, faults };
  try {
    const machine = setup({
      guards: vocabulary.guards as never,
      actions: vocabulary.actions as never,
      actors: Object.fromEntries(vocabulary.actors.map((name) => [name, inert])),
    }).createMachine({
      ...(structuredClone(config) as object),
      options: { maxIterations },
      output: ({ context }: { context: unknown }) => (context as { outcome?: unknown }).outcome,
    } as never) as unknown as AnyStateMachine;
    // An initial state that is missing is found only when it is asked for.
    for (const node of listStates(machine.root)) if (node.type === "compound") void node.initial;
    return { ok: true, machine };
  } catch (error) {
    return { ok: false, faults: [{ code: "malformed", at: "machine", message: error instanceof Error ? error.message : String(error) }] };
  }
}

type StateNode = AnyStateMachine["root"];

function listStates(node: StateNode): StateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => listStates(child as StateNode))];
}
