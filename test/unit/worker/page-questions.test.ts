/** What the inspector's pages ask beside lists: how many threads fit. */
import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import { countedMost } from "../../../src/worker/thread-index.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const at = "2026-11-20T12:00:00.000Z";

async function open() {
  const db = openSqliteD1();
  let revision = 0;
  const put = async (number: number, thread: { workflow: string; status: "running" | "completed" | "recruiting"; agents?: string[] }) => {
    const rows = Array.from({ length: number }, () => {
      revision += 1;
      const head = {
        id: `t${String(revision).padStart(25, "a")}`,
        revision: "r",
        initiator: "carol",
        key: null,
        waiting: null,
        parent: null,
      };
      return encodeRow({
        table: "thread",
        revisionNumber: revision,
        ...head,
        agents: [],
        ...thread,
        createdAt: at,
        updatedAt: at,
      } as never);
    });
    await db.batch(prepareProjection(db, rows));
  };
  return { app: createTestApp(db), put };
}

test("[API27] threads that fit are counted by status, whatever status the list shows, and an agent's own for it", async () => {
  const { app, put } = await open();
  const token = await app.register("bob");
  await put(3, { workflow: "one", status: "running" });
  await put(2, { workflow: "one", status: "completed", agents: ["bob"] });
  await put(4, { workflow: "two", status: "recruiting" });
  const none = { queued: 0, recruiting: 0, running: 0, suspended: 0, completed: 0, failed: 0, cancelled: 0, dropped: 0 };
  const count = async (query: string, as?: string) =>
    (await app.call("GET", `/v1/threads?limit=1${query}`, as === undefined ? {} : { token: as })).body.counts;
  expect(await count("")).toBeUndefined();
  expect(await count("&count=true")).toEqual({ byStatus: { ...none, running: 3, completed: 2, recruiting: 4 }, more: false });
  expect(await count("&count=true&workflow=one&status=completed")).toEqual({
    byStatus: { ...none, running: 3, completed: 2 },
    more: false,
  });
  expect(await count("&count=true&agent=bob")).toEqual({ byStatus: { ...none, completed: 2 }, more: false });
  expect(await count("&count=true&waiting=any")).toEqual({ byStatus: { ...none, running: 3, recruiting: 4 }, more: false });
  expect(await count("&count=true&waiting=place")).toEqual({ byStatus: { ...none }, more: false });
  expect(await count("&count=true", token)).toEqual({ byStatus: { ...none, completed: 2 }, more: false });
  await put(countedMost, { workflow: "many", status: "running" });
  const { byStatus, more } = await count("&count=true");
  expect([more, Object.values(byStatus as { [status: string]: number }).reduce((sum, each) => sum + each, 0)]).toEqual([
    true,
    countedMost + 1,
  ]);
});
