/** What the charts after SCXML share: a log of what was seen, a counter, and children that answer. */
import { type AnyActorRef, assign, fromPromise, sendTo, setup } from "xstate";

interface Context {
  seen: string[];
  n: number;
}
type Event = { type: string; [fact: string]: unknown };

const parent = ({ self }: { self: AnyActorRef }): AnyActorRef => self._parent as AnyActorRef;

/** Says its name at its start and end, answers, and ends with an output of its input. */
const child = setup({
  types: {} as { context: { name: string; n: number }; input: { name: string } | undefined; events: Event },
}).createMachine({
  context: ({ input }) => ({ name: input?.name ?? "nameless", n: 0 }),
  entry: sendTo(parent, ({ context }) => ({ type: "child.began", name: context.name })),
  exit: sendTo(parent, ({ context }) => ({ type: "child.left", name: context.name })),
  initial: "on",
  states: {
    on: {
      on: {
        "ask.*": {
          actions: [
            assign({ n: ({ context }) => context.n + 1 }),
            sendTo(parent, ({ context, event }) => ({ type: "child.said", name: `${context.name} ${context.n} ${event.type}` })),
          ],
        },
        end: "off",
      },
    },
    off: { type: "final" },
  },
  output: ({ context }) => ({ name: context.name, asked: context.n }),
});
const fails = fromPromise<never>(async () => {
  throw Object.assign(new Error("no"), { status: 418 });
});
const gives = fromPromise<unknown, { give: unknown }>(async ({ input }) => ({ given: input.give }));

export const base = setup({
  types: {} as { context: Context; events: Event; input: { n?: number } | undefined },
  actors: { child, fails, gives },
  actions: {
    see: assign({ seen: ({ context }, { what }: { what: string }) => [...context.seen, what] }),
    count: assign({ n: ({ context }) => context.n + 1 }),
    hear: assign({ seen: ({ context, event }) => [...context.seen, `${event.type} ${event["name"] ?? ""}`] }),
  },
  guards: { below: ({ context }, { most }: { most: number }) => context.n < most },
});
export const context = (): Context => ({ seen: [], n: 0 });
export const see = (what: string) => ({ type: "see" as const, params: { what } });
export const hears = { "child.*": { actions: "hear" } } as const;
