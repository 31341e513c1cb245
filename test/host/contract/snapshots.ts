/** [HOST15] [HOST16] The host's contract: history, and what an earlier version stored. */
import { expect, test } from "vitest";
import { changeActor } from "../stored.ts";
import type { OpenStage } from "./stage.ts";

export function testSnapshots(open: OpenStage): void {
  test("[HOST15] history tells each event with the states around it and its effects", async () => {
    const { w, a } = open();
    await w.start(a, "clock");
    await w.send(a, { type: "after" });
    await w.send(a, { type: "leave" });
    const history = await w.history(a);
    expect(history).toMatchObject([
      { revision: 1, event: { type: "xstate.init" }, before: null, after: "idle" },
      { revision: 2, event: { type: "after" }, before: "idle", after: "waiting" },
      { revision: 3, event: { type: "leave" }, before: "waiting", after: "idle" },
    ]);
    expect(history[1]?.effects).toMatchObject([
      { type: "timer", delay: 100 },
      { type: "timer", delay: 60_000 },
    ]);
    expect((await w.history(a, { after: 1, limit: 1 })).map(({ revision, before }) => [revision, before])).toEqual([[2, "idle"]]);
  });

  test("[HOST15] history keeps an event that is too long by its type and size", async () => {
    const { w, a } = open();
    await w.start(a, "counter");
    await w.send(a, { type: "add", by: 1, text: "x".repeat(100_000) });
    expect((await w.history(a))[1]?.event).toMatchObject({ type: "add", cut: expect.any(Number) });
  });

  test("[HOST16] a snapshot of another version that cannot be upgraded is refused with a clear error, and nothing is lost", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "old"));
    await at(() => w.query(a, changeActor, "$.row.version", "0"));
    await expect(async () => w.send(a, { type: "go" })).rejects.toThrow("was stored by version 0 of old, which version 1 cannot read");
    await at(() => w.query(a, changeActor, "$.row.version", "1").then(() => w.query(a, changeActor, "$.snapshot.value", "nowhere")));
    await expect(async () => w.send(a, { type: "go" })).rejects.toThrow("does not fit version 1 of old");
    await at(() => w.query(a, changeActor, "$.snapshot.value", "one"));
    expect(await w.send(a, { type: "go" })).toMatchObject({ ok: true, view: { value: "two" } });
  });
}
