/** [LOG23] Rows of the log as parameters of D1. */
import { expect, test } from "vitest";
import { countBytes } from "../../../../src/contract/limits.ts";
import { encodeRow, listStatements } from "../../../../src/durable/projector/projection-statements.ts";

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
    const bodies = packs.flatMap((json) =>
      (JSON.parse(json) as { body: string }[]).map(({ body }) => JSON.parse(body) as { id: string; data: string }),
    );
    expect(bodies.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, at) => `e${at}`));
    expect(bodies.every((body) => body.data === data)).toBe(true);
  }
});
