/** [HOST20] The host's own step beside XState's `transition`: the same snapshots and the same actions, in the same order. */
import { expect, test } from "vitest";
import type { AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { begin, transition } from "../../src/durable/host/macrostep.ts";
import { collectSent } from "../../src/durable/host/references.ts";
import { openComputation, orderNodes } from "../../src/durable/host/step.ts";
import { createRandom } from "../../src/explore/create-random.ts";
import { makeRandomMachine, pick, randomEvents } from "./random-machine.ts";

type Stepping = (machine: AnyStateMachine) => {
  begin: (scope: never) => AnyMachineSnapshot;
  transition: (before: AnyMachineSnapshot, event: { type: string }, scope: never) => AnyMachineSnapshot;
};

const own: Stepping = (machine) => ({
  begin: (scope) => begin(machine, undefined, scope),
  transition: (before, event, scope) => transition(machine, before, event, scope),
});

const ofXState: Stepping = (machine) => ({
  begin: (scope) => orderNodes(machine.getInitialSnapshot(scope, undefined)),
  transition: (before, event, scope) => orderNodes(machine.transition(before, event as never, scope)),
});

/** All of a snapshot that a machine can see, and what was to be done, as text: so that keys have their order too. */
function describe(snapshot: AnyMachineSnapshot, actions: readonly { type: string; params?: unknown }[], sent: readonly object[]): string {
  const { status, value, context, output, error, tags, children, historyValue, _nodes } = snapshot;
  const remembered = Object.entries(historyValue as Record<string, { id: string }[]>).map(([id, nodes]) => [
    id,
    nodes.map((node) => node.id),
  ]);
  return JSON.stringify({
    ...{ status, value, context, output, error: String(error), tags: [...tags].sort(), children: Object.keys(children), remembered },
    nodes: _nodes.map(({ id }) => id),
    actions: actions.map(({ type, params }) => {
      const { event, id, sendId, delay } = (params ?? {}) as Record<string, unknown>;
      return { type, event, id, sendId, delay };
    }),
    sent: sent.length,
  });
}

/** @returns what came of each event, with the message of what was thrown */
function play(seed: number, careless: boolean, step: Stepping): string[] {
  const machine = makeRandomMachine(createRandom(seed), careless);
  machine.options = { maxIterations: 300 };
  const steps = step(machine);
  const computation = openComputation({ id: "m", child: false });
  const random = createRandom(seed + 1);
  const told: string[] = [];
  let snapshot: AnyMachineSnapshot | undefined;
  for (let count = 0; count < 12 && (!snapshot || snapshot.status === "active"); count++) {
    const before = snapshot;
    const event = { type: random() < 0.2 ? "S" : pick(random, randomEvents) };
    computation.actions = [];
    try {
      const scope = computation.scope as never;
      const { result, sent } = collectSent(() => (before ? steps.transition(before, event, scope) : steps.begin(scope)));
      snapshot = result;
      told.push(`${event.type} ${describe(result, computation.actions, sent)}`);
    } catch (error) {
      told.push(`${event.type} ${String(error)}`);
      break;
    }
  }
  return told;
}

for (const careless of [false, true])
  test(`[HOST20] steps of 400 random machines${careless ? ", whose code is careless," : ""} are XState's own`, () => {
    for (let seed = 1; seed <= 400; seed++) expect(play(seed, careless, own), `seed ${seed}`).toEqual(play(seed, careless, ofXState));
  });
