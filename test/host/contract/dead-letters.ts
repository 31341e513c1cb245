/** [HOST13] [HOST14] The host's contract: events that cannot be run. */
import { expect, test } from "vitest";
import { world } from "../world.ts";
import { event, type OpenStage } from "./stage.ts";

export function testDeadLetters(open: OpenStage): void {
  test("[HOST13] an event that throws is a dead letter with its error; later events go on; it can be retried or dropped", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "counter"));
    await at(() => w.deliver(event(1, a, { type: "boom" })));
    await at(() => w.deliver(event(2, a, { type: "add", by: 1 })));
    expect(await w.send(a, { type: "boom" })).toMatchObject({ ok: false, code: "threw", detail: "boom" });
    const [first, second] = await w.deadLetters(a);
    expect([first, second]).toMatchObject([
      { sender: "client/1", number: 1, code: "threw", error: "boom" },
      { sender: null, code: "threw" },
    ]);
    expect(await w.retry(a, first?.id as number)).toMatchObject({ ok: false, code: "threw", detail: "boom" });
    expect(await w.deadLetters(a)).toHaveLength(2);
    expect(await w.drop(a, second?.id as number)).toBe(true);
    expect(await w.drop(a, second?.id as number)).toBe(false);
    expect(await w.deadLetters(a)).toHaveLength(1);
    expect(await w.read(a)).toMatchObject({ context: { n: 1 }, revision: 2 });
  });

  test("[HOST13] a message that the state does not take is a dead letter, and taken when it is retried at its time", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    await at(() => w.deliver(event(1, a, { type: "leave" })));
    const [entry] = await w.deadLetters(a);
    expect(entry).toMatchObject({ code: "not_taken", actor: a });
    await at(() => w.send(a, { type: "after" }));
    await at(async () => expect(await w.retry(a, entry?.id as number)).toMatchObject({ ok: true, view: { value: "idle" } }));
    expect(await w.deadLetters(a)).toEqual([]);
  });

  test("[HOST13] a timer whose event throws is a dead letter, later timers ring, and it can be retried", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    await at(() => w.send(a, { type: "broken" }));
    await at(() => w.send(a, { type: "self" }));
    await at(() => w.advance(1_000));
    expect(await w.read(a)).toMatchObject({ context: { rang: ["self"] } });
    const [entry] = await w.deadLetters(a);
    expect(entry).toMatchObject({ code: "threw", error: "burst" });
    expect(await w.retry(a, entry?.id as number)).toMatchObject({ ok: false, code: "threw" });
    await w.drop(a, entry?.id as number);
    expect(await w.read(a)).toMatchObject({ timers: [] });
  });

  test("[HOST13] an `always` loop ends as an error, not as an object that hangs", async () => {
    const { w, a } = open();
    await w.start(a, "loop");
    expect(await w.send(a, { type: "spin" })).toMatchObject({
      ok: false,
      code: "threw",
      detail: expect.stringContaining("Infinite loop"),
    });
  });

  test("[HOST14] a message whose delivery fails five times is a dead letter, unrun, the outbox goes on, and an operator may retry it", async () => {
    const { w, a } = open();
    const b = `${a}-b`;
    await w.start(a, "sender");
    await w.start(b, "counter");
    let deaths = 0;
    world.transport = async (envelope, deliver) => {
      if (envelope.to === `actor/${b}` && envelope.message.by === 13 && !envelope.park) {
        deaths += 1;
        throw new Error("the receiver died of it");
      }
      return deliver();
    };
    await w.send(a, { type: "send", to: `actor/${b}`, n: 13 });
    await w.send(a, { type: "send", to: `actor/${b}`, n: 1 });
    await w.advance(120_000);
    expect(deaths).toBe(5);
    expect(await w.read(b)).toMatchObject({ context: { n: 1 } });
    const [entry] = await w.deadLetters(b);
    expect(entry).toMatchObject({ code: "poison", sender: `actor/${a}` });
    expect(await w.retry(b, entry?.id as number)).toMatchObject({ ok: true, view: { context: { n: 14 } } });
    expect(await w.deadLetters(b)).toEqual([]);
  });

  test("[HOST14] a child whose start is a dead letter can be started by a retry, and dropping it fails it in its parent", async () => {
    const { w, a } = open();
    for (const way of ["retry", "drop"] as const) {
      const p = `${a}-${way}`;
      world.transport = async (envelope, deliver) => {
        if (envelope.message.type === "host.start" && envelope.from === `actor/${p}` && !envelope.park) throw new Error("died");
        return deliver();
      };
      await w.start(p, "family");
      await w.advance(120_000);
      const c = (await w.read(p))?.children[0]?.address.slice("actor/".length) as string;
      const entry = (await w.deadLetters(c)).find(({ code }) => code === "poison");
      if (way === "retry") {
        expect(await w.retry(c, entry?.id as number)).toMatchObject({ ok: true, view: { value: "busy" } });
        await w.settle();
        await w.send(p, { type: "finish" });
        await w.settle();
        expect(await w.read(p)).toMatchObject({ value: "proud" });
      } else {
        await w.drop(c, entry?.id as number);
        await w.settle();
        expect(await w.read(p)).toMatchObject({ value: "sad", context: { error: { message: expect.stringContaining("dropped") } } });
      }
    }
  });
}
