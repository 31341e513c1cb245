/** Walks a machine before it is registered, for what could not be kept durable or would fail silently later. Knows XState only. */
import type { AnyStateMachine, AnyStateNode } from "xstate";

type Named = { type: string };
/** XState's built-in actions are functions with these; what `enqueueActions` collects is known only as it runs. */
type Builtin = (() => void) & {
  type?: string;
  resolve?: unknown;
  to?: unknown;
  delay?: unknown;
  src?: unknown;
  id?: unknown;
  systemId?: unknown;
  syncSnapshot?: unknown;
};
/** `and`, `or` and `not` are functions with the guards that they join. */
type JoinedGuard = (() => boolean) & { guards?: unknown[] };

/**
 * @param writes names of actions that the host implements
 * @param sources names of actors that the host implements
 * @throws with the machine's name, the state and the reason
 */
export function inspectMachine(name: string, machine: AnyStateMachine, writes: readonly string[], sources: readonly string[]): void {
  const { actions, guards, delays } = machine.implementations as Record<"actions" | "guards" | "delays", Record<string, unknown>>;
  const fail = (node: AnyStateNode, why: string): never => {
    throw new Error(`${name}, state ${node.id}: ${why}`);
  };

  const checkDelay = (node: AnyStateNode, delay: unknown): void => {
    if (Number.isNaN(delay)) fail(node, "a delay is not a number");
    if (typeof delay !== "string") return;
    if (!Object.hasOwn(delays, delay)) fail(node, `the delay ${delay} has no implementation, and would fire at once`);
    const named = delays[delay];
    if (typeof named !== "function" && (typeof named !== "number" || Number.isNaN(named)))
      fail(node, `the delay ${delay} is neither a number nor a function, and would fire at once`);
  };

  const checkSource = (node: AnyStateNode, src: unknown): void => {
    if (typeof src !== "string" || src.startsWith("xstate.invoke."))
      fail(node, "a child's logic is given inline, but its object is made by the logic's name: name it in setup({ actors })");
    else if (src === "__proto__") fail(node, "an actor cannot be named __proto__, which JavaScript keeps for an object's prototype");
    else if (!sources.includes(src)) fail(node, `the actor ${src} has no implementation`);
  };

  const checkBuiltin = (node: AnyStateNode, builtin: Builtin, says: string): void => {
    if (builtin.to === "#_parent") fail(node, `${says} sendParent, which has no parent here; use sendTo(() => PARENT, event)`);
    checkDelay(node, builtin.delay);
    if (builtin.type !== "xstate.spawnChild") return;
    checkSource(node, builtin.src);
    if (builtin.id === undefined) fail(node, `${says} spawnChild without an id, by which the child is stored: give it one`);
    if (builtin.systemId !== undefined)
      fail(node, `${says} spawnChild with a systemId, which cannot be kept across objects: address it by its id`);
    if (builtin.syncSnapshot) fail(node, `${says} spawnChild with syncSnapshot, but a child's snapshots stay with the child`);
  };

  const checkAction = (node: AnyStateNode, action: unknown): void => {
    if (typeof action === "function") {
      if (!(action as Builtin).resolve) fail(node, "an inline function cannot be an effect; name the action and register it as a write");
      checkBuiltin(node, action as Builtin, "an action is");
      return;
    }
    const type = typeof action === "string" ? action : (action as Named).type;
    if (writes.includes(type)) return;
    if (!Object.hasOwn(actions, type)) fail(node, `the action ${type} has no implementation`);
    const implementation = actions[type] as Builtin;
    if (typeof implementation === "function" && !implementation.resolve)
      fail(node, `the action ${type} is a function, which would run before anything is stored; register it as a write`);
    checkBuiltin(node, implementation, `the action ${type} is`);
  };

  const checkGuard = (node: AnyStateNode, guard: unknown, within: readonly string[] = []): void => {
    if (guard === undefined) return;
    if (typeof guard === "function") {
      for (const joined of (guard as JoinedGuard).guards ?? []) checkGuard(node, joined, within);
      return;
    }
    const type = typeof guard === "string" ? guard : (guard as Named).type;
    if (!Object.hasOwn(guards, type)) fail(node, `the guard ${type} has no implementation`);
    if (!within.includes(type)) checkGuard(node, guards[type], [...within, type]);
  };

  for (const node of walk(machine.root)) {
    for (const action of [...node.entry, ...node.exit]) checkAction(node, action);
    if (node.type === "compound") for (const action of node.initial.actions) checkAction(node, action);
    for (const transition of [...node.transitions.values(), node.always ?? []].flat()) {
      for (const action of transition.actions) checkAction(node, action);
      checkGuard(node, transition.guard);
    }
    for (const { delay } of node.after) checkDelay(node, delay);
    for (const invoke of node.invoke) {
      checkSource(node, invoke.src);
      if (invoke.id === "__proto__") fail(node, "an invoke cannot have the id __proto__, by which the child could not be stored");
      if (invoke.onSnapshot) fail(node, `the invoke ${invoke.id} has onSnapshot, but a child's snapshots stay with the child`);
      if (invoke.systemId !== undefined)
        fail(node, `the invoke ${invoke.id} has a systemId, which cannot be kept across objects: address it by its id`);
    }
  }
}

function* walk(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of Object.values(node.states)) yield* walk(child);
}
