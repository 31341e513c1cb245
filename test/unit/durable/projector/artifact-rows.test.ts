/** References that a thread gets from another, as the projector writes them. */
import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import { describeReferences } from "../../../../src/durable/thread/lifecycle/artifact-rows.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const [a, b] = ["a".repeat(64), "b".repeat(64)];

test("[ART12] a reference that a thread makes of a text gives nobody a right; chains of threads take along what the first refers to, in any order", async () => {
  const db = openSqliteD1();
  for (const hash of [a, b]) await db.prepare("INSERT INTO artifact VALUES (?, 'o', 1, 0)").bind(hash).run();
  await db.prepare("INSERT INTO artifact_thread VALUES ('first', ?, 1, 't/t', NULL, 0)").bind(a).run();
  const given = { out: [{ $artifact: `sha256:${a}` }, { $artifact: `sha256:${b}` }, { $artifact: "sha256:no" }] };
  const rows = [describeReferences("third", "second", given), describeReferences("second", "first", given)].flat();
  expect(rows).toEqual([
    { table: "artifact", thread: "third", from: "second", hashes: [a, b] },
    { table: "artifact", thread: "second", from: "first", hashes: [a, b] },
  ]);
  expect(describeReferences("third", "second", { text: '{"$artifact":"x"}' })).toEqual([]);
  const fork = { table: "artifact", thread: "copy", from: "third", hashes: null } as const;
  const write = () => db.batch(prepareProjection(db, [fork, ...rows].map(encodeRow)) as never);
  await write();
  await write();
  const { results } = await db.prepare("SELECT thread, hash FROM artifact_thread ORDER BY thread").all();
  expect(results).toEqual(["copy", "first", "second", "third"].map((thread) => ({ thread, hash: a })));
});
