/** What is kept of agents' past turns, and how the log's clock goes. */
import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import { turnLimits } from "../../../../src/durable/projector/tables/turn-table.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { readPastTurns } from "../../../../src/durable/registry/past-turns.ts";
import { statsLimits } from "../../../../src/durable/thread/eligibility/agent-stats.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const write = (db: D1Database, rows: ProjectionRow[]) => db.batch(prepareProjection(db, rows.map(encodeRow)));

const turnRow = (n: number, role = "r"): ProjectionRow => ({
  ...{ table: "turn", turn: `t.${n}`, attempt: 1, thread: "t", workflow: "w", role, agent: "ann" },
  ...{ outcome: n % 3 === 0 ? "failed" : "answered", givenAt: n * 10, endedAt: n * 10 + 5 },
});

test("[LOG19] an agent's newest turns in a role are one row, the same in whatever order and however often they come", async () => {
  expect(turnLimits.kept).toBeGreaterThanOrEqual(statsLimits.turns);
  const all = Array.from({ length: 150 }, (_, n) => turnRow(n));
  const [once, twice] = [openSqliteD1(), openSqliteD1()];
  await write(once, all);
  for (let at = 140; at >= 0; at -= 10) for (let times = 0; times < 2; times++) await write(twice, all.slice(at, at + 10).reverse());
  const kept = async (db: D1Database) => (await db.prepare("SELECT * FROM agent_turns").all()).results;
  expect(await kept(twice)).toEqual(await kept(once));
  expect(await kept(once)).toMatchObject([{ agent: "ann", ended_at: 1_495, oldest_at: 505 }]);
  const { role, overall } = await readPastTurns(once, "ann", "w", "r");
  expect(role.map(({ ended_at }) => ended_at)).toEqual(Array.from({ length: 100 }, (_, n) => 1_495 - n * 10));
  expect(overall).toEqual(role);
});

test("[USAGE8] what a turn took is kept with it, beside turns that said nothing, and a row of before is read as it was", async () => {
  const db = openSqliteD1();
  await write(db, [
    turnRow(1),
    { ...turnRow(2), tokens: 1_200, cost: 0.03 } as ProjectionRow,
    { ...turnRow(4), tokens: 7 } as ProjectionRow,
  ]);
  await write(db, [{ ...turnRow(2), tokens: 1_200, cost: 0.03 } as ProjectionRow, turnRow(5)]);
  const { role } = await readPastTurns(db, "ann", "w", "r");
  expect(role.map(({ ended_at, tokens, cost }) => [ended_at, tokens, cost])).toEqual([
    [55, undefined, undefined],
    [45, 7, undefined],
    [25, 1_200, 0.03],
    [15, undefined, undefined],
  ]);
  expect(await db.prepare("SELECT turns ->> '$[0]' AS newest FROM agent_turns").first<{ newest: string }>()).toMatchObject({
    newest: expect.stringMatching(/^\["[^"]+","answered",50,55\]$/),
  });
});

test("[LOG19] turns of every role count overall, with those that an earlier version wrote, each once", async () => {
  const db = openSqliteD1();
  const old = db.prepare("INSERT INTO turn VALUES (?, 1, 't', 'w', ?, 'ann', 'answered', ?, ?)");
  await db.batch([old.bind("t.1", "r", 10, 15), old.bind("t.2", "r", 20, 25), old.bind("t.3", "other", 30, 35)]);
  // The last row came again, after the Worker was replaced.
  await write(db, [turnRow(2), turnRow(4), turnRow(5, "other")]);
  const { role, overall } = await readPastTurns(db, "ann", "w", "r");
  expect(role.map(({ ended_at }) => ended_at)).toEqual([45, 25, 15]);
  expect(overall.map(({ ended_at }) => ended_at)).toEqual([55, 45, 35, 25, 15]);
  expect(await readPastTurns(db, "bob", "w", "r")).toEqual({ role: [], overall: [] });
});

test("[LOG20] the log's clock does not go back, and does not follow one that was wrong by more than a day", async () => {
  const db = openSqliteD1();
  const row = (id: string): ProjectionRow => ({
    ...{ table: "event", thread: null },
    event: { specversion: "1.0", id, source: "/agents/ann", type: "t", time: "2026-11-20T12:00:00Z" },
  });
  const recorded = async (id: string) =>
    (await db.prepare("SELECT recorded_at AS at FROM log_entry WHERE id = ?").bind(id).first<{ at: number }>())?.at ?? 0;
  const hour = 3_600_000;
  await write(db, [row("a")]);
  const ahead = Date.now() + hour;
  await db.prepare("UPDATE log_entry SET recorded_at = ?").bind(ahead).run();
  await write(db, [row("b")]);
  expect(await recorded("b")).toBe(ahead);
  await db
    .prepare("UPDATE log_entry SET recorded_at = ?")
    .bind(Date.now() + 1_000 * hour)
    .run();
  await write(db, [row("c")]);
  expect(await recorded("c")).toBeLessThan(ahead);
});
