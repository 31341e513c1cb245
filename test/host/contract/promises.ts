/** [HOST11] [HOST12] The host's contract: promises that a machine invokes. */
import { expect, test } from "vitest";
import { world } from "../world.ts";
import { event, type OpenStage, until } from "./stage.ts";

export function testPromises(open: OpenStage): void {
  test("[HOST11] an effectful promise runs after the commit, and its result is an event like any other", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "worker"));
    const name = `ok-${a}`;
    world.closed.add(name);
    await w.send(a, { type: "work", name });
    await w.settle();
    expect(await w.read(a)).toMatchObject({ value: "working", context: { out: null } });
    world.closed.delete(name);
    await at(() => until(() => world.waiting === 0));
    expect(await w.read(a)).toMatchObject({ value: "idle", context: { out: { worked: name } } });
    expect(world.begun.get(name)).toBe(1);
    expect((await w.history(a)).map((entry) => entry.event.type)).toEqual(["xstate.init", "work", "xstate.done.actor.w"]);
  });

  test("[HOST11] a promise that fails is an error event", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "worker"));
    await at(() => w.send(a, { type: "work", name: "fail" }));
    expect(await w.read(a)).toMatchObject({ value: "idle", context: { error: { name: "Error", message: "fail failed" } } });
  });

  test("[HOST11] a promise that a crash ended runs again, five times at most; then it fails", async () => {
    const { w, a } = open();
    await w.start(a, "worker");
    await w.settle();
    const name = `killed-${a}`;
    world.closed.add(name);
    await w.send(a, { type: "work", name });
    for (let run = 1; run <= 5; run++) {
      await until(() => world.begun.get(name) === run);
      await w.kill(a);
      await w.advance(40_000);
    }
    expect(await w.read(a)).toMatchObject({
      value: "idle",
      context: { out: null, error: { message: expect.stringContaining("given up after 5 runs") } },
    });
    world.closed.delete(name);
    await until(() => world.waiting === 0);
    expect(world.begun.get(name)).toBe(5);
    expect(await w.read(a)).toMatchObject({ revision: 3 });
  });

  test("[HOST11] leaving the state aborts the promise's signal, and its result is not heard", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "worker"));
    const [first, second] = [`left-${a}`, `next-${a}`];
    world.closed.add(first).add(second);
    await w.send(a, { type: "work", name: first });
    await until(() => world.begun.get(first) === 1);
    await w.send(a, { type: "more", name: second });
    await until(() => world.begun.get(second) === 1);
    expect(world.aborted.get(first)).toBe(1);
    world.closed.delete(second);
    await at(() => until(() => world.waiting === 0));
    expect(await w.read(a)).toMatchObject({ value: "idle", context: { out: { worked: second }, error: null } });
  });

  test("[HOST12] a pure promise shares its event's commit; later events wait for it, and nobody sees the state between", async () => {
    const { w, a } = open();
    await w.start(a, "worker");
    await w.settle();
    const name = `pure-${a}`;
    world.closed.add(name);
    const first = w.deliver(event(1, a, { type: "think", name }));
    await until(() => world.begun.get(name) === 1);
    const second = w.deliver(event(2, a, { type: "think", name }));
    expect(await w.read(a)).toMatchObject({ value: "idle", revision: 1 });
    world.closed.delete(name);
    expect(await Promise.all([first, second])).toEqual([{ status: "stored" }, { status: "stored" }]);
    expect(await w.read(a)).toMatchObject({ value: "idle", context: { out: 7 }, revision: 5 });
    expect(world.begun.get(name)).toBe(2);
  });
}
