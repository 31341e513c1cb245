/** How much may be kept: of a thread, of an agent, of all. */
import { expect, test } from "vitest";
import { createArtifactBook, nameMail } from "../../../src/durable/artifacts/artifact-book.ts";
import { requireRoom } from "../../../src/worker/artifacts/artifact-store.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

const hash = (digit: string): string => digit.repeat(64);
const factsOf = (digit: string) => ({ hash: hash(digit), size: 10, type: "t/t", name: null });

/** A database with artifacts of ten bytes that `ann` brought. */
async function open(...digits: string[]) {
  const db = openSqliteD1() as unknown as D1Database;
  for (const digit of digits) {
    await db.prepare("INSERT INTO artifact VALUES (?, ?, 10, 0)").bind(hash(digit), digit).run();
    await db.prepare("INSERT INTO artifact_holder VALUES ('ann', ?, 10, 't/t', NULL, 0)").bind(hash(digit)).run();
  }
  const count = async () => (await db.prepare("SELECT count(*) AS n FROM artifact_thread").first<{ n: number }>())?.n;
  return { db, count };
}

test.each([
  ["bytes", { threadBytes: 20, perThread: 9 }, 20],
  ["artifacts", { threadBytes: 900, perThread: 2 }, 2],
])(
  "[ART19] a thread refers to no more %s than it may, what it refers to stays, and of what is refused nothing does",
  async (_what, bounds, limit) => {
    const { db, count } = await open("a", "b", "c");
    const book = createArtifactBook(db, bounds);
    expect((await book.refer([factsOf("a"), factsOf("b")], ["t1", nameMail("bob")], 1)).ok).toBe(true);
    // What it has counts once.
    expect((await book.refer([factsOf("a")], ["t1"], 1)).ok).toBe(true);
    for (const threads of [["t1"], ["t2", "t1"], [nameMail("bob")]]) {
      const refused = await book.refer([factsOf("b"), factsOf("c")], threads, 1);
      expect(refused).toMatchObject({ ok: false, problem: { code: "storage_full", limit } });
    }
    expect(await count()).toBe(4);
    expect(await book.refer([factsOf("d")], ["t3"], 1)).toMatchObject({ ok: false, problem: { code: "artifact_unknown" } });
  },
);

test("[ART19] an agent holds no more than it may; what a thread refers to does not count, and what it only sent does", async () => {
  const { db } = await open("a", "b");
  const bounds = { uploads: 1, held: 2, heldBytes: 25 };
  const refusal = async (owner: string, size: number, more: object = {}, total = 100) => {
    try {
      await requireRoom(db, owner, size, total, { ...bounds, ...more });
      return undefined;
    } catch (error) {
      return (error as { problem: { code: string; limit: number } }).problem;
    }
  };
  expect(await refusal("ann", 1)).toMatchObject({ code: "storage_full", limit: 25 });
  expect(await refusal("ann", 5, { held: 3 })).toBeUndefined();
  expect(await refusal("ann", 6, { held: 3 })).toMatchObject({ code: "storage_full" });
  expect(await refusal("bob", 25)).toBeUndefined();
  const book = createArtifactBook(db);
  await book.refer([factsOf("a")], [nameMail("bob")], 1);
  expect(await refusal("ann", 1)).toMatchObject({ code: "storage_full" });
  await book.refer([factsOf("a")], ["t1"], 1);
  expect(await refusal("ann", 15)).toBeUndefined();
  // All together, whoever asks.
  expect(await refusal("bob", 11, {}, 30)).toMatchObject({ code: "storage_full", limit: 30 });
  expect(await refusal("operators/admin", 11, {}, 30)).toMatchObject({ code: "storage_full", limit: 30 });
  expect(await refusal("operators/admin", 10, {}, 30)).toBeUndefined();
});
