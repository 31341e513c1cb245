/** Schedules in the real runtime: by the one alarm of the workflow's object, which never had a thread. */
import { evictAllDurableObjects } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { readAlarm, ringActor } from "./actors.ts";
import { call, join, publish } from "./stage.ts";

const workflow = `name: nightly
binding: cloud
description: Sums up at night.
reflexes:
  - { kind: workflow, schedule: "0 3 * * *", timezone: Asia/Kathmandu }
roles:
  worker:
    type: named
    agent: night-worker
    description: Works.
    frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: worker, prompt: "Sum up {{ data.planned }}." } }
  worker: { done: { role: $END, prompt: "Done." } }
`;

test("[SCHED9] a schedule rings by the workflow's own alarm, also of one that never had a thread, and over an eviction", async () => {
  const worker = await join("night-worker", []);
  await publish("nightly", workflow);
  const shown = (await call("GET", "/v1/workflows/nightly")).body;
  const next = Date.parse(shown.schedules[0].next);
  // A quarter of an hour aside of everybody else's hours.
  expect(new Date(next).toISOString()).toMatch(/T21:15:00\.000Z$/);
  expect(await readAlarm("workflow", "nightly")).toBe(next);
  await evictAllDurableObjects();
  vi.useFakeTimers({ toFake: ["Date"], now: next + 1_000 });
  try {
    await ringActor("workflow", "nightly");
    const turn = await worker.turn("worker");
    expect(turn.prompt).toBe(`Sum up ${new Date(next).toISOString()}.`);
    const after = (await call("GET", "/v1/workflows/nightly")).body.schedules;
    expect(after).toMatchObject([{ last: new Date(next).toISOString(), next: new Date(next + 86_400_000).toISOString() }]);
    expect((await call("DELETE", "/v1/workflows/nightly")).status).toBe(204);
  } finally {
    vi.useRealTimers();
  }
});
