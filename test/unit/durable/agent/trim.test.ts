/** [RET5] What an object forgets by age goes in bounded steps, until nothing is left that is too old. */
import { expect, test } from "vitest";
import { createTrim, trimLimits } from "../../../../src/durable/agent/mailbox/trim.ts";
import { migrate, outboxMigrations } from "../../../../src/durable/host/schema.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createQueue, queueLimits, queueMigrations } from "../../../../src/durable/workflow/queue.ts";

const day = 86_400_000;

test("[RET5] no alarm deletes more than a step, each says when the next is due, and none looks again at once", () => {
  const storage = createNodeStorage();
  storage.exec("CREATE TABLE sent (source TEXT, id INTEGER, at INTEGER, PRIMARY KEY (source, id))");
  const rows = 2 * trimLimits.rows + 10;
  storage.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO sent SELECT 's', i, 0 FROM n`,
  );
  storage.exec("INSERT INTO sent VALUES ('s', 0, ?)", 40 * day);
  let now = 50 * day;
  const trim = createTrim(storage, { now: () => now }, [{ table: "sent", key: "source, id", days: 30 }]);
  const left = () => storage.exec<{ n: number }>("SELECT count(*) AS n FROM sent")[0]?.n;
  for (const expected of [trimLimits.rows + 11, 11, 1]) {
    trim.run();
    expect(left()).toBe(expected);
    if (expected === 1) break;
    expect(trim.due()).toBe(now + trimLimits.pauseFull);
    trim.run();
    expect(left()).toBe(expected);
    now += trimLimits.pauseFull;
  }
  expect(trim.due()).toBe(undefined);
  storage.close();
});

test("[RET5] a workflow's inbox keeps no number of threads that ended long ago", () => {
  const storage = createNodeStorage();
  migrate(storage, { lane: outboxMigrations, queue: queueMigrations });
  const queue = createQueue(storage);
  const senders = 100 + 20 * queueLimits.sendersAtOnce;
  for (let thread = 0; thread < senders; thread++) {
    const now = thread * day;
    storage.exec("INSERT INTO inbox VALUES (?, 1)", `recruitment/t${thread}`);
    queue.noteEndedSender(`recruitment/t${thread}`, now);
  }
  const kept = storage.exec<{ n: number }>("SELECT count(*) AS n FROM inbox")[0]?.n ?? 0;
  expect(kept).toBeGreaterThanOrEqual(queueLimits.senderDays);
  expect(kept).toBeLessThan(queueLimits.senderDays + 5);
  expect(storage.exec("SELECT count(*) AS n FROM ended_sender")).toEqual([{ n: kept }]);
  storage.close();
});
