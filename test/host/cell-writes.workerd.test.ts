/** What a cell writes in one turn of the event loop is one transaction of the real runtime's, without a savepoint of its own. */
import { env, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { layOutCell, openCellDatabase } from "../../src/durable/cell/cell-database.ts";
import type { StagedRows } from "../../src/durable/host/ports.ts";
import { createDurableStorage, createTurnStorage } from "../../src/durable/host/storage/durable-world.ts";
import { createTables } from "../../src/durable/host/store/tables.ts";
import { getActor, type TestEnv } from "./worker/index.ts";

function rowsOf(owner: string, keys: readonly string[]): StagedRows {
  return {
    owner,
    journal: [[owner, 1, 0, "{}", "x".repeat(6_000)]],
    documents: keys.map((key) => [owner, "text", key, null, "x".repeat(6_000)]),
    deletedDocuments: [],
    cursors: [],
    deletedCursors: [],
  };
}

/** The object that lends its disk is one of its own, which takes no cell's. */
function markOwn({ storage }: DurableObjectState): void {
  storage.sql.exec("UPDATE document SET body = '1' WHERE collection = 'format'");
}

test("[STORE7] a statement that fails takes back all that the cell wrote in that turn of the event loop, and its alarm", async () => {
  const find = () => getActor(env as unknown as TestEnv, "cell-full");
  await runInDurableObject(find(), (_, ctx) => {
    layOutCell(createDurableStorage(ctx));
    markOwn(ctx);
    ctx.storage.sql.exec("INSERT INTO document VALUES ('task/a', 'text', 'before', NULL, 'as it was')");
    ctx.storage.sql.exec(
      "CREATE TRIGGER full BEFORE INSERT ON document WHEN new.key = 'last' BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
    );
  });
  const failures: string[] = [];
  const dying = () =>
    runInDurableObject(find(), (_, ctx) => {
      const database = openCellDatabase({
        storage: createTurnStorage(ctx),
        failed(error) {
          failures.push(String(error));
          ctx.abort("the disk failed");
        },
      });
      database.setAlarm(Date.now() + 3_600_000);
      database.add("task/a", rowsOf("task/a", ["before", "read"]));
      // As a read does in mid-wave.
      database.show("task/a");
      database.add("task/b", rowsOf("task/b", ["first", "last"]));
      database.flush();
    });
  await expect(dying).rejects.toThrow();
  expect(failures).toEqual([expect.stringContaining("full")]);
  const left = await runInDurableObject(find(), async (_, ctx) => ({
    rows: ctx.storage.sql.exec("SELECT owner, body FROM document WHERE owner <> '' UNION ALL SELECT owner, body FROM journal").toArray(),
    alarm: await ctx.storage.getAlarm(),
  }));
  expect(left).toEqual({ rows: [{ owner: "task/a", body: "as it was" }], alarm: null });
});

test("[STORE7] what the cell wrote in one turn of the event loop without a failure is there after it ends", async () => {
  const find = () => getActor(env as unknown as TestEnv, "cell-well");
  await runInDurableObject(find(), (_, ctx) => {
    layOutCell(createDurableStorage(ctx));
    const database = openCellDatabase({ storage: createTurnStorage(ctx), failed: () => {} });
    database.add("task/a", rowsOf("task/a", ["first", "last"]));
    database.flush();
    markOwn(ctx);
  });
  await expect(() => runInDurableObject(find(), (_, ctx) => ctx.abort("it ends"))).rejects.toThrow();
  const rows = await runInDurableObject(find(), (_, ctx) =>
    ctx.storage.sql.exec("SELECT key FROM document WHERE owner = 'task/a'").toArray(),
  );
  expect(rows).toEqual([{ key: "first" }, { key: "last" }]);
});

test("[STORE10] the real runtime lays a cell of an earlier version out anew", async () => {
  const find = () => getActor(env as unknown as TestEnv, "cell-former");
  const rows = await runInDurableObject(find(), (_, ctx) => {
    const storage = createDurableStorage(ctx);
    storage.transaction(() => storage.exec(createTables));
    storage.exec("INSERT INTO document VALUES ('task/a', 'text', 'k', NULL, ?)", "x".repeat(9_000));
    layOutCell(storage);
    return storage.exec(
      "SELECT owner, length(body) AS size, sql LIKE '%WITHOUT ROWID%' AS former FROM document, sqlite_master WHERE name = 'document'",
    );
  });
  expect(rows).toEqual([
    { owner: "", size: 1, former: 0 },
    { owner: "task/a", size: 9_000, former: 0 },
  ]);
});
