/** What a task's object keeps: how much a turn writes and reads, how repeats are known, and what a copy and a restart make of the steps. */
import { expect, test } from "vitest";
import type { SqlValue } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { readSteps, writeSteps } from "../../../../src/durable/thread/task/copied-steps.ts";
import { findLastCounted, writeTaskStart } from "../../../../src/durable/thread/task/counted-steps.ts";
import { collections, openTaskDocuments, type TaskDocuments } from "../../../../src/durable/thread/task/task-documents.ts";
import { readTaskView } from "../../../../src/durable/thread/task/task-view.ts";
import { readMessages, writeDecision, writeStep } from "../../../../src/durable/thread/task/turn-documents.ts";
import { openStage, type Stage } from "./stage.ts";

/** Two named roles that speak by turns for as long as they like; the prompts ask for what both said last. */
const talk = `
name: talk
binding: cloud
description: Two talk.
max_rounds: 5000
reflexes: [ { kind: workflow, on: [wanted] } ]
roles:
  ann: &one
    type: named
    agent: ann
    description: Talks.
    turn: { on_fail: retry }
    frontmatter: { type: object, properties: { $status: { enum: [on, over] }, n: { type: integer } }, required: [$status] }
  bea: { <<: *one, agent: bea }
graph:
  $START:
    new: { role: ann, prompt: "Begin." }
  ann:
    on: { role: bea, prompt: "{{ _last.ann.n }} and {{ _last.bea.n }}" }
    over: { role: $END, prompt: "Over." }
  bea:
    on: { role: ann, prompt: "{{ _last.ann.n }} and {{ _last.bea.n }}" }
    over: { role: $END, prompt: "Over." }
`;

interface Cost {
  reads: number;
  puts: number;
  rows: number;
  bytes: number;
}

const own: ReadonlySet<SqlValue> = new Set<SqlValue>(Object.values(collections));

/** What of the task's own collections is read and written, by statement. */
function watchDocuments(stage: Stage): { take(): Cost } {
  let cost: Cost = { reads: 0, puts: 0, rows: 0, bytes: 0 };
  const exec = stage.stores.task.exec;
  stage.stores.task.exec = (sql, ...values) => {
    const found = exec(sql, ...values);
    const named = JSON.stringify(values);
    if (/\bdocument\b/.test(sql) && [...own].some((name) => named.includes(String(name)))) {
      if (sql.startsWith("SELECT")) {
        cost.reads += 1;
        cost.bytes += JSON.stringify(found).length;
      } else if (sql.startsWith("INSERT")) {
        cost.puts += 1;
        for (let at = 0; at < values.length; at += 5) {
          if (!own.has(values[at + 1] ?? null)) continue;
          cost.rows += 1;
          cost.bytes += String(values[at + 4]).length;
        }
      } else cost.rows += found.length;
    }
    return found as never;
  };
  return {
    take() {
      const taken = cost;
      cost = { reads: 0, puts: 0, rows: 0, bytes: 0 };
      return taken;
    },
  };
}

async function speak(stage: Stage, turns: number, from = 1): Promise<void> {
  for (let at = from; at < from + turns; at += 1)
    expect(await stage.answer(at % 2 ? "ann" : "bea", { $status: "on", n: 10_000 + at }, { id: `a${at}` })).toBe("accepted");
}

async function beginTalk(): Promise<Stage> {
  const stage = openStage(talk, ["ann", "bea"]);
  await stage.start();
  return stage;
}

test("[STEP1] a turn that is answered at once writes one document of the task's, and reads none", async () => {
  const stage = await beginTalk();
  await speak(stage, 2);
  const watched = watchDocuments(stage);
  await speak(stage, 10, 3);
  expect(watched.take()).toMatchObject({ reads: 0, puts: 10, rows: 10 });
  expect(stage.turn("ann").prompt).toBe("10011 and 10012");
});

test("[STEP2] in a thread of 1,000 turns the last hundred cost what the first hundred do, also when the object slept", async () => {
  const stage = await beginTalk();
  await speak(stage, 10);
  const watched = watchDocuments(stage);
  const hundred = async (from: number): Promise<Cost> => {
    watched.take();
    await speak(stage, 50, from);
    await stage.reload();
    await speak(stage, 50, from + 50);
    return watched.take();
  };
  const first = await hundred(11);
  await speak(stage, 790, 111);
  const last = await hundred(901);
  expect({ ...last, bytes: 0 }).toEqual({ ...first, bytes: 0 });
  // Numbers have more digits by now.
  expect(last.bytes).toBeLessThan(first.bytes * 1.05);
  expect(stage.turn("ann").prompt).toBe("10999 and 11000");
});

test("[STEP3] what was said is known by its id when its turn is over and the object has slept", async () => {
  const stage = await beginTalk();
  const first = stage.turn("ann");
  const { turn } = first;
  const lease = first.lease.generation;
  const progress = { turn, lease, note: "half" };
  const fail = { turn, lease, error: "not yet", retryable: true };
  expect(await stage.say("ann", "nerve.turn.progress", progress, { id: "p1" })).toBe("accepted");
  expect(await stage.say("ann", "nerve.turn.fail", fail, { id: "f1" })).toBe("accepted");
  await stage.pass(60_000);
  expect(stage.turn("ann").attempt).toBe(2);
  expect(await stage.answer("ann", { $status: "on", n: 1 }, { id: "a1", turn: first })).toBe("accepted");
  for (const reload of [false, true]) {
    if (reload) await stage.reload();
    expect(await stage.answer("ann", { $status: "on", n: 1 }, { id: "a1", turn: first })).toBe("accepted");
    expect(await stage.answer("ann", { $status: "on", n: 2 }, { id: "a1", turn: first })).toMatch(/^id_conflict/);
    expect(await stage.say("ann", "nerve.turn.progress", progress, { id: "p1" })).toBe("accepted");
    expect(await stage.say("ann", "nerve.turn.progress", { ...progress, note: "all" }, { id: "p1" })).toMatch(/^id_conflict/);
    expect(await stage.say("ann", "nerve.turn.fail", fail, { id: "f1" })).toBe("accepted");
    expect(await stage.say("ann", "nerve.turn.fail", { ...fail, error: "no" }, { id: "f1" })).toMatch(/^id_conflict/);
  }
  await stage.answer("bea", { $status: "on", n: 2 }, { id: "b1" });
  expect(await stage.answer("ann", { $status: "on", n: 3 }, { id: "a1" })).toMatch(/^id_conflict/);
  // An id is its agent's own.
  expect(await stage.answer("ann", { $status: "on", n: 3 }, { id: "b1" })).toBe("accepted");
  await speak(stage, 20, 4);
  await stage.reload();
  expect(await stage.answer("ann", { $status: "on", n: 1 }, { id: "a1", turn: first })).toBe("accepted");
  expect(await stage.answer("ann", { $status: "on", n: 2 }, { id: "a1", turn: first })).toMatch(/^id_conflict/);
});

function openDocuments() {
  const store = createStore(createNodeStorage(), "task/t1");
  return { store, documents: openTaskDocuments(store) };
}

const says = (documents: TaskDocuments, turn: number, role: string, $status = "done"): void =>
  writeStep(documents, turn, { role, agent: role, output: { $status, turn }, at: turn });

const decides = (documents: TaskDocuments, round: number, target: string, of?: number): void =>
  writeDecision(documents, round, {
    ...{ turn: round + 1, node: "ann", edge: `to-${target}`, target, prompt: `go to ${target}`, at: round },
    ...(of !== undefined && { of }),
  });

const start = {
  thread: "t1",
  workflow: "talk",
  event: { specversion: "1.0" as const, id: "e", source: "/agents/x", type: "wanted", time: "2027-01-15T08:00:00Z" },
  initiator: "x",
};

/** Five steps, of which a restart keeps the first two, and two more. */
function restart(documents: TaskDocuments): void {
  writeTaskStart(documents, start);
  decides(documents, 0, "ann");
  for (const [turn, role] of [
    [1, "ann"],
    [2, "bea"],
    [3, "ann"],
    [4, "bea"],
    [5, "cid"],
  ] as const) {
    says(documents, turn, role);
    decides(documents, turn, "next");
  }
  writeTaskStart(documents, { ...start, again: { epoch: 2, start: "new", round: 5, keep: 2, reason: "again" } });
  decides(documents, 6, "ann", 2);
  says(documents, 7, "ann", "$TIMEOUT");
  decides(documents, 7, "bea");
  says(documents, 8, "bea");
}

test("[STEP5] a copy has each step that counts once, with the last decision on it, however often it arrives", () => {
  const { store, documents } = openDocuments();
  store.transaction(() => restart(documents));
  const steps = readSteps(documents, { after: 0, through: 8, limit: 100 });
  expect(steps.messages.map(({ turn }) => turn)).toEqual([1, 2, 7, 8]);
  const page = [2, 1, 7].map((after) => readSteps(documents, { after, through: 100, limit: 1 }).messages[0]?.turn);
  expect(page).toEqual([7, 2, 8]);
  const fork = openDocuments();
  for (const part of [readSteps(documents, { after: 0, through: 2, limit: 100 }), steps, steps])
    fork.store.transaction(() => writeSteps(fork.documents, part));
  const { messages } = readMessages(fork.documents, { limit: 10 });
  expect(messages.map(({ round, decision }) => [round, decision?.prompt])).toEqual([
    [1, "go to next"],
    [2, "go to ann"],
    [7, "go to bea"],
    [8, null],
  ]);
  expect(findLastCounted(fork.documents)?.document.tally?.steps).toBe(4);
});

test("[STEP6] a role's first and last answer and the number of steps are known, also after a restart that leaves some out", async () => {
  const { store, documents } = openDocuments();
  store.transaction(() => restart(documents));
  expect(findLastCounted(documents)?.document.tally).toEqual({
    steps: 4,
    // The engine's own word is no answer.
    roles: { ann: { first: 1, last: 1, agent: "ann" }, bea: { first: 2, last: 8, agent: "bea" } },
  });
  const view = readTaskView(documents, start);
  const all = await view.steps();
  expect(all.map(({ output }) => output["turn"])).toEqual([1, 2, 7, 8]);
  expect(await Promise.all(["ann", "bea", "cid", "constructor"].map(async (role) => (await view.latest?.(role))?.output["turn"]))).toEqual([
    1,
    8,
    undefined,
    undefined,
  ]);
  // Before an epoch's first step is written it is already said what it keeps, and what this step adds is seen.
  const again = { epoch: 3, start: "new" as const, round: 8, keep: 1, reason: "once more" };
  const next = readTaskView(documents, { ...start, again }, [{ turn: 10, step: { role: "bea", output: { $status: "done", turn: 10 } } }]);
  expect((await next.latest?.("bea"))?.output["turn"]).toBe(10);
  expect((await next.first?.("bea"))?.output["turn"]).toBe(10);
  expect((await next.first?.("ann"))?.output["turn"]).toBe(1);
  expect((await next.steps()).map(({ output }) => output["turn"])).toEqual([1, 10]);
  expect(readMessages(documents, { limit: 3 })).toMatchObject({ messages: [{}, {}, { round: 3, until: 2 }], next: 3 });
  expect(readMessages(documents, { after: 5, limit: 5 })).toMatchObject({ messages: [{ round: 7 }, { round: 8 }], next: null });
});
