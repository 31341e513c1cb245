import { expect, test } from "vitest";
import { compilePublished } from "../../../src/compile/compile-published.ts";
import { fine } from "../cli/run.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

test("[WFLOW10] revisions are listed with their threads, and their files shown by the beginning of their number", async () => {
  const db = openSqliteD1();
  const app = createTestApp(db, { compile: async (text) => compilePublished(text) });
  const publish = async (text: string): Promise<string> =>
    (await app.call("PUT", "/v1/workflows/fine", { body: text, headers: { "content-type": "text/yaml" } })).body.revision;
  const old = await publish(fine);
  const fresh = await publish(fine.replace("Do it.", "Do it well."));
  const add = (id: string, revision: string, status: string) =>
    db
      .prepare(
        `INSERT INTO thread (id, revision_number, workflow, revision, status, initiator, agents, created_at, updated_at)
         VALUES (?, 1, 'fine', ?, ?, 'alice', '[]', '2026-11-20T12:00:00Z', '2026-11-20T12:00:00Z')`,
      )
      .bind(id, revision, status)
      .run();
  await add("t1", old, "running");
  await add("t2", old, "suspended");
  await add("t3", old, "completed");
  expect((await app.call("GET", "/v1/workflows/fine/revisions")).body).toEqual({
    name: "fine",
    revisions: [
      { revision: fresh, published: true, threads: 0 },
      { revision: old, published: false, threads: 2 },
    ],
  });
  expect((await app.call("GET", `/v1/workflows/fine/revisions/${old.slice(0, 8)}`)).body).toMatchObject({ revision: old, source: fine });
  expect((await app.call("GET", `/v1/workflows/fine/revisions/${fresh}`)).body.source).toContain("well");
  expect(await app.call("GET", "/v1/workflows/fine/revisions/000000")).toMatchObject({ status: 404 });
  expect(await app.call("GET", "/v1/workflows/other/revisions")).toMatchObject({ status: 404 });
  expect(await app.call("GET", `/v1/workflows/other/revisions/${old}`)).toMatchObject({ status: 404 });
  expect(await app.call("GET", "/v1/workflows/fine/revisions/xyz")).toMatchObject({ status: 400 });
});

test("[WFLOW12] the machines of a revision are shown though another is published, or the workflow was withdrawn", async () => {
  const app = createTestApp(openSqliteD1(), { compile: async (text) => compilePublished(text) });
  const publish = async (text: string): Promise<string> =>
    (await app.call("PUT", "/v1/workflows/fine", { body: text, headers: { "content-type": "text/yaml" } })).body.revision;
  const old = await publish(fine);
  const fresh = await publish(fine.replace("Do it.", "Do it well."));
  const read = (query = "") => app.call("GET", `/v1/workflows/fine/machines${query}`);
  expect((await read()).body).toMatchObject({
    name: "fine",
    revision: fresh,
    ir: { name: "fine" },
    recruitment: { id: "recruitment" },
    task: { id: "task" },
  });
  const { body } = await read(`?revision=${old}`);
  expect(body).toMatchObject({ revision: old, ir: { nodes: expect.any(Array) } });
  expect(JSON.stringify(body)).not.toContain("Do it well.");
  await app.call("DELETE", "/v1/workflows/fine");
  expect(await read()).toMatchObject({ status: 404 });
  expect((await read(`?revision=${old}`)).body).toMatchObject({ revision: old });
  expect(await app.call("GET", `/v1/workflows/other/machines?revision=${old}`)).toMatchObject({ status: 404 });
  expect(await read(`?revision=${old.slice(0, 8)}`)).toMatchObject({ status: 400 });
});
