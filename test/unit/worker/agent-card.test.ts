/** [ATOA] Who decides on an agent's card, and what is forgotten of A2A tasks. */
import { expect, test } from "vitest";
import { listExposedAgents } from "../../../src/worker/exposed-agents.ts";
import { contextLimits, noteContext, pruneContexts } from "../../../src/worker/task-contexts.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

test("[ATOA13] an agent decides on its card until an operator says that it has none; with the agent goes its card", async () => {
  const db = openSqliteD1();
  const app = createTestApp(db);
  const token = await app.register("bob", { capabilities: ["review"] });
  const other = await app.register("eve");
  const path = "/v1/agents/bob/card";
  const put = async (who: string | undefined, description?: string) =>
    (await app.call("PUT", path, { ...(who !== undefined && { token: who }), body: { ...(description !== undefined && { description }) } }))
      .status;
  const listed = async () => (await listExposedAgents(db, 10)).map(({ id, description }) => [id, description]);
  expect((await app.call("GET", path)).body).toEqual({ exposed: false, description: null, decided: false });
  expect(await put(other)).toBe(403);
  expect(await put(token, "Reviews.")).toBe(200);
  expect(await listed()).toEqual([["bob", "Reviews."]]);
  expect((await app.call("DELETE", path, { token })).status).toBe(204);
  expect(await listed()).toEqual([]);
  expect(await put(token)).toBe(200);
  expect((await app.call("DELETE", path)).status).toBe(204);
  expect(await put(token)).toBe(403);
  expect(await put(undefined, "By ann.")).toBe(200);
  expect((await app.call("GET", path, { token })).body).toEqual({ exposed: true, description: "By ann.", decided: true });
  await app.call("DELETE", "/v1/agents/bob");
  expect(await listed()).toEqual([]);
  await app.register("bob");
  expect((await app.call("GET", path)).body).toMatchObject({ exposed: false });
});

test("[ATOA12] a context is forgotten with its threads' rows, and not before the index had time to hear of them", async () => {
  const db = openSqliteD1();
  const now = Date.parse("2026-11-20T12:00:00Z");
  await noteContext(db, "ours", "t1", now - contextLimits.lag - 1);
  await noteContext(db, "ours", "t1", now);
  await noteContext(db, "ours", "t2", now);
  await db
    .prepare(
      `INSERT INTO thread (id, revision_number, workflow, revision, status, initiator, agents, created_at, updated_at)
       VALUES ('t3', 1, 'w', 'r', 'completed', 'ann', '[]', '', '')`,
    )
    .run();
  await noteContext(db, "ours", "t3", now - contextLimits.lag - 1);
  await pruneContexts(db, now);
  const { results } = await db.prepare("SELECT thread FROM a2a_context ORDER BY thread").all<{ thread: string }>();
  expect(results.map(({ thread }) => thread)).toEqual(["t2", "t3"]);
});
