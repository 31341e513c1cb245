/** [LOG23] Rows of the log as parameters of D1. */
import { expect, test } from "vitest";
import type { Json } from "../../../../src/contract/event.ts";
import { countBytes, limits } from "../../../../src/contract/limits.ts";
import { encodeRow, encodeRows, listStatements, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const bound = 2_000_000;

const list = (texts: string[]): string[] => {
  const rows = texts.map((data, at) =>
    encodeRow({
      table: "event",
      event: { specversion: "1.0", id: `e${at}`, source: "/agents/a", type: "said", time: "2026-01-01T00:00:00Z", data },
      thread: null,
    }),
  );
  return [...new Set(listStatements(rows).map(({ json }) => json))];
};

test("[LOG23] rows go in few parameters, none of which is larger than D1 takes, however much JSON adds to what was sent", () => {
  expect(list(Array.from({ length: 500 }, () => "x".repeat(1_000)))).toHaveLength(1);
  for (const data of ['"'.repeat(40_000), "\\".repeat(90_000), "\u0001".repeat(60_000), "ü".repeat(100_000)]) {
    const packs = list(Array.from({ length: 40 }, () => data));
    for (const json of packs) expect(countBytes(json)).toBeLessThan(bound);
    const bodies = packs.flatMap((json) => (JSON.parse(json) as { event: { id: string; data: string } }[]).map(({ event }) => event));
    expect(bodies.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, at) => `e${at}`));
    expect(bodies.every((body) => body.data === data)).toBe(true);
  }
});

test("[LOG28] the log keeps an event byte for byte as it was sent, with the facts that it is found by", async () => {
  const deep = (levels: number): Json => (levels === 0 ? "end" : levels % 2 ? [deep(levels - 1)] : { "": deep(levels - 1) });
  const data: Json[] = [
    ...['a "quoted" \\ line\n\t', "\u0000\u0001\u001f\u007f", "\ud800 alone", "\u{1f600}\u2028", "</script>", "", "'", "{}"],
    ...[0, -1.5, 1e21, 1e-7, 0.1, Number.MAX_SAFE_INTEGER, 5e-324, 1.7976931348623157e308, true, false, null, [], {}],
    ...[{ __proto__x: 1, 'a"b': [1, [2]], "$.a": { "": null }, 7: "seven" }, [[[]], [{}]]],
    ...[deep(limits.dataDepth), deep(200)],
  ];
  const db = openSqliteD1();
  const rows = data.map((value, at): ProjectionRow => {
    const thread = at % 3 === 0 ? null : "t1";
    const source = at % 3 === 1 ? "/threads/t1" : "/agents/a";
    const correlationid = at % 2 ? "t1" : "other";
    const type = at % 4 ? "said" : "nerve.turn.respond";
    const event = { specversion: "1.0" as const, id: `e${at}`, source, type, correlationid, time: "2026-01-01T00:00:00.250Z", data: value };
    return {
      table: "event",
      thread,
      event,
      ...(at % 2 && { at }),
      ...(at % 5 === 0 && { routing: { verdicts: [], recipients: [`a${at}`] } }),
    };
  });
  // Some came together, and others alone.
  await db.batch(prepareProjection(db, [...encodeRows(rows.slice(0, 12)), ...rows.slice(12).map(encodeRow)]));
  const kept = await db
    .prepare("SELECT committed_at, by_source, by_type, id, source, type, thread, correlation, cause, routing, body FROM log_entry")
    .all();
  expect(kept.results).toEqual(
    rows.map((row, at) => {
      const { event, thread, routing } = row as Extract<ProjectionRow, { table: "event" }>;
      return {
        ...{ committed_at: row.at ?? Date.parse(event.time), by_source: at % 3 === 1 ? 0 : 1, by_type: at % 4 ? 1 : 0 },
        ...{ id: event.id, source: event.source, type: event.type, thread, cause: null },
        correlation: event.correlationid === thread ? null : event.correlationid,
        ...{ routing: routing ? JSON.stringify(routing) : null, body: JSON.stringify(event) },
      };
    }),
  );
});

test("[LOG28] a row of a table that this Worker does not have is refused, so that its object sends it again", () => {
  expect(() => encodeRow({ table: "later" } as never)).toThrow("no table later");
});
