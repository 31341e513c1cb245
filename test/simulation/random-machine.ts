/** Makes machines at random, with everything of XState that is pure: the same seed makes the same machine. */
import { type AnyStateMachine, assign, cancel, enqueueActions, setup } from "xstate";
import type { Random } from "../../src/explore/create-random.ts";

export const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

export const randomEvents = ["A", "B", "C", "D", "E.one", "E.two"] as const;

interface Told {
  n: number;
  told: number;
  marks: string[];
  last?: unknown;
}

/** Other code under the names of the careful actions. */
const carelessActions = {
  count: assign<Told, { type: string }, { by: number }, { type: string }, never>(({ context }, { by }) => {
    context.n += by;
    if (context.n % 13 === 0) throw new Error(`thirteen ${context.n}`);
    return context.n % 5 === 0 ? { last: undefined } : { last: [...context.marks] };
  }),
  trace: assign<Told, { type: string }, { mark: string }, { type: string }, never>(({ context, event }, { mark }) => {
    context.marks.push(`${mark}:${event.type}`);
    if (context.marks.length > 20) context.marks.shift();
    return { last: { length: context.marks.length, minus: -0 } };
  }),
  tellSelf: assign<Told, { type: string }, undefined, { type: string }, never>(({ context, self }) => {
    if (context.told >= 20) return {};
    self.send({ type: "S" });
    return { told: context.told + 1 };
  }),
  laterUnnamed: enqueueActions<Told, { type: string }, undefined, { type: string }, never, never, never, never, never>(
    ({ context, enqueue }) => {
      if (context.told >= 20) return;
      context.told += 1;
      enqueue.raise({ type: "L" }, { delay: 12.5 });
    },
  ),
};

interface Node {
  id: string;
  [key: string]: unknown;
}

/** What the states count by, and come to rest by. */
const counters = setup({
  types: {} as { context: { n: number; told: number; marks: string[] } },
  guards: {
    even: ({ context }) => context.n % 2 === 0,
    small: ({ context }) => context.n % 7 < 4,
    few: ({ context }) => context.n % 11 < 5,
    not: ({ context }) => context.n % 3 !== 0,
  },
  actions: {
    count: assign({ n: ({ context }, { by }: { by: number }) => context.n + by }),
    trace: assign({ marks: ({ context, event }, { mark }: { mark: string }) => [...context.marks, `${mark}:${event.type}`].slice(-20) }),
  },
}).extend({
  actions: {
    cancelLater: cancel("later"),
    // Bounded, for what raises itself would go on for ever, or breed timers.
    raiseR: enqueueActions(({ context, enqueue }) => {
      if (context.told >= 20) return;
      enqueue.assign({ told: context.told + 1 });
      enqueue.raise({ type: "R" });
    }),
    tellSelf: enqueueActions(({ context, enqueue, self }) => {
      if (context.told >= 20) return;
      enqueue.assign({ told: context.told + 1 });
      enqueue.sendTo(self, { type: "S" });
    }),
    later: enqueueActions(({ context, enqueue }) => {
      if (context.told >= 20) return;
      enqueue.assign({ told: context.told + 1 });
      // Often two of one id wait at once, in any order; 0 is due as it is set.
      enqueue.raise({ type: "L" }, { delay: [0, 15, 40][context.n % 3] as number, id: "later" });
    }),
    laterUnnamed: enqueueActions(({ context, enqueue }) => {
      if (context.told >= 20) return;
      enqueue.assign({ told: context.told + 1 });
      enqueue.raise({ type: "L" }, { delay: 25 });
    }),
  },
});

/**
 * A machine of up to three levels; guards and `always` look at the counters, so that they come to rest.
 * @param careless the same states, whose code changes context in place, sends by hand, and throws now and then
 */
export function makeRandomMachine(random: Random, careless = false): AnyStateMachine {
  let made = 0;
  const chance = (probability: number): boolean => random() < probability;
  // Every state has an id, so that a transition can go anywhere within its region's tree.
  const all: string[] = [];

  const makeActions = (): unknown[] => {
    const actions: unknown[] = [];
    if (chance(0.7)) actions.push({ type: "count", params: { by: Math.floor(random() * 3) + 1 } });
    if (chance(0.3)) actions.push({ type: "trace", params: { mark: `m${Math.floor(random() * 100)}` } });
    if (chance(0.12)) actions.push({ type: "raiseR" });
    if (chance(0.12)) actions.push(pick(random, [{ type: "later" }, { type: "laterUnnamed" }, { type: "cancelLater" }]));
    if (chance(0.08)) actions.push({ type: "tellSelf" });
    return actions;
  };

  const makeTransition = (targets: string[]): object => ({
    ...(chance(0.85) && { target: `#${pick(random, targets)}`, ...(chance(0.25) && { reenter: true }) }),
    ...(chance(0.4) && { guard: pick(random, ["even", "small", { type: "not", params: {} }]) }),
    actions: makeActions(),
  });

  const makeState = (depth: number): { node: Node; ids: string[]; finish: (() => void)[] } => {
    made += 1;
    const id = `s${made}`;
    all.push(id);
    const node: Node = { id, entry: makeActions(), exit: makeActions(), ...(chance(0.3) && { tags: [`t${made}`] }) };
    const ids = [id];
    const finish: (() => void)[] = [];
    const kind = depth >= 3 ? "atomic" : pick(random, ["atomic", "compound", "compound", "parallel"]);
    if (kind !== "atomic") {
      const states: Record<string, Node> = {};
      const count = 2 + Math.floor(random() * 2);
      const children = Array.from({ length: count }, () => makeState(depth + 1));
      for (const child of children) {
        states[child.node.id] = child.node;
        ids.push(...child.ids);
        finish.push(...child.finish);
      }
      if (kind === "parallel") node.type = "parallel";
      else {
        node.initial = (children[0] as { node: Node }).node.id;
        if (chance(0.4)) {
          made += 1;
          const history = `h${made}`;
          states[history] = {
            id: history,
            type: "history",
            history: pick(random, ["shallow", "deep"]),
            target: `#${node.initial}`,
          } as Node;
          ids.push(history);
        }
        if (depth > 0 && chance(0.35)) {
          made += 1;
          const final = `f${made}`;
          states[final] = { id: final, type: "final" } as Node;
          ids.push(final);
          finish.push(() => {
            node.onDone = makeTransition(ids.filter((target) => target !== final));
          });
        }
      }
      node.states = states;
    }
    finish.push(() => {
      const on: Record<string, unknown> = {};
      for (const event of [...randomEvents, "R", "L", "S", "E.*", "*"])
        if (chance(event === "*" ? 0.06 : 0.3)) on[event] = chance(0.3) ? [makeTransition(all), makeTransition(all)] : makeTransition(all);
      node.on = on;
      if (chance(0.3)) node.after = { [pick(random, [10, 20, 30, 50])]: makeTransition(all) };
      // One that leads on only while the count allows it, and counts: so it ends.
      if (chance(0.15)) node.always = { guard: "few", target: `#${pick(random, all)}`, actions: [{ type: "count", params: { by: 1 } }] };
    });
    return { node, ids, finish };
  };

  const root = makeState(0);
  for (const finish of root.finish) finish();
  if (!root.node.states) {
    root.node.initial = "only";
    root.node.states = { only: {} };
  }
  return counters.extend({ actions: (careless ? carelessActions : {}) as typeof carelessActions }).createMachine({
    context: () => ({ n: 0, told: 0, marks: [] }),
    options: { maxIterations: 60 },
    ...(root.node as object),
  } as never) as unknown as AnyStateMachine;
}
