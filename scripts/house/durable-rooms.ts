/** The rooms of the objects: part of the table in `rooms.ts`. */
import type { Room } from "./room.ts";

const contract = "src/contract/**";
const protocol = "src/durable/protocol";
const host = "src/durable/host";
const storage = "src/durable/host/storage";
const store = "src/durable/host/store";

/** By folder. */
export const durableRooms: { readonly [folder: string]: Room } = {
  // The objects.
  "src/durable": {
    is: "the objects' environment, and what is stored by which version",
    may: ["src/contract", "src/durable/**", "cloudflare:*"],
  },
  "src/durable/artifacts": {
    is: "which artifacts there are, and who refers to them: rows of D1, and what of R2 goes with them",
    may: ["src/contract"],
  },
  "src/durable/cell": {
    is: "all actors of a deployment in one object",
    may: [
      ...[
        "src/contract/views",
        "src/durable",
        "src/durable/agent",
        "src/durable/hook",
        host,
        "src/durable/projector",
        "src/durable/registry",
        storage,
        store,
      ],
      ...["src/durable/thread", "src/durable/webhook", "src/durable/workflow", "cloudflare:*"],
    ],
    objectStorage: "writes",
  },
  "src/durable/protocol": { is: "messages between objects", may: [contract, "machines", host, "src/durable/projector", "zod"] },
  "src/durable/host": {
    is: "runs XState actors durably; knows no workflows",
    may: [contract, protocol, store, "machines/address.ts", "xstate"],
    objectStorage: "writes",
  },
  "src/durable/host/storage": {
    is: "the host's storage port on the platform and on node:sqlite",
    may: [contract, host, store, "node:*"],
    objectStorage: "writes",
  },
  "src/durable/host/store": {
    is: "an owner's journal, documents and cursors over SQLite, and how older tables become them",
    may: [contract, host, storage],
    objectStorage: "writes",
  },
  "src/durable/control": {
    is: "orders that are followed once, by their idempotency keys",
    may: [contract, host, "src/durable/host/store", protocol],
    objectStorage: "writes",
  },
  "src/durable/agent": {
    is: "an agent's object",
    may: [
      ...[
        contract,
        "src/durable",
        "src/durable/agent/**",
        "src/durable/artifacts",
        host,
        "src/durable/projector",
        protocol,
        "src/durable/registry",
      ],
      ...["src/durable/routing", storage, store, "src/durable/trace", "zod"],
    ],
    objectStorage: "writes",
  },
  "src/durable/agent/connection": {
    is: "sockets and streams: frames in and out, and their pace",
    may: [contract, "src/durable/agent", "src/durable/agent/mailbox", "src/durable/agent/presence", host, storage, store],
  },
  "src/durable/agent/mailbox": {
    is: "what an agent is sent, until it acknowledges it",
    may: [contract, "src/durable/agent", "src/durable/agent/offers", host, protocol, "src/durable/routing", store],
  },
  "src/durable/agent/offers": {
    is: "offers that an agent is shown, and its word to the board",
    may: [
      contract,
      "src/durable/agent",
      "src/durable/agent/mailbox",
      "src/durable/agent/presence",
      host,
      protocol,
      store,
      "src/durable/thread/eligibility",
    ],
  },
  "src/durable/agent/presence": {
    is: "whether an agent is there, and which roles it holds",
    may: [contract, "src/compile/source", "src/durable/agent/mailbox", host, protocol, store],
    objectStorage: "writes",
  },
  "src/durable/workflow": {
    is: "a workflow's object: its queue and admission",
    may: [
      ...[contract, "src/durable", "src/durable/control", host, "src/durable/projector", protocol, "src/durable/registry", storage, store],
      ...["src/compile", "src/compile/decide", "src/compile/schedules", "src/durable/routing", "src/durable/trace"],
    ],
    objectStorage: "writes",
  },
  "src/durable/webhook": {
    is: "events of the log, brought to somebody's server; what is said of A2A tasks is loaded when it is first pushed",
    may: [contract, "src/durable", protocol, storage, store, "src/worker/gateways/a2a"],
    objectStorage: "writes",
  },
  "src/durable/hook": {
    is: "what others post here, proven and made into events",
    may: [contract, "src/compile/decide", "src/durable", protocol, storage, store, "zod"],
    objectStorage: "writes",
  },
  "src/durable/registry": {
    is: "who there is and what is published, kept up to date in one object",
    may: [contract, "src/compile", "src/durable", protocol, "src/durable/thread/eligibility"],
    objectStorage: "writes",
  },
  "src/durable/projector": {
    is: "the log and the index in D1",
    may: [
      ...[contract, "src/compile/source", "src/durable", "src/durable/artifacts", host, "src/durable/projector/tables", protocol],
      ...[storage, store, "src/durable/trace", "zod"],
    ],
    objectStorage: "writes",
  },
  "src/durable/projector/tables": { is: "its tables", may: ["src/durable/projector"] },
  "src/durable/routing": {
    is: "where an event goes: reflexes, addresses, chains",
    may: [
      ...[contract, "src/compile", "src/compile/decide", host, protocol, "src/durable/registry", "src/durable/thread/lifecycle"],
      "src/durable/trace",
    ],
  },
  "src/durable/trace": { is: "spans of a thread", may: [contract, protocol] },

  // A thread.
  "src/durable/thread": {
    is: "a thread's two objects",
    may: [
      ...[contract, "src/compile", "src/durable", "src/durable/artifacts", "src/durable/control", host, "src/durable/projector"],
      ...[protocol, "src/durable/registry", storage, store, "src/durable/thread/**"],
    ],
    objectStorage: "writes",
  },
  "src/durable/thread/adoption": {
    is: "a task that an earlier version kept in its root's object moves to its own",
    may: [host, store, protocol, "src/durable/thread"],
    objectStorage: "writes",
  },
  "src/durable/thread/lifecycle": {
    is: "how a thread begins, begins again, ends and is archived",
    may: [
      "zod",
      ...[contract, "machines/**", "src/compile", "src/compile/decide", host, protocol, "src/durable/routing"],
      ...["src/durable/thread", "src/durable/thread/log", "src/durable/thread/recruitment", "src/durable/thread/task"],
      "src/durable/thread/waits",
      store,
    ],
    objectStorage: "writes",
  },
  "src/durable/thread/recruitment": {
    is: "offers, claims and assignments",
    may: [
      "zod",
      ...[contract, "machines/**", "src/compile", "src/compile/lower", "src/durable/control", host, protocol],
      ...["src/durable/registry", "src/durable/routing", store],
      ...["src/durable/thread", "src/durable/thread/eligibility", "src/durable/thread/explain", "src/durable/thread/lifecycle"],
      ...["src/durable/thread/log", "src/durable/thread/task", "src/durable/thread/turn", "src/durable/thread/waits"],
    ],
    objectStorage: "writes",
  },
  "src/durable/thread/task": {
    is: "the task's object: turns, steps, outcome",
    may: [
      "zod",
      ...[contract, "machines/**", "src/compile", "src/compile/decide", host, "src/durable/projector", protocol, "src/durable/routing"],
      ...["src/durable/thread", "src/durable/thread/broadcast", "src/durable/thread/children", "src/durable/thread/lifecycle"],
      ...["src/durable/thread/log", "src/durable/thread/recruitment", "src/durable/thread/turn", "src/durable/thread/waits", store],
    ],
    objectStorage: "writes",
  },
  "src/durable/thread/broadcast": {
    is: "a turn that many are given",
    may: [
      "zod",
      ...[contract, "machines/**", "src/compile", "src/compile/decide", "src/compile/lower", host, protocol, "src/durable/registry"],
      ...["src/durable/thread", "src/durable/thread/eligibility", "src/durable/thread/log", "src/durable/thread/task"],
      ...["src/durable/thread/turn", store],
    ],
    objectStorage: "reads",
  },
  "src/durable/thread/children": {
    is: "threads that a thread starts",
    may: [
      ...["machines", "zod", store],
      ...[contract, "src/compile", host, protocol, "src/durable/registry", "src/durable/routing", "src/durable/thread/lifecycle"],
      ...["src/durable/thread/log", "src/durable/thread/task"],
    ],
    objectStorage: "reads",
  },
  "src/durable/thread/eligibility": {
    is: "who may claim a role, and who goes first",
    may: [contract, "machines/**", "src/compile", "src/compile/decide", "src/compile/lower", protocol],
  },
  "src/durable/thread/turn": {
    is: "what a turn says, and judging its answer",
    may: [contract, "src/compile", "src/compile/lower", protocol, "src/durable/thread/log"],
  },
  "src/durable/thread/log": {
    is: "what the log says of a thread",
    may: [
      "machines/task",
      ...[contract, "src/compile", host, protocol, "src/durable/registry", "src/durable/routing"],
      ...["src/durable/thread/lifecycle", "src/durable/thread/task"],
      "src/durable/trace",
    ],
    objectStorage: "writes",
  },
  "src/durable/thread/waits": {
    is: "what a thread waits for, read off its machines",
    may: [contract, "machines/**", "src/compile", "src/compile/lower", host, protocol, "src/durable/thread/lifecycle"],
    objectStorage: "reads",
  },
  "src/durable/thread/explain": {
    is: "why a thread waits, in prose",
    may: [
      ...[contract, "machines/**", "src/compile", "src/durable/projector", protocol, "src/durable/registry"],
      ...["src/durable/thread/broadcast", "src/durable/thread/eligibility", "src/durable/thread/lifecycle"],
      ...["src/durable/thread/recruitment", "src/durable/thread/task", "src/durable/thread/waits"],
    ],
    objectStorage: "reads",
  },
};
