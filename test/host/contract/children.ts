/** [HOST7] [HOST8] [HOST9] The host's contract: children in objects of their own. */
import { expect, test } from "vitest";
import type { OpenStage } from "./stage.ts";

export function testChildren(open: OpenStage): void {
  test("[HOST7] children live in objects of their own, three deep, and their completion comes up as xstate.done.actor.<id>", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "family"));
    const c = (await w.read(a))?.children[0]?.address.slice("actor/".length) as string;
    const g = (await w.read(c))?.children[0]?.address.slice("actor/".length) as string;
    expect(await w.read(g)).toMatchObject({
      logic: "family/child/grandchild",
      parent: `actor/${c}`,
      value: "waiting",
      context: { asked: 1 },
    });
    // What the child's entry action sent to its own child before the spawn has gone all the way down and up again.
    expect(await w.read(c)).toMatchObject({ context: { answers: 1, input: "hi" } });
    expect(await w.read(a)).toMatchObject({ context: { heard: 1 } });
    await at(() => w.send(a, { type: "finish" }));
    expect(await w.read(g)).toMatchObject({ status: "done", output: { from: "grandchild" } });
    expect(await w.read(c)).toMatchObject({ status: "done", children: [] });
    expect(await w.read(a)).toMatchObject({
      status: "active",
      value: "proud",
      context: { out: { answers: 1, greeting: "hi" } },
      children: [],
    });
  });

  test("[HOST7] a child that fails comes up as xstate.error.actor.<id>, through every level that does not handle it", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "family"));
    await at(() => w.send(a, { type: "fail" }));
    expect(await w.read(a)).toMatchObject({ value: "sad", context: { error: { message: "the grandchild failed" } }, children: [] });
  });

  test("[HOST7] a child that can't begin fails in its parent", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "orphan"));
    expect(await w.read(a)).toMatchObject({ value: "b", context: { error: { message: "this definition is no machine" } } });
  });

  test("[HOST7] children come by actions as well, and go by stopChild; stopping who isn't there does nothing", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "nursery"));
    await at(() => w.send(a, { type: "spawn", id: "x" }));
    await at(() => w.send(a, { type: "spawn", id: "y" }));
    expect((await w.read(a))?.children.map(({ id }) => id)).toEqual(["x", "y"]);
    const x = (await w.read(a))?.children[0]?.address.slice("actor/".length) as string;
    await at(() => w.send(a, { type: "stop", id: "x" }));
    await at(async () => expect(await w.send(a, { type: "stop", id: "z" })).toMatchObject({ ok: true }));
    expect((await w.read(a))?.children.map(({ id }) => id)).toEqual(["y"]);
    expect(await w.read(x)).toMatchObject({ status: "stopped" });
  });

  test("[HOST8] a parent that leaves the state, or ends, stops its children at every depth, and they tell nobody", async () => {
    const { w, a, at } = open();
    for (const [step, value] of [
      ["leave", "alone"],
      ["end", "over"],
    ] as const) {
      const p = `${a}-${step}`;
      await at(() => w.start(p, "family"));
      const c = (await w.read(p))?.children[0]?.address.slice("actor/".length) as string;
      const g = (await w.read(c))?.children[0]?.address.slice("actor/".length) as string;
      await at(() => w.send(p, { type: step }));
      await w.advance(10_000);
      expect(await w.read(p)).toMatchObject({ value, context: { out: null, error: null }, children: [] });
      expect(await w.read(c)).toMatchObject({ status: "stopped", children: [] });
      expect(await w.read(g)).toMatchObject({ status: "stopped" });
      expect(await w.send(c, { type: "finish" })).toMatchObject({ ok: false, code: "not_active" });
    }
  });

  test("[HOST9] only the present child of an id is heard: what an earlier one says late changes nothing", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "family"));
    const first = (await w.read(a))?.children[0]?.address as string;
    await at(() => w.send(a, { type: "again" }));
    const second = (await w.read(a))?.children[0]?.address as string;
    expect(second).not.toBe(first);
    const before = await w.read(a);
    const late = [
      { type: "host.done", child: "c", output: "late" },
      { type: "host.error", child: "c", error: { message: "late" } },
      { type: "host.event", event: { type: "heard" } },
    ];
    for (const [index, message] of late.entries())
      await at(async () =>
        expect(await w.deliver({ from: first, id: 1_000_000_000 + index, to: `actor/${a}`, message })).toEqual({ status: "stored" }),
      );
    expect(await w.read(a)).toEqual(before);
    await at(() =>
      w.deliver({ from: second, id: 1_000_000_000, to: `actor/${a}`, message: { type: "host.done", child: "c", output: "now" } }),
    );
    expect(await w.read(a)).toMatchObject({ value: "proud", context: { out: "now" } });
  });

  test("[HOST9] a child that is invoked again after it was left begins from its start", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "family"));
    await at(() => w.send(a, { type: "leave" }));
    await at(() => w.send(a, { type: "back" }));
    await at(() => w.send(a, { type: "finish" }));
    expect(await w.read(a)).toMatchObject({ value: "proud", context: { round: 2, out: { answers: 1 } } });
  });
}
