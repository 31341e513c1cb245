/** A thread's two objects in the real runtime: what a wrong id leaves behind. */
import { expect, test } from "vitest";
import { listTables, readAlarm } from "./actors.ts";
import { call, join } from "./stage.ts";

test("[OWN3] events and questions under ids that nobody gave leave no table and no alarm in either object", async () => {
  const agent = await join("wanderer", []);
  const thread = `t${"a".repeat(25)}`;
  const said = [
    await agent.post("nerve.turn.respond", { turn: `${thread}.1.2:1`, lease: 1, output: {} }),
    await agent.post("nerve.turn.progress", { turn: `${thread}-2.1.2:1`, lease: 1 }),
    await agent.post("nerve.offer.claim", { offer: `${thread}:0:1` }),
    await agent.post("nerve.role.release", { thread, role: "any", lease: 1 }),
  ];
  expect(said.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  for (const path of ["", "/messages", "/trace", "/history", "/explain"])
    expect(await call("GET", `/v1/threads/${thread}${path}`), path).toMatchObject({ status: 404 });
  for (const order of ["cancel", "suspend", "resume", "restart", "fork"])
    expect(await call("POST", `/v1/threads/${thread}/${order}`, { body: {} }), order).toMatchObject({ status: 404 });
  expect(await call("POST", `/v1/dead-letters/${thread}:t1/retry`, { body: {} })).toMatchObject({ status: 404 });
  for (const kind of ["recruitment", "task"] as const) {
    expect(await listTables(kind, thread)).toEqual([]);
    expect(await readAlarm(kind, thread)).toBeNull();
  }
});
