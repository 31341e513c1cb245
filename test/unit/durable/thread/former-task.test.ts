/** [STEP4] The tables that a task's object had once, as documents of now: from each of their versions, and with rows in every state. */
import { expect, test } from "vitest";
import type { Row, SqlValue, Storage } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import {
  describeBroadcast,
  isAsked,
  isWaitedFor,
  readAcked,
  readLastAudience,
  readMissing,
  viewBroadcasts,
} from "../../../../src/durable/thread/broadcast/audience-documents.ts";
import { listChildThreads, readChildren, readUnended } from "../../../../src/durable/thread/children/child-documents.ts";
import { readRevoked } from "../../../../src/durable/thread/recruitment/hand-over.ts";
import { readSteps } from "../../../../src/durable/thread/task/copied-steps.ts";
import { findLastCounted, readTaskStart } from "../../../../src/durable/thread/task/counted-steps.ts";
import { formerTask, readFormerTask } from "../../../../src/durable/thread/task/former-task.ts";
import { openTaskDocuments } from "../../../../src/durable/thread/task/task-documents.ts";
import {
  findDecisionAfter,
  readDecisionOf,
  readLastDecision,
  readMessages,
  readTurn,
} from "../../../../src/durable/thread/task/turn-documents.ts";
import { taskMigrations } from "../../../../src/durable/thread/thread-schema.ts";

const event = { specversion: "1.0" as const, id: "e", source: "/agents/x", type: "wanted" };
const again = { epoch: 2, start: "new" as const, round: 4, keep: 2, reason: "again" };
const start = { thread: "t1", workflow: "w", event, initiator: "x" };

type Tables = Record<string, Row[]>;

const message = (turn: number, role: string, agent: string | null, output: object, body: string | null = null): Row => ({
  ...{ turn, role, agent, output: JSON.stringify(output), body, at: turn * 10 },
});

const decision = (round: number, to: string, effects: object = {}, more: Row = {}): Row => ({
  ...{ round, turn: round + 1, node: "ann", edge: `to-${to}`, target: to, prompt: `go to ${to}`, at: round * 10 },
  because: JSON.stringify({ form: "status", status: "done" }),
  location: null,
  effects: JSON.stringify({ emits: [{ kind: "said" }], spawns: [], ...effects }),
  ...more,
});

/** What the first version had. */
const first: Tables = {
  task: [{ one: 1, thread: "t1", workflow: "w", event: JSON.stringify(start) }],
  message: [message(1, "ann", "ann", { $status: "done", n: 1 }, "said more"), message(2, "bea", "bea", { $status: "done", n: 2 })],
  decision: [decision(0, "ann"), decision(1, "bea"), decision(2, "$END", {}, { turn: null })],
  progress: [{ turn: 2, role: "bea", agent: "bea", note: null, details: JSON.stringify({ half: true }), at: 15 }],
  answered: [
    { agent: "ann", id: "a1", hash: "h1", turn: 1 },
    { agent: "bea", id: "p1", hash: "h2", turn: 2 },
  ],
};

const member = (turn: number, agent: string, status: string, said: Row = {}): Row => ({
  ...{ turn, agent, status, invalid: 0, output: null, body: null, error: null, at: null },
  ...said,
});

/** A thread that was restarted, with a step that was copied, children, two broadcasts, and a turn that somebody has. */
const all: Tables = {
  ...first,
  task: [{ one: 1, thread: "t1", workflow: "w", event: JSON.stringify({ ...start, again }) }],
  supplement: [{ one: 1, body: JSON.stringify({ more: 1 }) }],
  undone: [{ epoch: 2, after: 2, through: 4 }],
  message: [
    ...(first.message ?? []),
    message(3, "ann", "ann", { $status: "done", n: 3 }),
    message(4, "crowd", null, { $status: "$ACKED", acked: ["old"], failed: [], missing: [], answers: [] }),
    message(6, "crowd", null, { $status: "$PARTIAL", acked: ["kim"], failed: ["lee"], missing: ["max"], answers: [] }),
    message(7, "ann", null, { $status: "$TIMEOUT" }),
    message(8, "crowd", null, { $status: "$ACKED", acked: ["fork"], failed: [], missing: [], answers: [] }),
  ],
  decision: [
    ...(first.decision ?? []),
    decision(3, "crowd", { copied: true }),
    decision(5, "crowd", { of: 2 }),
    decision(6, "ann"),
    decision(7, "crowd", {}, { because: "", prompt: null, location: "here" }),
    decision(8, "crowd"),
  ],
  given: [{ turn: 9, attempt: 2, role: "ann", agent: "ann", at: 95 }],
  revoked: [{ turn: 9, agent: "bob", generation: 3, role: "ann", reason: "lost", at: 93 }],
  child_thread: [
    { round: 6, place: 0, workflow: "c", awaited: 1, thread: "c0", status: "completed", output: '{"n":1}', error: null, told: 1 },
    { round: 6, place: 1, workflow: "c", awaited: 0, thread: null, status: "starting", output: null, error: null, told: 0 },
    { round: 6, place: 2, workflow: "c", awaited: 1, thread: "c2", status: "live", output: null, error: null, told: 0 },
    { round: 8, place: 0, workflow: "c", awaited: 1, thread: null, status: "refused", output: null, error: "no such", told: 1 },
  ],
  asking: [{ turn: 10, task: "t1.1", message: JSON.stringify({ type: "audience.ask", turn: 10 }), tries: 2, next_at: 99 }],
  broadcast: [
    { turn: 4, task: "t1.1", role: "crowd", asked: 1, left_out: 0, at: 1, deadline: 2, expires: 3, closed: "$ACKED" },
    { turn: 6, task: "t1-2.1", role: "crowd", asked: 4, left_out: 5, at: 50, deadline: 60, expires: 70, closed: null },
  ],
  audience: [
    member(4, "old", "acked", { at: 2 }),
    member(6, "kim", "acked", { output: '{"ok":true}', body: "yes", at: 55 }),
    member(6, "lee", "failed", { error: "broke", at: 56, invalid: 2 }),
    member(6, "max", "asked"),
    member(6, "nan", "late", { output: '{"ok":false}', at: 57 }),
  ],
};

function fill(storage: Storage, version: number, tables: Tables): void {
  for (const statements of taskMigrations.slice(0, version)) storage.exec(statements);
  storage.exec("CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
  storage.exec("INSERT INTO schema_version VALUES ('task', ?)", version);
  for (const [table, rows] of Object.entries(tables))
    for (const row of rows) {
      const names = Object.keys(row);
      const values: SqlValue[] = Object.values(row);
      storage.exec(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`, ...values);
    }
}

function convert(version: number, tables: Tables) {
  const storage = createNodeStorage();
  fill(storage, version, tables);
  const documents = openTaskDocuments(createStore(storage, "task/t1", { task: formerTask }));
  const left = storage.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
  expect(left.map(({ name }) => name)).toEqual(["cursor", "document", "journal"]);
  return documents;
}

test.each(taskMigrations.map((_, at) => at + 1))("[STEP4] from version %i: steps, decisions and what was answered", (version) => {
  const documents = convert(version, first);
  expect(readTaskStart(documents)).toEqual(start);
  expect(readMessages(documents, { limit: 10 })).toEqual({
    messages: [
      {
        ...{ round: 1, role: "ann", agent: "ann", output: { $status: "done", n: 1 }, body: "said more", at: new Date(10).toISOString() },
        decision: { to: "bea", prompt: "go to bea", because: '{"form":"status","status":"done"}' },
      },
      {
        ...{ round: 2, role: "bea", agent: "bea", output: { $status: "done", n: 2 }, at: new Date(20).toISOString() },
        decision: { to: "$END", prompt: "go to $END", because: '{"form":"status","status":"done"}' },
      },
    ],
    next: null,
  });
  expect(documents.answered.read("ann a1")).toEqual({ hash: "h1", turn: 1 });
  expect(documents.answered.read("bea p1")).toEqual({ hash: "h2", turn: 2 });
  expect(documents.progress.list({ limit: 9 }).map(([, value]) => value)).toEqual([
    { role: "bea", agent: "bea", note: null, details: { half: true }, at: 15 },
  ]);
  expect(findLastCounted(documents)?.document.tally).toEqual({
    steps: 2,
    roles: { ann: { first: 1, last: 1, agent: "ann" }, bea: { first: 2, last: 2, agent: "bea" } },
  });
});

test("[STEP4] of a thread that was restarted: which steps count, what was decided on them, and who has the turn", () => {
  const documents = convert(taskMigrations.length, all);
  expect(readTaskStart(documents)).toEqual({ ...start, again });
  expect(documents.supplement.get("")).toEqual({ more: 1 });
  expect(readMessages(documents, { limit: 10 }).messages.map(({ round, until }) => [round, until])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, 2],
    [4, 2],
    [6, undefined],
    [7, undefined],
    [8, undefined],
  ]);
  expect(findLastCounted(documents)?.document.tally).toEqual({
    steps: 5,
    roles: { ann: { first: 1, last: 1, agent: "ann" }, bea: { first: 2, last: 2, agent: "bea" }, crowd: { first: 6, last: 8 } },
  });
  expect(findDecisionAfter(documents, 2)).toMatchObject({ target: "crowd", of: 2, at: 50 });
  expect(findDecisionAfter(documents, 3)).toMatchObject({ target: "crowd", copied: true });
  expect(readDecisionOf(documents, 6)).toMatchObject({ target: "crowd", turn: 6 });
  expect(readLastDecision(documents)).toMatchObject({ round: 8, decision: { target: "crowd", children: 1 } });
  expect(readTurn(documents, 7)?.decision).toEqual({
    ...{ turn: 8, node: "ann", edge: "to-crowd", target: "crowd", prompt: null, location: "here", at: 70 },
  });
  expect(readTurn(documents, 8)?.given).toEqual({ attempt: 2, role: "ann", agent: "ann", at: 95 });
  expect(readRevoked(documents, 9, "bob", 3)).toEqual({ turn: 9, agent: "bob", generation: 3, role: "ann", reason: "lost", at: 93 });
  expect(readSteps(documents, { after: 0, through: 99, limit: 99 }).messages.map(({ turn }) => turn)).toEqual([1, 2, 6, 7, 8]);
});

test("[STEP4] its children and its broadcasts", () => {
  const documents = convert(taskMigrations.length, all);
  expect(readChildren(documents, 6)).toMatchObject([
    { place: 0, awaited: true, thread: "c0", status: "completed", output: { n: 1 }, error: null, told: true },
    { place: 1, awaited: false, thread: null, status: "starting", output: null, told: false },
    { place: 2, thread: "c2", status: "live" },
  ]);
  expect(readUnended(documents).map(({ round, place }) => [round, place])).toEqual([
    [6, 1],
    [6, 2],
  ]);
  expect(listChildThreads(documents, 1)).toEqual(["c0"]);
  expect(listChildThreads(documents, 9)).toEqual(["c0", "c2"]);
  expect(documents.asking.entries()).toMatchObject([[expect.stringMatching(/10$/), { task: "t1.1", tries: 2, next: 99 }]]);

  expect(viewBroadcasts(documents)).toMatchObject({ crowd: { turn: 6, asked: 4, acked: 1, failed: 1, late: 1, state: "collecting" } });
  expect(readMissing(documents, 6, 9)).toEqual({ agents: ["max"], count: 1 });
  expect(describeBroadcast(documents, 6, "$PARTIAL")).toEqual({
    ...{ $status: "$PARTIAL", acked: ["kim"], failed: ["lee"], missing: ["max"], notAsked: 5 },
    answers: [
      { agent: "kim", output: { ok: true } },
      { agent: "nan", output: { ok: false } },
    ],
  });
  expect([isWaitedFor(documents, 6, "max"), isWaitedFor(documents, 6, "kim"), isWaitedFor(documents, 4, "old")]).toEqual([
    true,
    false,
    false,
  ]);
  expect([isAsked(documents, "old"), isAsked(documents, "max"), isAsked(documents, "fork")]).toEqual([true, true, false]);
  expect([...readLastAudience(documents, "crowd")]).toEqual(["kim", "lee", "max", "nan"]);
  // Of the step that was copied its own word says who acknowledged; of all others their members do.
  expect([...readAcked(documents, "crowd")].sort()).toEqual(["fork", "kim", "old"]);
});

test("[STEP4] the same rows are had as data, for another owner or object", () => {
  const storage = createNodeStorage();
  fill(storage, taskMigrations.length, all);
  const found = [...readFormerTask(storage)];
  expect(storage.exec("SELECT count(*) AS n FROM message")).toEqual([{ n: 7 }]);
  const other = createNodeStorage();
  const store = createStore(other, "task/t2");
  store.transaction(() => store.resident("task.supplement").put("", null));
  for (const { collection, key, facts, value } of found)
    other.exec("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)", "task/t2", collection, key, facts, JSON.stringify(value));
  const documents = openTaskDocuments(createStore(other, "task/t2"));
  expect(readTaskStart(documents).again).toEqual(again);
  expect(readMessages(documents, { limit: 10 })).toEqual(readMessages(convert(taskMigrations.length, all), { limit: 10 }));
});
