import { assign, fromPromise, sendTo, setup } from "xstate";
import { parentActor } from "../../../src/durable/host/actor-at.ts";
import { createLogics } from "../../../src/durable/host/logic.ts";

const parcel = setup({}).createMachine({
  initial: "packed",
  states: {
    packed: { after: { 60000: { target: "sent", actions: sendTo(() => parentActor, { type: "parcel.sent" }) } } },
    sent: { on: { arrived: "delivered" } },
    delivered: { type: "final" },
  },
});

const order = setup({
  types: {} as { context: { customer: string; receipt: unknown }; input: { customer: string } },
  actors: {
    parcel,
    // Runs after the commit, and again after a crash: give the bank an idempotency key.
    charge: fromPromise(async ({ input }: { input: { customer: string } }) => ({ charged: input.customer })),
  },
  actions: { book: () => {} },
}).createMachine({
  context: ({ input }) => ({ customer: input?.customer ?? "", receipt: null }),
  initial: "open",
  states: {
    open: { on: { pay: "paying" } },
    paying: {
      invoke: {
        src: "charge",
        input: ({ context }) => ({ customer: context.customer }),
        onDone: { target: "shipping", actions: [assign({ receipt: ({ event }) => event.output }), "book"] },
        onError: "open",
      },
    },
    shipping: { invoke: { src: "parcel", id: "parcel", onDone: "closed" }, on: { "parcel.sent": { actions: "book" } } },
    closed: { type: "final" },
  },
});

export const logics = createLogics({
  order: {
    machine: order,
    options: {
      version: "1",
      writes: {
        book(_write, { storage, actor }) {
          storage.exec("CREATE TABLE IF NOT EXISTS booked (id TEXT PRIMARY KEY)");
          storage.exec("INSERT OR IGNORE INTO booked VALUES (?)", actor);
        },
      },
    },
  },
});
