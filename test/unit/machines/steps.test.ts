import { expect, test } from "vitest";
import { type AnyStateMachine, enqueueActions, fromPromise, initialTransition, setup, transition } from "xstate";
import { address, PARENT } from "../../../machines/address.ts";
import { type ActionMeaning, implementAction, type Step } from "../../../machines/steps.ts";

interface Context {
  a: number;
  b: { c: number } | null;
}

/** Each kind of step, assignments around them. */
const mean: ActionMeaning<Context> = (context, event, params) => [
  { assign: { a: context.a + 1 } },
  { send: "agent/x", event: { type: "hello", a: context.a, of: event.type } as { type: string } },
  { send: "parent", event: { type: "up" } },
  { raise: { type: "again" } },
  { assign: { b: { c: Number(params["c"] ?? 0) }, a: context.a + 2 } },
  { emit: { type: "told" } },
  { spawn: "child", input: { a: context.a } },
  { tell: "child", event: { type: "hear" } },
  { write: { type: "note", params: {} } as never },
];

/** The same by XState's own `enqueueActions`. */
const reference = enqueueActions(({ context, event, enqueue }, params: unknown) => {
  for (const step of mean(context as Context, event, (params ?? {}) as { [param: string]: unknown }) as Step<Context>[]) {
    if ("assign" in step) enqueue.assign(step.assign as never);
    else if ("send" in step) enqueue.sendTo(() => (step.send === "parent" ? PARENT : address(step.send)) as never, step.event as never);
    else if ("tell" in step) enqueue.sendTo(step.tell, step.event as never);
    else if ("raise" in step) enqueue.raise(step.raise as never);
    else if ("emit" in step) enqueue.emit(step.emit as never);
    else if ("spawn" in step) enqueue.spawnChild(step.spawn as never, { id: step.spawn, input: step.input } as never);
    else enqueue(step.write as never);
  }
});

function play(act: unknown) {
  const machine = setup({
    actions: { act: act as never, note: () => {} },
    actors: { child: fromPromise(async () => null) },
  }).createMachine({
    context: { a: 0, b: null },
    initial: "one",
    states: {
      one: { tags: ["first"], on: { go: { target: "two", actions: [{ type: "act", params: { c: 5 } } as never, "act" as never] } } },
      two: { tags: ["second"], entry: ["act" as never], on: { again: {} } },
    },
  } as never) as unknown as AnyStateMachine;
  const [begun] = initialTransition(machine);
  const [after, actions] = transition(machine, begun, { type: "go" });
  const { context, value, tags, status, children } = after;
  return {
    snapshot: { context, value, tags: [...tags], status, children: Object.keys(children), can: after.can({ type: "again" }) },
    stored: JSON.stringify(machine.getPersistedSnapshot(after)),
    actions: actions.map(({ type, params }) => ({ type, params: describe(params) })),
  };
}

/** Markers and actors by what they are. */
function describe(params: unknown): unknown {
  return JSON.parse(
    JSON.stringify(params ?? null, (key, value: unknown) =>
      key === "actorRef" || key === "to" ? ((value as { id?: string })?.id ?? value) : value,
    ),
  );
}

test("[MACH7] the meaning of an action does in XState what its own `enqueueActions` does", () => {
  const own = play(implementAction(mean));
  expect(own).toEqual(play(reference));
  expect(own).toMatchObject({ snapshot: { context: { a: 6, b: { c: 0 } }, value: "two", tags: ["second"] } });
  expect(own.actions.length).toBeGreaterThan(15);
});
