/** An agent's object of before documents: what its tables held is there under the same numbers, ids and names. */
import { expect, test } from "vitest";
import { openAgentDocuments } from "../../../../src/durable/agent/agent-documents.ts";
import { createTickets } from "../../../../src/durable/agent/connection/tickets.ts";
import { formerAgentTables } from "../../../../src/durable/agent/former-tables.ts";
import { createIdentity } from "../../../../src/durable/agent/identity.ts";
import { createMailbox, type Mailbox } from "../../../../src/durable/agent/mailbox/mailbox.ts";
import { createAssignments } from "../../../../src/durable/agent/presence/assignments.ts";
import { createSentEvents } from "../../../../src/durable/agent/sent-events.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { createMail } from "../../../../src/durable/protocol/agent.ts";

const now = 1_800_000_000_000;
const clock = { now: () => now };
const thread = "taaaaaaaaaaaaaaaaaaaaaaaaa";

/** The tables as they were at a version, and nothing in them. */
function layOut(version: number): NodeStorage {
  const storage = createNodeStorage();
  storage.exec("CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
  storage.exec("INSERT INTO schema_version VALUES ('agent', ?)", version);
  for (const statements of formerAgentTables.migrations.slice(0, version)) storage.exec(statements);
  storage.exec(
    `INSERT INTO agent VALUES (1, '{"id":"alice","capabilities":["x"],"roles":null,"kinds":null}', '{"slots":2}', 'newest', 10000, 0)`,
  );
  return storage;
}

const makeEvent = (id: string, source: string) => ({
  ...{ specversion: "1.0" as const, id, source, type: "a.b", time: "2026-11-20T12:00:00Z" },
  data: { nothing: null, text: 'a "b" ü' },
});

/** The object with all of its tables in use. */
function layOutWhole(): NodeStorage {
  const storage = layOut(formerAgentTables.migrations.length);
  const mail = (seq: number, event: object, more: { [column: string]: string | number } = {}): void => {
    const row = { seq, channel: "my", event: JSON.stringify(event), held: 0, ...more };
    const places = Object.values(row).map(() => "?");
    storage.exec(`INSERT INTO mailbox (${Object.keys(row)}) VALUES (${places})`, ...Object.values(row));
  };
  mail(3, makeEvent("e3", "/agents/bob"), { source: "/agents/bob", bytes: 100 });
  mail(4, makeEvent("t4", "/threads/t"), { turn: `${thread}.1.0:1`, acked: 1 });
  mail(5, makeEvent("o5", "/threads/t"), { offer: `${thread}:r:0`, channel: "open", expires: now + 1 });
  mail(6, makeEvent("o6", "/threads/t"), { offer: `${thread}:r:1`, channel: "open", expires: now - 1 });
  mail(7, makeEvent("h7", "/agents/eve"), { held: 1, source: "/agents/eve", bytes: 100 });
  mail(8, makeEvent("e8", "/agents/bob"), { source: "/agents/bob", bytes: 100 });
  storage.exec("INSERT INTO sender VALUES ('agent/bob', 9, NULL, 1), ('agent/eve', 4, 7, 1)");
  storage.exec("INSERT INTO sender VALUES (?, 5, NULL, 2), (?, 6, NULL, 3)", `recruitment/${thread}`, `task/${thread}.1.0`);
  storage.exec(
    `INSERT INTO sent (id, hash, answer, at, routed) VALUES ('s1', 'h"1', '{"id":"s1","status":"accepted","threads":[],"notes":[]}', 5, NULL),
       ('s2', 'h2', '{"id":"s2","status":"accepted","threads":[],"notes":[],"recipients":1}', 6, '{"event":{"id":"s2"},"routing":{"verdicts":[],"recipients":["bob"]}}')`,
  );
  storage.exec(
    `INSERT INTO seat (thread, role, workflow, generation, type, every, silence, grace, since, away) VALUES (?, 'lead', 'w', 2, 'named', 1, 3, NULL, 7, 1)`,
    thread,
  );
  storage.exec("INSERT INTO former_token VALUES ('later', ?), ('sooner', ?)", now + 20, now + 10);
  storage.exec("INSERT INTO ticket VALUES ('ticket', 'newest', ?)", now + 5);
  storage.exec("INSERT INTO claiming VALUES (?, ?, 'r', 9, 8, 0)", `${thread}:r:0`, thread);
  storage.exec("INSERT INTO presence VALUES (1, 'online', 1, 2, 3, 4, NULL)");
  storage.exec("INSERT INTO receipt VALUES ('/agents/bob', 'e1', 1, 77, 70), ('/agents/bob', 'e3', 3, NULL, 70)");
  storage.exec("INSERT INTO ignored VALUES (1, 2)");
  return storage;
}

function open(storage: NodeStorage) {
  const store = createStore(storage, "agent/alice", { agent: formerAgentTables });
  const documents = openAgentDocuments(store);
  return {
    store,
    documents,
    mailbox: createMailbox(documents, {
      clock,
      later: () => {},
      stored: () => {},
      commit: (body) => store.transaction(body),
      unread: () => {},
    }),
  };
}

const poll = (mailbox: Mailbox) => mailbox.readFree({ channels: ["my", "open"], limit: 10 }).map(({ seq, event }) => [seq, event.id]);

test("[MAIL18] mail of before documents is there under its numbers: what is acknowledged, held, expired or known as a repeat", () => {
  const { store, mailbox } = open(layOutWhole());
  // The offer that expired is shown no more, and nothing behind what is held.
  expect(poll(mailbox)).toEqual([
    [3, "e3"],
    [5, "o5"],
  ]);
  expect(mailbox.readOpen("turn")).toEqual([{ seq: 4, channel: "my", event: makeEvent("t4", "/threads/t") }]);
  expect(mailbox.locateOffer(`${thread}:r:0`)).toBe("waiting");
  expect([mailbox.isBeyond(10_000), mailbox.isBeyond(10_001)]).toEqual([false, true]);
  expect(mailbox.find({ source: "/agents/bob", id: "e1" })).toEqual({ status: "acknowledged", at: new Date(77).toISOString() });
  expect(mailbox.find({ source: "/agents/bob", id: "e3" })).toEqual({ status: "waiting" });

  const take = (from: string, id: number, phase?: "release"): void => {
    const message = createMail({ channel: "my", event: makeEvent(`${from} ${id}`, "/agents/x") });
    const received = mailbox.receive([{ envelope: { from, id, to: "agent/alice", message, ...(phase && { phase }) } }]);
    store.transaction(received.write);
    received.wake();
  };
  take("agent/eve", 4, "release");
  for (const [from, id] of [
    ["agent/bob", 9],
    ["agent/eve", 4],
    [`recruitment/${thread}`, 5],
    [`task/${thread}.1.0`, 6],
  ] as const)
    take(from, id);
  take(`task/${thread}.1.0`, 7);
  expect(poll(mailbox)).toEqual([
    [3, "e3"],
    [5, "o5"],
    [7, "h7"],
    [8, "e8"],
    [10_001, `task/${thread}.1.0 7`],
  ]);
});

test("[MAIL18] tokens, tickets, roles, claims and sent ids of before documents are known, and none of the tables is left", () => {
  const storage = layOutWhole();
  const { documents } = open(storage);
  const identity = createIdentity("alice", documents.accounts, clock, () => {});
  expect([identity.card()?.id, identity.report(), identity.due()]).toEqual(["alice", { slots: 2 }, now + 10]);
  expect(["newest", "sooner", "later", "other"].map(identity.holds)).toEqual([true, true, true, false]);
  expect(createTickets(documents.tickets, clock).redeem("ticket")).toBe("newest");
  const assignments = createAssignments(documents);
  expect(assignments.list()).toEqual([
    ...[{ thread, role: "lead", workflow: "w", generation: 2, type: "named", every: 1, silence: 3, grace: null, since: 7, away: true }],
  ]);
  expect([assignments.listClaims(), assignments.away(), assignments.shortest()]).toEqual([
    [{ offer: `${thread}:r:0`, thread, role: "r" }],
    true,
    3,
  ]);
  expect(documents.presences.get("")).toEqual({ state: "online", at: 1, heard: 2, granted: 3, connections: 4, due: null });
  expect(documents.ignored.get("")).toEqual({ offers: 2 });
  const sent = createSentEvents(documents.sent, clock);
  expect(sent.answer("s1", 'h"1')).toMatchObject({ ok: true, value: { id: "s1" } });
  expect(sent.answer("s1", "other")).toMatchObject({ ok: false, problem: { code: "id_conflict" } });
  expect([sent.readRouted("s1"), sent.readRouted("s2")]).toMatchObject([null, { routing: { recipients: ["bob"] } }]);
  const tables = storage.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name);
  expect(tables.toSorted()).toEqual(["cursor", "document", "journal"]);
});

test("[MAIL18] the tables of each version become documents, and an agent that was removed stays so", () => {
  for (let version = 1; version <= formerAgentTables.migrations.length; version++) {
    const storage = layOut(version);
    storage.exec(`INSERT INTO mailbox (seq, channel, event, held) VALUES (1, 'my', '{"id":"old"}', 0)`);
    storage.exec("INSERT INTO sender VALUES ('agent/bob', 1, NULL, 1)");
    storage.exec("UPDATE agent SET removed = 1");
    const { mailbox, documents } = open(storage);
    expect(poll(mailbox)).toEqual([[1, "old"]]);
    expect(createIdentity("alice", documents.accounts, clock, () => {}).card()).toBeUndefined();
  }
});

test("[MAIL19] an object that wakes reads what stays in memory by one query and its mailbox by another, and no event", () => {
  const storage = layOutWhole();
  open(storage);
  const statements: string[] = [];
  const exec: typeof storage.exec = (sql, ...values) => {
    statements.push(sql);
    return storage.exec(sql, ...values);
  };
  const { mailbox, documents } = open({ ...storage, exec });
  const assignments = createAssignments(documents);
  createIdentity("alice", documents.accounts, clock, () => {}).holds("newest");
  expect([mailbox.count().unacknowledged, mailbox.due(), mailbox.hasNotes(), assignments.any()]).toEqual([3, undefined, false, true]);
  mailbox.readHeld({ channels: ["my"], after: 0, through: 10_000 });
  const reads = statements.filter((sql) => sql.includes("FROM document WHERE owner = ?"));
  expect(reads.map((sql) => /SELECT (.*?) FROM/.exec(sql)?.[1])).toEqual(["collection, key, body", "key, facts"]);
});
