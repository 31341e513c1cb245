/** A mailbox by itself: that nothing in it passes a reader by, however readers come and go. */
import { beforeEach, expect, test } from "vitest";
import { agentLimits, agentMigrations } from "../../../src/durable/agent/agent-schema.ts";
import { createMailbox, type Mailbox } from "../../../src/durable/agent/mailbox.ts";
import type { Reader } from "../../../src/durable/agent/reader.ts";
import { laneMigrations, migrate } from "../../../src/durable/host/schema.ts";
import { createMail } from "../../../src/durable/mail.ts";
import { createNodeStorage, type NodeStorage } from "../../../src/durable/storage/node-storage.ts";

let storage: NodeStorage;
let now: number;
let sent: number;

beforeEach(() => {
  storage = createNodeStorage();
  now = 1_800_000_000_000;
  sent = 0;
  migrate(storage, { lane: laneMigrations, agent: agentMigrations });
});

/** @param later takes what is put off */
function open(later: (milliseconds: number, work: () => void) => void = () => {}): Mailbox {
  return createMailbox({ storage, clock: { now: () => now } }, { from: 0, reserve: () => {} }, later, () => {});
}

/** Mail that arrives together, by name; `ends` is the offer that it ends. */
function receive(mailbox: Mailbox, ...names: (string | { name: string; offer?: string; ends?: string })[]): void {
  const received = mailbox.receive(
    names.map((each) => {
      const { name, ...about } = typeof each === "string" ? { name: each } : each;
      const event = { specversion: "1.0" as const, id: name, source: "/agents/bob", type: "a.b", time: "2026-11-20T12:00:00Z" };
      sent += 1;
      return { envelope: { from: "agent/bob", id: sent, to: "agent/alice", message: createMail({ channel: "my", event, ...about }) } };
    }),
  );
  storage.transaction(received.write);
  received.wake();
}

function createReader(seen: string[]): Reader {
  return {
    channels: ["my"],
    through: 0,
    held: new Map(),
    caughtUp: false,
    ready: true,
    give: ({ event }) => seen.push(event.id),
    note: () => {},
  };
}

const poll = (mailbox: Mailbox, after?: number): string[] =>
  mailbox.readFree({ channels: ["my"], ...(after !== undefined && { after }), limit: 10 }).map(({ event }) => event.id);

test("what a poll was given of a dropped connection's, and did not acknowledge, is given to the next poll past its number in time", () => {
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

test("what a poll acknowledged of a dropped connection's is given to none again", () => {
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

test("mail for which a reader had no room is not overtaken by mail of the same batch that finds some", () => {
  const mailbox = open();
  const seen: string[] = [];
  const reader = createReader(seen);
  mailbox.attach(reader);
  const first = Array.from({ length: agentLimits.window }, (_, index) => ({ name: `o${index}`, offer: `offer${index}` }));
  receive(mailbox, ...first);
  expect(seen).toHaveLength(agentLimits.window);
  // The second makes room for one: the first, which waits for it, not the third.
  receive(mailbox, "waits", { name: "ends", ends: "offer0" }, "behind");
  expect(seen.at(-1)).toBe("waits");
  mailbox.ack({ seqs: [2, 3] });
  expect(seen.slice(-3)).toEqual(["waits", "ends", "behind"]);
});

test("a turn is among the open ones from when it is given until it is answered, also while its row is on its way to disk", async () => {
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
  const passing = mailbox.pass({ from: "task/t.1.0", id: 1, to: "agent/alice", message });
  expect(listOpen()).toEqual(["t"]);
  now += agentLimits.pass;
  ring();
  const left = await passing;
  // What must be stored waits for others to share its commit.
  expect(listOpen()).toEqual(["t"]);
  const received = mailbox.receive(left ? [left] : []);
  storage.transaction(received.write);
  received.wake();
  expect(listOpen()).toEqual(["t"]);
  mailbox.endTurn("t.1.0:1");
  expect(listOpen()).toEqual([]);
});

test("a turn that is answered while its row is on its way to disk is open no more, and gets none", async () => {
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
  const passing = mailbox.pass({
    ...{ from: "task/t.1.0", id: 1, to: "agent/alice" },
    message: createMail({ channel: "my", event, turn: "t.1.0:1" }),
  });
  now += agentLimits.pass;
  ring();
  const left = await passing;
  mailbox.endTurn("t.1.0:1");
  expect(mailbox.readOpen("turn")).toEqual([]);
  const received = mailbox.receive(left ? [left] : []);
  storage.transaction(received.write);
  received.wake();
  expect(storage.exec("SELECT 1 FROM mailbox")).toEqual([]);
});
