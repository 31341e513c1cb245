/** Dead letters over HTTP, under their name and under the old one. */
import { expect, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

test("[PARK11] the old routes answer as the new ones do, under the field's old name, and are described and audited as what they are", async () => {
  const db = openSqliteD1();
  const app = createTestApp(db);
  const thread = "taaaaaaaaaaaaaaaaaaaaaaaaa";
  const letter = { id: `${thread}:1`, thread, actor: thread, type: "agent.away", code: "poison", error: "five deliveries failed" };
  await db.batch(prepareProjection(db, [encodeRow({ table: "parked", revisionNumber: 1, gone: false, at: 1_000, ...letter })]));
  const shown = { ...letter, at: "1970-01-01T00:00:01.000Z" };
  expect((await app.call("GET", "/v1/dead-letters")).body).toEqual({ deadLetters: [shown], next: null });
  expect((await app.call("GET", "/v1/parked")).body).toEqual({ parked: [shown], next: null });
  expect((await app.call("GET", "/v1/status")).body).toMatchObject({ deadLetters: 1, parked: 1 });
  const { paths } = (await app.call("GET", "/v1/openapi.json", { token: null })).body;
  expect([paths["/v1/dead-letters"].get.deprecated, paths["/v1/parked"].get.deprecated]).toEqual([undefined, true]);
  for (const path of ["dead-letters", "parked"])
    expect((await app.call("POST", `/v1/${path}/${thread}:1/drop`, { body: {} })).status, path).toBeLessThan(500);
  const { body } = await app.call("GET", "/v1/audit");
  expect(body.decisions.map(({ action }: { action: string }) => action)).toEqual(["dead-letters.drop", "dead-letters.drop"]);
});
