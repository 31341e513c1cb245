/** The actors that this object has in memory: read from their rows when first asked for, replaced by each commit. */

import type { Json } from "../../contract/event.ts";
import type { ActorDocs, ActorRow } from "./actor-docs.ts";
import { toPlainError } from "./error-data.ts";
import type { Definitions } from "./host-types.ts";
import { hostLimits } from "./limits.ts";
import type { Logics, MachineLogic } from "./logic.ts";
import { isNewer, NewerVersionError } from "./newer-version.ts";
import type { AnyMachineSnapshot, AnyStateMachine } from "./step.ts";
import { restoreSnapshot } from "./step.ts";

export interface LiveActor {
  row: ActorRow;
  logic: MachineLogic;
  machine: AnyStateMachine;
  definition: unknown;
  snapshot: AnyMachineSnapshot;
}

/** What an actor runs, before it has a state. */
export type Loaded = Pick<LiveActor, "logic" | "machine" | "definition">;

export interface LiveActors {
  /** @throws when its version, its definition or its logic is not to be had */
  load(actor: string): Promise<LiveActor | undefined>;
  /** @throws as {@link LiveActors.load} */
  loadLogic(name: string, definition: string | null): Promise<Loaded>;
  hold(actor: LiveActor): void;
  release(actor: string): void;
}

/** A definition could not be asked for: what needed it is tried again later. */
export class DefinitionUnavailableError extends Error {
  override name = "DefinitionUnavailableError";
}

export function createLiveActors(docs: ActorDocs, logics: Logics, definitions: Definitions | undefined): LiveActors {
  const live = new Map<string, LiveActor>();

  async function loadDefinition(hash: string): Promise<unknown> {
    let definition: unknown;
    try {
      definition = await definitions?.(hash);
    } catch (error) {
      throw new DefinitionUnavailableError(`the definition ${hash} could not be read: ${toPlainError(error).message}`);
    }
    if (definition === undefined) throw new Error(`the definition ${hash} is not to be found`);
    return definition;
  }

  function loadMachine(name: string, hash: string | null, definition: unknown): Loaded {
    const logic = logics.get(name);
    if (logic?.type !== "machine") throw new Error(`no machine is registered as ${name}`);
    return { logic, machine: findMachine(logic, hash, definition), definition };
  }

  function revive(row: ActorRow, loaded: Loaded): LiveActor {
    const { logic, machine } = loaded;
    const text = row.version === logic.version ? row.snapshot : upgrade(row, logic);
    const stored = text === undefined ? undefined : (JSON.parse(text) as Json);
    if (stored === undefined && isNewer(row.version, logic.version)) throw new NewerVersionError(`the state of ${row.id}`);
    if (stored === undefined)
      throw new Error(`${row.id} was stored by version ${row.version} of ${row.logic}, which version ${logic.version} cannot read`);
    for (const { src } of Object.values((stored as { children?: Record<string, { src: string }> }).children ?? {}))
      if (!Object.hasOwn(logic.actors, src)) throw new Error(`${row.id} has a child of the logic ${src}, which ${row.logic} does not name`);
    try {
      return { ...loaded, row: { ...row, version: logic.version, snapshot: text as string }, snapshot: restoreSnapshot(machine, stored) };
    } catch (error) {
      throw new Error(`the snapshot of ${row.id} does not fit version ${logic.version} of ${row.logic}: ${toPlainError(error).message}`);
    }
  }

  return {
    async load(id) {
      const held = live.get(id);
      if (held) return held;
      const known = docs.readRow(id);
      if (!known || known.status === "forgotten") return undefined;
      const definition = known.definition === null ? undefined : await loadDefinition(known.definition);
      // Read the row again, synchronously with its use: others may have loaded or changed the actor while the definition was fetched.
      const loadedMeanwhile = live.get(id);
      if (loadedMeanwhile) return loadedMeanwhile;
      const row = known.definition === null ? known : docs.readRow(id);
      if (!row || row.status === "forgotten") return undefined;
      const actor = revive(row, loadMachine(row.logic, row.definition, definition));
      live.set(id, actor);
      return actor;
    },
    async loadLogic(name, hash) {
      return loadMachine(name, hash, hash === null ? undefined : await loadDefinition(hash));
    },
    hold: (actor) => void live.set(actor.row.id, actor),
    release: (actor) => void live.delete(actor),
  };
}

/** The text of a snapshot of an older version as this one has it; undefined if it can't be read. */
function upgrade(row: ActorRow, logic: MachineLogic): string | undefined {
  const upgraded = logic.upgrade?.(JSON.parse(row.snapshot) as Json, row.version);
  return upgraded === undefined ? undefined : JSON.stringify(upgraded);
}

/** Loaded machines, by logic and definition: immutable, so they outlive any one object. Bounded; the oldest goes. */
const machines = new Map<MachineLogic, Map<string, AnyStateMachine>>();

function findMachine(logic: MachineLogic, hash: string | null, definition: unknown): AnyStateMachine {
  if (hash === null) return logic.load(definition);
  let loaded = machines.get(logic);
  if (!loaded) {
    loaded = new Map();
    machines.set(logic, loaded);
  }
  let machine = loaded.get(hash);
  if (!machine) {
    machine = logic.load(definition);
    if (loaded.size >= hostLimits.machinesCached) loaded.delete(loaded.keys().next().value as string);
    loaded.set(hash, machine);
  }
  return machine;
}
