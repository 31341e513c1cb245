/** An agent's object when its neighbours fail, and turns that pass through it without a row. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { InboxItem } from "../../../../src/contract/frames/server-frames.ts";
import { type Result, succeed } from "../../../../src/contract/problem.ts";
import { type AgentCore, createAgentCore } from "../../../../src/durable/agent/agent-core.ts";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import type { Reader } from "../../../../src/durable/agent/mailbox/reader.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createMail } from "../../../../src/durable/protocol/agent.ts";
import type { OpenOffer } from "../../../../src/durable/protocol/board.ts";
import type { Delivery, Envelope } from "../../../../src/durable/protocol/envelope.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { readDocuments } from "../../../host/read-documents.ts";

const principal = { operator: "admin" };
const card = { id: "alice", capabilities: [], roles: null, kinds: null };

let storage: NodeStorage;
let now: number;
let timers: { at: number; work: () => void }[];
let delivered: Envelope[];
let projected: ProjectionRow[];
let registryIsDown: boolean;
let databaseIsDown: boolean;
let fault: unknown;
let owed: number[];
let taken: Result<{ id: string; status: "accepted"; threads: string[]; notes: string[] }>;

beforeEach(() => {
  storage = createNodeStorage();
  now = 1_800_000_000_000;
  timers = [];
  delivered = [];
  owed = [];
  projected = [];
  registryIsDown = false;
  databaseIsDown = false;
  fault = undefined;
  taken = succeed({ id: "x", status: "accepted", threads: [], notes: [] });
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});

afterEach(() => void vi.restoreAllMocks());

function wake(more: Partial<Parameters<typeof createAgentCore>[1]> = {}): AgentCore {
  const core = createAgentCore("alice", {
    world: {
      address: "agent/alice",
      storage,
      clock: { now: () => now },
      scheduler: { background: (work) => void work.catch(() => {}) },
      transport: {
        deliver: async (envelope) => {
          delivered.push(envelope);
          return { status: "stored" };
        },
      },
    },
    board: { attend: async () => ({ offers: [], closed: [], over: [], young: false }), leave: async () => {} },
    registry: {
      reflexes: async () => {
        if (registryIsDown) throw new Error("D1_ERROR: no");
        return [];
      },
      revision: async () => undefined,
      agents: async () => [],
      pastTurns: async () => ({ role: [], overall: [] }),
      cards: async (ids) => ids.map((id) => ({ ...card, id })),
    },
    threadActor: () => ({
      take: async () => {
        if (fault) throw fault;
        return taken;
      },
    }),
    project: async (rows) => {
      if (databaseIsDown) throw new Error("D1_ERROR: no");
      projected.push(...rows);
    },
    settle: () => Promise.resolve(),
    later: (milliseconds, work) => void timers.push({ at: now + milliseconds, work }),
    countCommit: () => {},
    connections: () => ({ count: 0 }),
    owe: (steps) => void owed.push(steps),
    ...more,
  });
  core.register(card);
  return core;
}

/** Moves the clock and runs what was put off. */
async function pass(milliseconds: number): Promise<void> {
  now += milliseconds;
  const due = timers.filter(({ at }) => at <= now);
  timers = timers.filter(({ at }) => at > now);
  for (const { work } of due) work();
  await settle();
}

const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

function attach(core: AgentCore): { reader: Reader; given: InboxItem[] } {
  const given: InboxItem[] = [];
  const reader: Reader = {
    channels: ["my", "open"],
    through: 0,
    held: new Map(),
    caughtUp: false,
    ready: () => true,
    give: (item) => void given.push(item),
    note: () => {},
  };
  core.mailbox.attach(reader);
  return { reader, given };
}

const turn = "taaaaaaaaaaaaaaaaaaaaaaaaa.2.3:1";

function makeMail(id: number, name: string): Envelope {
  const event = { specversion: "1.0" as const, id: name, source: "/threads/t", type: "a.b", time: "2026-11-20T12:00:00Z" };
  return { from: "task/t", id, to: "agent/alice", message: createMail({ channel: "my", event }) };
}

function assign(id: number, of = turn): Envelope {
  const event = {
    specversion: "1.0" as const,
    id: `assigned.${id}`,
    source: "/threads/t",
    type: "nerve.turn.assigned",
    time: "2026-11-20T12:00:00Z",
    data: { turn: of },
  };
  return { from: "task/t", id, to: "agent/alice", message: createMail({ channel: "my", event, turn: of }) };
}

function readRows(): number {
  return readDocuments(storage.exec, "mail").length;
}

test("[KIND8] a fault of the server's own is never answered with `send it again`; a part that is away is", async () => {
  const core = wake();
  const answer = async (thrown: unknown, id: string): Promise<unknown> => {
    fault = thrown;
    const answered = await core.accept(principal, [{ id, type: "nerve.turn.respond", data: { turn, lease: 1, output: {} } }]);
    return answered.ok && answered.value[0];
  };
  const again = Object.assign(new TypeError("restarting"), { retryable: true });
  const older = new TypeError('The RPC receiver does not implement the method "take".');
  for (const [index, thrown] of [new TypeError("x.lastIndexOf is not a function"), new RangeError("too deep")].entries())
    expect(await answer(thrown, `fault-${index}`)).toMatchObject({ status: "rejected", error: { code: "bug", retryable: false } });
  for (const [index, thrown] of [new Error("Network connection lost."), again, older, "text"].entries())
    expect(await answer(thrown, `away-${index}`)).toMatchObject({ status: "rejected", error: { code: "unavailable", retryable: true } });
});

test("[EVENT6] an event that cannot be routed now is answered so, and taken under the same id later", async () => {
  const core = wake();
  const event = { id: "one", type: "a.b", to: "agents/bob" };
  registryIsDown = true;
  expect(await core.accept(principal, [event])).toMatchObject({
    value: [{ status: "rejected", error: { code: "unavailable", retryable: true, retryAfter: 1 } }],
  });
  registryIsDown = false;
  expect(await core.accept(principal, [event])).toMatchObject({ value: [{ status: "accepted" }] });
  await settle();
  expect(delivered.map(({ to }) => to)).toEqual(["agent/bob"]);
});

test("[MAIL15] while D1 is down messages leave all the same, and the log is told when it is back", async () => {
  const core = wake();
  databaseIsDown = true;
  await core.accept(principal, [{ id: "one", type: "a.b", to: "agents/bob" }]);
  await pass(300);
  expect(delivered).toHaveLength(1);
  expect(projected).toEqual([]);
  databaseIsDown = false;
  // Also after its death.
  const again = wake();
  await again.alarm();
  expect(projected).toMatchObject([{ table: "event", event: { id: "one" } }]);
});

test("[MAIL13] a turn that a connected agent answers at once has no row; one that takes its time has", async () => {
  const core = wake();
  const { given, reader } = attach(core);
  const delivering = core.deliver(assign(1));
  await settle();
  expect(given).toHaveLength(1);
  expect(readRows()).toBe(0);
  await core.accept(principal, [{ id: "answer", type: "nerve.turn.respond", data: { turn, lease: 1, output: {} } }]);
  expect(await delivering).toEqual({ status: "stored" });
  expect([readRows(), reader.held.size]).toEqual([0, 0]);

  const slow = core.deliver(assign(2));
  await settle();
  await pass(agentLimits.pass);
  // The turn was answered before: what is given again is over, and none to show.
  expect(await slow).toEqual({ status: "stored" });
  expect(readRows()).toBe(0);
});

/** Documents that are written from now on, by their collections, and what deletes some. */
function watchWrites(): string[] {
  const written: string[] = [];
  const { exec } = storage;
  storage.exec = (sql, ...values) => {
    if (sql.startsWith("INSERT OR REPLACE INTO document")) for (let at = 1; at < values.length; at += 5) written.push(String(values[at]));
    else if (sql.startsWith("DELETE FROM document")) written.push(sql);
    return exec(sql, ...values);
  };
  return written;
}

test("[MAIL20] a turn that is answered at once writes nothing, one that is stored a row, and one more once it is acknowledged and answered", async () => {
  const core = wake();
  attach(core);
  await core.deliver(makeMail(1, "before"));
  core.note({ seqs: [1] });
  await pass(agentLimits.lazy);
  const written = watchWrites();
  const answer = (id: string, of: string) =>
    core.accept(principal, [{ id, type: "nerve.turn.respond", data: { turn: of, lease: 1, output: {} } }]);
  const quick = core.deliver(assign(2, `${turn}1`));
  await settle();
  await answer("quick", `${turn}1`);
  await quick;
  await pass(agentLimits.lazy);
  expect(written).toEqual([]);

  const slow = core.deliver(assign(3, `${turn}2`));
  await settle();
  await pass(agentLimits.pass);
  await slow;
  expect(written).toEqual(["page"]);
  core.note({ seqs: [3] });
  await answer("slow", `${turn}2`);
  await pass(agentLimits.lazy);
  expect(written).toEqual(["page", "page"]);
  expect(readRows()).toBe(0);
});

test("[COUNT12] acknowledgements that a commit writes within a second cost none of their own, the last one is written after a second", async () => {
  let commits = 0;
  const core = wake({
    countCommit() {
      commits += 1;
    },
  });
  attach(core);
  core.presence.hear();
  commits = 0;
  for (let seq = 1; seq <= 10; seq += 1) {
    await core.deliver(makeMail(seq, "before"));
    core.note({ seqs: [seq] });
    await pass(agentLimits.lazy * 0.4);
  }
  expect(commits).toBe(10);
  expect(readRows()).toBe(1);
  await pass(agentLimits.lazy * 0.6);
  expect(commits).toBe(11);
  expect(readRows()).toBe(0);
});

test("[MAIL14] a turn whose connection drops before it is stored goes to the next poll", async () => {
  const core = wake();
  const { reader } = attach(core);
  const delivering = core.deliver(assign(1));
  await settle();
  core.mailbox.detach(reader);
  expect(await delivering).toEqual({ status: "stored" });
  expect(await core.inbox(principal, { channels: ["my"], waitSeconds: 0, limit: 10 })).toMatchObject({ value: { events: [{ seq: 1 }] } });
  expect(await core.inbox(principal, { channels: ["my"], after: 1, waitSeconds: 0, limit: 10 })).toMatchObject({
    value: { events: [{ seq: 1 }] },
  });
});

test("[EVENT10] a turn that was given back and given again stays, though the answer to giving it back comes late", async () => {
  const core = wake();
  await core.deliver(assign(1));
  const fail = core.accept(principal, [{ id: "fail", type: "nerve.turn.fail", data: { turn, lease: 1, error: "x", retryable: true } }]);
  const delivery: Delivery = await core.deliver(assign(2));
  expect(delivery).toEqual({ status: "stored" });
  await fail;
  await pass(agentLimits.lazy);
  expect(core.mailbox.readOpen("turn").length).toBeGreaterThan(0);
});

test("[FAIR11] an event owes a step for each agent that it is sent to", async () => {
  const core = wake();
  const to = ["bob", "carol", "dan"].map((agent) => `agents/${agent}`).join();
  await core.accept(principal, [{ id: "many", type: "a.b", to }]);
  await core.accept(principal, [{ id: "none", type: "a.b" }]);
  expect(owed).toEqual([3, 0]);
});

test("[FAIR12] mailboxes are asked for room no faster than events are taken, however many an event is for", async () => {
  const paced: (() => void)[] = [];
  const asked: string[] = [];
  const core = wake({
    pace: () => new Promise((resolve) => paced.push(resolve)),
    askRoom: async (agent) => {
      asked.push(agent);
      return null;
    },
  });
  const to = Array.from({ length: 20 }, (_, n) => `agents/a${n}`).join();
  const answering = core.accept(principal, [{ id: "many", type: "a.b", to }]);
  await vi.waitFor(() => expect(paced).toHaveLength(20));
  expect(asked).toEqual([]);
  for (const go of paced.splice(0, 3)) go();
  await settle();
  expect(asked).toHaveLength(3);
  for (const go of paced.splice(0)) go();
  expect(await answering).toMatchObject({ ok: true, value: [{ status: "accepted", recipients: 20 }] });
  expect(asked).toHaveLength(20);
});

test("[HOST36] mail that comes together is given in order and stored in one commit, and behind what is not taken none is", async () => {
  let commits = 0;
  const core = wake({ countCommit: () => void commits++ });
  const { given } = attach(core);
  // Reserves numbers.
  await core.deliver(makeMail(1, "zeroth"));
  given.length = commits = 0;
  const more = [assign(3), makeMail(4, "third")].map(({ id, message }) => ({ id, message }));
  expect(await core.deliver({ ...makeMail(2, "first"), more })).toEqual({ status: "stored", more: 2 });
  expect([given.map(({ event }) => event.id), commits, readRows()]).toEqual([["first", "assigned.3", "third"], 1, 4]);
  const unknown = [
    { id: 6, message: { type: "of.tomorrow" } },
    { id: 7, message: makeMail(7, "sixth").message },
  ];
  expect(await core.deliver({ ...makeMail(5, "fourth"), more: unknown })).toEqual({ status: "stored", more: 0 });
  expect(await core.deliver(makeMail(7, "sixth"))).toEqual({ status: "stored" });
  expect(given.map(({ event }) => event.id).slice(3)).toEqual(["fourth", "sixth"]);
});

const openOffer = (offer: string): OpenOffer => ({
  offer,
  event: makeOfferEvent(offer, "opened"),
  expires: now + 600_000,
  terms: { workflow: "w", role: { name: "r", eligibility: { all: [], notAgents: [] } } },
});

function makeOfferEvent(offer: string, what: "opened" | "closed") {
  const time = new Date(now).toISOString();
  return {
    specversion: "1.0" as const,
    id: `${offer}.${what}`,
    source: "/threads/t",
    type: `nerve.offer.${what}`,
    time,
    data: { offer, heartbeat: { every: "30s", miss: 3 } },
  };
}

test("[BOARD16] in a life that has just begun an agent hears that an offer of before has closed, once; in one that has not, nothing of offers that it never had", async () => {
  const core = wake();
  const { given } = attach(core);
  const closed = [makeOfferEvent("t:0:1", "closed")];
  core.hint({ closed });
  core.hint({ closed });
  expect(given.map(({ event }) => event.id)).toEqual(["t:0:1.closed"]);
  now += agentLimits.offersForgotten + 1;
  core.hint({ closed: [makeOfferEvent("t:0:2", "closed")] });
  expect(given).toHaveLength(1);
});

test("[BOARD6] an offer that opens and closes writes nothing, if the agent acknowledges it soon, in whatever order; else it is kept for the next connection", async () => {
  let commits = 0;
  const core = wake({ countCommit: () => void commits++ });
  const { given, reader } = attach(core);
  core.hint({ opened: openOffer("t:0:0"), closed: [] });
  core.note({ seqs: given.map(({ seq }) => seq) });
  core.hint({ closed: [makeOfferEvent("t:0:0", "closed")], keep: true });
  core.note({ seqs: given.map(({ seq }) => seq) });
  await pass(agentLimits.lazy);
  await pass(agentLimits.offersLazy);
  // The first reserves numbers.
  commits = 0;
  core.hint({ opened: openOffer("t:0:1"), closed: [] });
  core.hint({ closed: [makeOfferEvent("t:0:1", "closed")], keep: true });
  core.note({ seqs: given.map(({ seq }) => seq) });
  await pass(agentLimits.lazy);
  await pass(agentLimits.offersLazy);
  expect([commits, readDocuments(storage.exec, "offer").length]).toEqual([0, 0]);
  core.hint({ opened: openOffer("t:0:2"), closed: [] });
  core.hint({ closed: [makeOfferEvent("t:0:2", "closed")], keep: true });
  await pass(agentLimits.offersLazy);
  expect([commits, readDocuments(storage.exec, "offer").length]).toEqual([1, 1]);
  core.mailbox.detach(reader);
  const next = attach(wake());
  expect(next.given.map(({ event }) => event.id)).toEqual(["t:0:2.closed"]);
});
