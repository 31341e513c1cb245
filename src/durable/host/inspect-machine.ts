/** Walks a machine before it is registered, for what could not be kept durable or would fail silently later. Knows XState only. */
import type { AnyStateMachine, AnyStateNode } from "xstate";

type Named = { type: string };
/** XState's built-in actions are functions with these. */
type Builtin = (() => void) & { to?: unknown; resolve?: unknown };

/**
 * @param writes names of actions that the host implements
 * @throws with the machine's name, the state and the reason
 */
export function inspectMachine(name: string, machine: AnyStateMachine, writes: readonly string[]): void {
  const { actions, guards, actors, delays } = machine.implementations as Record<
    "actions" | "guards" | "actors" | "delays",
    Record<string, unknown>
  >;
  const fail = (node: AnyStateNode, why: string): never => {
    throw new Error(`${name}, state ${node.id}: ${why}`);
  };

  const checkAction = (node: AnyStateNode, action: unknown): void => {
    const builtin = action as Builtin;
    if (typeof action === "function" || builtin.resolve) {
      if (builtin.to === "#_parent") fail(node, "sendParent has no parent here; use sendTo(() => PARENT, event)");
      if (!builtin.resolve) fail(node, "an inline function cannot be an effect; name the action and register it as a write");
      return;
    }
    const { type } = action as Named;
    if (writes.includes(type)) return;
    if (!Object.hasOwn(actions, type)) fail(node, `the action ${type} has no implementation`);
    const implementation = actions[type] as Builtin;
    if (implementation.to === "#_parent")
      fail(node, `the action ${type} is sendParent, which has no parent here; use sendTo(() => PARENT, event)`);
    if (typeof implementation === "function" && !implementation.resolve)
      fail(node, `the action ${type} is a function, which would run before anything is stored; register it as a write`);
  };

  const checkGuard = (node: AnyStateNode, guard: unknown): void => {
    if (guard === undefined || typeof guard === "function") return;
    const type = typeof guard === "string" ? guard : (guard as Named).type;
    if (!Object.hasOwn(guards, type)) fail(node, `the guard ${type} has no implementation`);
  };

  for (const node of walk(machine.root)) {
    for (const action of [...node.entry, ...node.exit]) checkAction(node, action);
    const transitions = [...node.transitions.values(), node.always ?? []].flat();
    for (const transition of transitions) {
      for (const action of transition.actions) checkAction(node, action);
      checkGuard(node, transition.guard);
    }
    for (const { delay } of node.after)
      if (typeof delay === "string" && !Object.hasOwn(delays, delay))
        fail(node, `the delay ${delay} has no implementation, and would fire at once`);
    for (const invoke of node.invoke) {
      if (invoke.onSnapshot) fail(node, `the invoke ${invoke.id} has onSnapshot, but a child's snapshots stay with the child`);
      if (invoke.systemId !== undefined)
        fail(node, `the invoke ${invoke.id} has a systemId, which cannot be kept across objects: address it by its id`);
      if (typeof invoke.src === "string" && !Object.hasOwn(actors, invoke.src)) fail(node, `the actor ${invoke.src} has no implementation`);
    }
  }
}

function* walk(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of Object.values(node.states)) yield* walk(child);
}
