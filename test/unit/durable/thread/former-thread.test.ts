/** What a thread's root kept in tables, as documents. */
import { expect, test } from "vitest";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { findEpoch, findNextEpoch, numberNextEpoch, readOrigin, readPlan } from "../../../../src/durable/thread/lifecycle/epochs.ts";
import { openThreadDocuments, readThread } from "../../../../src/durable/thread/lifecycle/thread-rows.ts";
import { formerRecruitment, recruitmentMigrations } from "../../../../src/durable/thread/thread-schema.ts";
import { makeFormer } from "../../../host/stored.ts";

const deep = `${"[".repeat(1_500)}${"]".repeat(1_500)}`;
const event = `{"specversion":"1.0","id":"e'0","source":"/agents/lead","type":"wanted","data":${deep}}`;
const plan = (reason: string): string => `{"start":"new","at":2,"node":"writer","reason":"${reason}","supplement":${deep},"round":4}`;

test("[OWN10] what a root knew of its thread in tables it knows in documents: its epochs, where it comes from, and how often it was copied", () => {
  const storage = createNodeStorage();
  const at = recruitmentMigrations.findIndex((sql) => sql.includes("'thread.epochs'"));
  makeFormer(storage, { recruitment: recruitmentMigrations.slice(0, at) });
  storage.exec(
    "INSERT INTO thread (one, id, workflow, revision, event, initiator, key, status, changes, task, outcome, reason, parent, priority, created_at, updated_at) VALUES (1, 't1', 'pair', 'r1', ?, 'lead', NULL, 'queued', 7, 'task/t1.1.2', NULL, 'it''s late', ?, 2.5, 10, 20)",
    event,
    '{"thread":"t0","task":"task/t0.1.2","round":1,"place":0}',
  );
  for (const [number, begun] of [
    [2, 1],
    [3, 2],
    [4, 1],
    [5, 0],
  ] as const)
    storage.exec("INSERT INTO epoch VALUES (?, ?, ?)", number, plan(`epoch ${number}`), begun);
  storage.exec("INSERT INTO origin VALUES (1, 't9', 3); INSERT INTO fork VALUES ('t7', 1); INSERT INTO fork VALUES ('t8', 2);");
  const lifecycle = openThreadDocuments(createStore(storage, "recruitment/t1", { recruitment: formerRecruitment }));
  const thread = readThread(lifecycle);
  expect(thread).toMatchObject({
    ...{ id: "t1", workflow: "pair", revision: "r1", initiator: "lead", key: null, status: "queued", changes: 7, task: "task/t1.1.2" },
    ...{
      outcome: null,
      reason: "it's late",
      parent: { thread: "t0", place: 0 },
      priority: 2.5,
      supplement: null,
      created_at: 10,
      updated_at: 20,
    },
  });
  expect(JSON.stringify(thread?.event)).toBe(event);
  expect([findEpoch(lifecycle), findNextEpoch(lifecycle)?.number, numberNextEpoch(lifecycle)]).toEqual([4, 5, 6]);
  expect(JSON.stringify(readPlan(lifecycle, 4))).toBe(plan("epoch 4"));
  expect(JSON.stringify(findNextEpoch(lifecycle)?.plan)).toBe(plan("epoch 5"));
  expect([readOrigin(lifecycle), lifecycle.forks.get("")]).toEqual([{ parent: "t9", at: 3 }, 2]);
  expect(storage.exec("SELECT name FROM sqlite_master WHERE name IN ('epoch', 'origin', 'fork')")).toEqual([]);
});
