/** A mailbox by itself: that nothing in it passes a reader by, however readers come and go. */
import { beforeEach, expect, test } from "vitest";
import { openAgentDocuments } from "../../../../src/durable/agent/agent-documents.ts";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import { createMailbox, type Mailbox } from "../../../../src/durable/agent/mailbox/mailbox.ts";
import type { Reader } from "../../../../src/durable/agent/mailbox/reader.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore, type Store } from "../../../../src/durable/host/store/store.ts";
import { createMail } from "../../../../src/durable/protocol/agent.ts";
import { readDocuments } from "../../../host/read-documents.ts";

let storage: NodeStorage;
let store: Store;
let now: number;
let sent: number;

beforeEach(() => {
  storage = createNodeStorage();
  now = 1_800_000_000_000;
  sent = 0;
});

/** A life of the mailbox. @param later takes what is put off */
function open(later: (milliseconds: number, work: () => void) => void = () => {}): Mailbox {
  store = createStore(storage, "agent/alice");
  const mailbox = createMailbox(openAgentDocuments(store), {
    clock: { now: () => now },
    later,
    stored: () => {},
    commit: (body) => store.transaction(body),
    unread: () => {},
  });
  store.transaction(mailbox.reserve);
  return mailbox;
}

/** Mail that arrives together, by name; `ends` is the turn that it ends. */
function receive(mailbox: Mailbox, ...names: (string | { name: string; turn?: string; ends?: string })[]): void {
  const received = mailbox.receive(
    names.map((each) => {
      const { name, ...about } = typeof each === "string" ? { name: each } : each;
      const event = { specversion: "1.0" as const, id: name, source: "/agents/bob", type: "a.b", time: "2026-11-20T12:00:00Z" };
      sent += 1;
      return { envelope: { from: "agent/bob", id: sent, to: "agent/alice", message: createMail({ channel: "my", event, ...about }) } };
    }),
  );
  store.transaction(received.write);
  received.wake();
}

function createReader(seen: string[]): Reader {
  return {
    channels: ["my"],
    through: 0,
    held: new Map(),
    caughtUp: false,
    ready: () => true,
    give: ({ event }) => seen.push(event.id),
    note: () => {},
  };
}

const poll = (mailbox: Mailbox, after?: number): string[] =>
  mailbox.readFree({ channels: ["my"], ...(after !== undefined && { after }), limit: 10 }).map(({ event }) => event.id);

test("[MAIL11] what a poll was given of a dropped connection's, and did not acknowledge, is given to the next poll past its number in time", () => {
  const mailbox = open();
  const reader = createReader([]);
  mailbox.attach(reader);
  receive(mailbox, "e1");
  mailbox.detach(reader);
  const after = mailbox.count().last;
  expect(poll(mailbox, after)).toEqual(["e1"]);
  // Whoever is dealing with it polls for more meanwhile, and is not answered with the same over and over.
  expect(poll(mailbox, after)).toEqual([]);
  now += agentLimits.pollHold;
  expect(poll(mailbox, after)).toEqual(["e1"]);
});

test("[MAIL11] what a poll acknowledged of a dropped connection's is given to none again", () => {
  const mailbox = open();
  const reader = createReader([]);
  mailbox.attach(reader);
  receive(mailbox, "e1");
  mailbox.detach(reader);
  const after = mailbox.count().last;
  expect(poll(mailbox, after)).toEqual(["e1"]);
  mailbox.ack({ seqs: [after] });
  now += agentLimits.pollHold;
  expect(poll(mailbox, after)).toEqual([]);
});

test("[MAIL12] mail for which a reader had no room is not overtaken by mail of the same batch that finds some", () => {
  const mailbox = open();
  const seen: string[] = [];
  const reader = createReader(seen);
  mailbox.attach(reader);
  const first = Array.from({ length: agentLimits.window }, (_, index) => ({ name: `t${index}`, turn: `turn${index}` }));
  receive(mailbox, ...first);
  expect(seen).toHaveLength(agentLimits.window);
  // The second makes room for one: the first, which waits for it, not the third.
  receive(mailbox, "waits", { name: "ends", ends: "turn0" }, "behind");
  expect(seen.at(-1)).toBe("waits");
  mailbox.ack({ seqs: [2, 3] });
  expect(seen.slice(-3)).toEqual(["waits", "ends", "behind"]);
});

test("[MAIL9] a turn is among the open ones from when it is given until it is answered, also while its row is on its way to disk", async () => {
  let ring: () => void = () => {};
  const mailbox = open((_milliseconds, work) => {
    ring = work;
  });
  mailbox.attach(createReader([]));
  const event = {
    specversion: "1.0" as const,
    id: "t",
    source: "/threads/t",
    type: "nerve.turn.assigned",
    time: "2026-11-20T12:00:00Z",
    data: { turn: "t.1.0:1" },
  };
  const message = createMail({ channel: "my", event, turn: "t.1.0:1" });
  const listOpen = () => mailbox.readOpen("turn").map(({ event: { id } }) => id);
  const inFlight = mailbox.pass({ from: "task/t.1.0", id: 1, to: "agent/alice", message });
  expect(listOpen()).toEqual(["t"]);
  now += agentLimits.pass;
  ring();
  const left = await inFlight;
  // What must be stored waits for others to share its commit.
  expect(listOpen()).toEqual(["t"]);
  const received = mailbox.receive(left ? [left] : []);
  store.transaction(received.write);
  received.wake();
  expect(listOpen()).toEqual(["t"]);
  mailbox.endTurn("t.1.0:1");
  expect(listOpen()).toEqual([]);
});

test("[MAIL9] a turn that is answered while its row is on its way to disk is open no more, and gets none", async () => {
  let ring: () => void = () => {};
  const mailbox = open((_milliseconds, work) => {
    ring = work;
  });
  mailbox.attach(createReader([]));
  const event = {
    specversion: "1.0" as const,
    id: "t",
    source: "/threads/t",
    type: "nerve.turn.assigned",
    time: "2026-11-20T12:00:00Z",
    data: { turn: "t.1.0:1" },
  };
  const inFlight = mailbox.pass({
    ...{ from: "task/t.1.0", id: 1, to: "agent/alice" },
    message: createMail({ channel: "my", event, turn: "t.1.0:1" }),
  });
  now += agentLimits.pass;
  ring();
  const left = await inFlight;
  mailbox.endTurn("t.1.0:1");
  expect(mailbox.readOpen("turn")).toEqual([]);
  const received = mailbox.receive(left ? [left] : []);
  store.transaction(received.write);
  received.wake();
  expect(readDocuments(storage.exec, "mail")).toEqual([]);
});

/** Mail of a sender, as the router makes it; how many of them were stored. */
function send(mailbox: Mailbox, source: string, count: number, data: string | null = null): number {
  const incoming = Array.from({ length: count }, () => {
    sent += 1;
    const event = { specversion: "1.0" as const, id: `s${sent}`, source, type: "a.b", time: "2026-11-20T12:00:00Z", data };
    return { envelope: { from: "agent/any", id: sent, to: "agent/alice", message: createMail({ channel: "my", event, receipt: true }) } };
  });
  const received = mailbox.receive(incoming);
  store.transaction(received.write);
  received.wake();
  for (const answer of received.answers) if (answer.status === "refused") expect(answer.code).toBe("mailbox_full");
  return received.answers.filter(({ status }) => status === "stored").length;
}

/** A turn, an offer and a word of a thread's life; whether each was stored. */
function sendEngine(mailbox: Mailbox): boolean[] {
  const make = (about: object) => {
    sent += 1;
    const event = { specversion: "1.0" as const, id: `t${sent}`, source: "/threads/t", type: "nerve.x", time: "2026-11-20T12:00:00Z" };
    return { envelope: { from: "task/t", id: sent, to: "agent/alice", message: createMail({ channel: "my", event, ...about }) } };
  };
  const received = mailbox.receive([make({ turn: `t.1:${sent}` }), make({ offer: `t:0:${sent}` }), make({})]);
  store.transaction(received.write);
  received.wake();
  return received.answers.map(({ status }) => status === "stored");
}

test("[ROOM1] one sender's events are bounded, by number and bytes, and cost nobody else their room, nor the owner its offers", () => {
  let mailbox = open();
  expect(sendEngine(mailbox)).toEqual([true, true, true]);
  expect(send(mailbox, "/agents/mallory", 10_000)).toBe(agentLimits.mailOfSender);
  expect(mailbox.refuseSent("/agents/mallory", 10)).toContain("/agents/mallory");
  expect(mailbox.refuseSent("/agents/bob", 10)).toBeUndefined();
  expect(send(mailbox, "/agents/bob", 1)).toBe(1);
  expect(mailbox.readOpen("offer")).toHaveLength(1);
  // The counts are those of what is stored, also in another life of the object.
  mailbox = open();
  expect([send(mailbox, "/agents/mallory", 1), send(mailbox, "/agents/bob", 1)]).toEqual([0, 1]);
  const large = "x".repeat(200_000);
  expect(send(mailbox, "/agents/eve", 100, large)).toBe(Math.floor(agentLimits.mailOfSenderBytes / 200_200));
  // What is acknowledged makes room.
  mailbox.ack({ seq: mailbox.count().last });
  store.transaction(() => mailbox.writeNotes());
  expect(send(mailbox, "/agents/mallory", 5)).toBe(5);
});

test("[ROOM2] many senders together leave room for operators, and for turns, offers and what threads tell", () => {
  const mailbox = open();
  let stored = 0;
  for (let sender = 0; sender < 12; sender++) stored += send(mailbox, `/agents/m${sender}`, 1_000);
  expect(stored).toBe(agentLimits.mailSent);
  expect(mailbox.refuseSent("/agents/ann", 1)).toBeDefined();
  expect(send(mailbox, "/operators/admin", 10)).toBe(10);
  for (let round = 0; round < 100; round++) expect(sendEngine(mailbox)).toEqual([true, true, true]);
});

test("[ROOM3] a transaction that was undone, and a turn answered before it was stored, take no room", () => {
  const mailbox = open();
  const event = { specversion: "1.0" as const, id: "x", source: "/agents/eve", type: "a.b", time: "2026-11-20T12:00:00Z" };
  for (let round = 0; round < 3; round++) {
    mailbox.receive(
      Array.from({ length: agentLimits.mailOfSender }, (_, index) => ({
        envelope: { from: "agent/eve", id: index + 1, to: "agent/alice", message: createMail({ channel: "my", event, receipt: true }) },
      })),
    );
    mailbox.undo();
  }
  expect(mailbox.refuseSent("/agents/eve", 1)).toBeUndefined();
});

test.each(["has a row", "passes"])(
  "[RESUME7] a turn that is given again takes the place of one that %s, and both end with its answer",
  async (before) => {
    const mailbox = open();
    const seen: string[] = [];
    const turn = "t.1.0:1";
    const give = (id: number, name: string, again: boolean) => {
      const event = {
        specversion: "1.0" as const,
        id: name,
        source: "/threads/t",
        type: "nerve.turn.assigned",
        time: "2026-11-20T12:00:00Z",
      };
      const message = createMail({ channel: "my", event: { ...event, data: { turn } }, turn, ...(again && { again }) });
      return { from: "task/t.1.0", id, to: "agent/alice", message };
    };
    const keep = (envelope: ReturnType<typeof give>) => {
      const received = mailbox.receive([{ envelope }]);
      store.transaction(received.write);
      received.wake();
    };
    if (before === "has a row") keep(give(1, "first", false));
    mailbox.attach(createReader(seen));
    const passed = before === "passes" ? mailbox.pass(give(1, "first", false)) : undefined;
    const again = give(2, "again", true);
    expect(mailbox.pass(again)).toBeUndefined();
    keep(again);
    // Nobody stores the first after the second.
    expect(await passed).toBeUndefined();
    expect(mailbox.readOpen("turn").map(({ event }) => event.id)).toEqual(["again"]);
    expect(seen).toEqual(["first", "again"]);
    mailbox.endTurn(turn);
    store.transaction(() => mailbox.writeNotes());
    expect(mailbox.readOpen("turn")).toEqual([]);
  },
);
