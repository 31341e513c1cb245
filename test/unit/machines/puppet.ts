/** Drives one machine by XState's pure functions, persisted through JSON between every two events, as the host does. */
import { type AnyStateMachine, initialTransition, transition } from "xstate";
import { readAddress } from "../../../machines/address.ts";
import type { MachineConfigJson } from "../../../machines/config.ts";
import { loadMachine } from "../../../machines/load-machine.ts";

/** What left a step, in order, in plain words. */
export type Effect =
  | { kind: "send"; to: string; event: { type: string; [fact: string]: unknown } }
  | { kind: "emit"; event: { type: string; [fact: string]: unknown } }
  | { kind: "spawn"; src: string; id: string; input: unknown }
  | { kind: "stop"; id: string }
  | { kind: "timer"; id: string; delay: number; event: { type: string } }
  | { kind: "cancelTimer"; id: string }
  | { kind: "write"; type: string; params: unknown };

interface Action {
  type: string;
  params: unknown;
}

/** What XState says of each kind of action, as far as effects read it. */
interface Parameters {
  targetId?: string;
  to?: unknown;
  event: { type: string };
  src: string;
  id: string;
  input: unknown;
  delay?: number;
  sendId: string;
}

/** Reads XState's actions as effects. An immediate raise was processed already. */
export function readEffects(actions: readonly Action[]): Effect[] {
  return actions.flatMap((action): Effect[] => {
    const params = (action.params ?? {}) as unknown as Parameters;
    switch (action.type) {
      case "xstate.sendTo": {
        const to = params.targetId ?? readAddress(params.to);
        if (typeof to !== "string") throw new Error(`a message to nowhere: ${JSON.stringify(params.event)}`);
        return [{ kind: "send", to, event: params.event }];
      }
      case "xstate.emit":
        return [{ kind: "emit", event: params.event }];
      case "xstate.spawnChild":
        return [{ kind: "spawn", src: params.src, id: params.id, input: params.input }];
      case "xstate.stopChild":
        return [{ kind: "stop", id: params.id }];
      case "xstate.raise":
        return params.delay === undefined ? [] : [{ kind: "timer", id: params.id, delay: params.delay, event: params.event }];
      case "xstate.cancel":
        return [{ kind: "cancelTimer", id: params.sendId }];
      default:
        return [{ kind: "write", type: action.type, params: action.params }];
    }
  });
}

/** Loads a config that must be sound. */
export function load(config: MachineConfigJson): AnyStateMachine {
  const loaded = loadMachine(JSON.parse(JSON.stringify(config)) as MachineConfigJson);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults, null, 1));
  return loaded.machine;
}

/** A machine's life so far: its persisted snapshot, its timers, and all that it said. */
export interface Puppet {
  machine: AnyStateMachine;
  /** Plain JSON. */
  stored: string;
  timers: Map<string, { delay: number; event: { type: string } }>;
  effects: Effect[];
}

function store(puppet: Puppet, step: readonly [unknown, readonly Action[]]): Effect[] {
  const [snapshot, actions] = step;
  const effects = readEffects(actions);
  puppet.stored = JSON.stringify(puppet.machine.getPersistedSnapshot(snapshot as never));
  for (const effect of effects) {
    if (effect.kind === "timer") puppet.timers.set(effect.id, effect);
    if (effect.kind === "cancelTimer") puppet.timers.delete(effect.id);
  }
  puppet.effects.push(...effects);
  return effects;
}

/** Starts a machine with its input. */
export function start(config: MachineConfigJson, input: object): Puppet {
  const puppet: Puppet = { machine: load(config), stored: "", timers: new Map(), effects: [] };
  store(puppet, initialTransition(puppet.machine, input as never) as never);
  return puppet;
}

/** The snapshot as it was stored. */
export function restore(puppet: Puppet): {
  value: unknown;
  status: string;
  context: Record<string, unknown>;
  output: unknown;
  can(event: object): boolean;
  hasTag(tag: string): boolean;
} {
  return puppet.machine.restoreSnapshot(JSON.parse(puppet.stored) as never, { self: undefined } as never) as never;
}

/** Gives the machine an event and returns what left the step. */
export function send(puppet: Puppet, event: { type: string; [fact: string]: unknown }): Effect[] {
  const before = restore(puppet);
  return store(puppet, transition(puppet.machine, before as never, event as never) as never);
}

/** Fires the one timer whose event names the state, and returns what left the step. */
export function fire(puppet: Puppet, state: string): Effect[] {
  const due = [...puppet.timers].filter(([id]) => id.includes(state));
  if (due.length !== 1) throw new Error(`not one timer for ${state}: ${[...puppet.timers.keys()].join(", ")}`);
  const [id, timer] = due[0] as NonNullable<(typeof due)[0]>;
  puppet.timers.delete(id);
  return send(puppet, timer.event);
}

/** Answers the moderator that is running. */
export function decide(puppet: Puppet, edge: string, facts: object = {}): Effect[] {
  return send(puppet, { type: "xstate.done.actor.moderate", output: { edge, ...facts }, actorId: "moderate" });
}

/** Messages among effects, as `to type`. */
export function listSent(effects: Effect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === "send" ? [`${effect.to} ${effect.event.type}`] : []));
}

/** Types of what was emitted. */
export function listEmitted(effects: Effect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === "emit" ? [effect.event.type] : []));
}

/** The event of the last message of that type. */
export function lastSent(puppet: Puppet, type: string): Record<string, unknown> {
  const found = puppet.effects.findLast((effect) => effect.kind === "send" && effect.event.type === type);
  if (found?.kind !== "send") throw new Error(`no ${type} was sent`);
  return found.event;
}
