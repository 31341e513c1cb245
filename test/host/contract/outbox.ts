/** [HOST4] [HOST5] [HOST6] The host's contract: what an actor sends: in order, again until it arrives, or back to it. */
import { expect, test } from "vitest";
import { resetWorld, world } from "../world.ts";
import { type OpenStage, texts } from "./stage.ts";

export function testOutbox(open: OpenStage): void {
  test("[HOST4] messages from one object to another arrive in the order in which they were sent, whatever fails on the way", async () => {
    const { w, a } = open();
    const b = `${a}-b`;
    await w.start(a, "sender");
    await w.start(b, "counter");
    let calls = 0;
    world.transport = async (envelope, deliver) => {
      if (envelope.to !== `actor/${b}`) return deliver();
      calls += 1;
      if (calls % 3 === 1) throw new Error("the network is down");
      const delivery = await deliver();
      if (calls % 3 === 2) throw new Error("the answer was lost");
      return delivery;
    };
    for (let n = 1; n <= 5; n++) await w.send(a, { type: "send", to: `actor/${b}`, n });
    await w.advance(60_000);
    expect(await texts(w, b)).toEqual(["+1", "+2", "+3", "+4", "+5"]);
  });

  test("[HOST5] a message whose receiver cannot be reached is sent again after growing pauses, over evictions", async () => {
    const { w, a } = open();
    const b = `${a}-b`;
    await w.start(a, "sender");
    await w.start(b, "counter");
    const tries: number[] = [];
    world.transport = async (envelope, deliver) => {
      if (envelope.to !== `actor/${b}`) return deliver();
      tries.push(w.now());
      if (tries.length < 4) throw new Error("nobody answers");
      return deliver();
    };
    await w.send(a, { type: "send", to: `actor/${b}` });
    await w.settle();
    for (let n = 0; n < 40 && tries.length < 4; n++) await w.advance(100 * 2 ** (n / 2));
    const pauses = tries.slice(1).map((time, index) => time - (tries[index] as number));
    expect(pauses).toEqual([100, 400, 1600]);
    expect(await w.read(b)).toMatchObject({ context: { n: 1 } });
  });

  test("[HOST5] an object that was evicted with unsent messages sends them when its alarm rings", async () => {
    const { w, a } = open();
    const b = `${a}-b`;
    await w.start(a, "sender");
    await w.start(b, "counter");
    world.transport = () => Promise.reject(new Error("down"));
    await w.send(a, { type: "send", to: `actor/${b}` });
    await w.settle();
    await w.evictAll();
    resetWorld();
    await w.advance(10_000);
    expect(await w.read(b)).toMatchObject({ context: { n: 1 } });
  });

  test("[HOST6] a delivery that is refused for good comes back to the actor as an event, once", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "sender"));
    await at(() => w.send(a, { type: "send", to: `actor/${a}-nobody` }));
    await w.advance(10_000);
    expect(await w.read(a)).toMatchObject({ context: { refusals: [`add to actor/${a}-nobody`] } });
    // Those who do not know the event find it in the deadLetters lot.
    await at(() => w.start(`${a}-b`, "counter"));
    await at(() => w.send(`${a}-b`, { type: "tell" }));
    expect(await w.deadLetters(`${a}-b`)).toMatchObject([{ code: "unknown_event", event: expect.stringContaining("delivery.refused") }]);
  });
}
