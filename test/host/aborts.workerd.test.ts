/** [HOST3] [HOST5] Real objects that are ended in the middle of a flush: nothing is lost and nothing doubled. */
import { afterEach, expect, test, vi } from "vitest";
import { appendEntry, makeEntry } from "./stored.ts";
import { alive, working } from "./worker/index.ts";
import { createWorkerdWorld } from "./workerd-world.ts";
import { resetWorld, world } from "./world.ts";

afterEach(() => {
  resetWorld();
  vi.restoreAllMocks();
});

test.each(["before", "after"] as const)("[HOST5] the sender ends %s its receiver has stored the message", async (when) => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const w = createWorkerdWorld();
  const [s, c] = [`sender-${when}`, `counter-${when}`];
  await w.start(s, "sender");
  await w.start(c, "counter");
  let deaths = 0;
  world.transport = async (_envelope, deliver) => {
    if (when === "after") await deliver();
    if (deaths < 2) {
      deaths += 1;
      // In the sender's own context, where its platform object may be touched.
      alive.get(s)?.abort("the sender died");
      working.delete(s);
      throw new Error("the sender died");
    }
    return deliver();
  };
  for (let n = 1; n <= 3; n++) await w.send(s, { type: "send", to: `actor/${c}`, n }).catch(() => {});
  await w.advance(60_000);
  const notes = await w.query(c, "SELECT text FROM note ORDER BY n");
  const sent = (await w.history(s)).filter((entry) => entry.event.type === "send").map((entry) => `+${entry.event.n}`);
  expect(deaths).toBe(2);
  expect(notes.map(({ text }) => text)).toEqual(sent);
});

test.each(["before", "after"] as const)("[HOST3] the receiver ends %s it has stored the message", async (when) => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const w = createWorkerdWorld();
  const [s, c] = [`s-${when}`, `c-${when}`];
  await w.start(s, "sender");
  await w.start(c, "counter");
  let deaths = 0;
  world.transport = async (_, deliver) => {
    if (when === "after") await deliver();
    if (deaths < 2) {
      deaths += 1;
      await w.kill(c);
      throw new Error("the receiver died");
    }
    return deliver();
  };
  for (let n = 1; n <= 3; n++) await w.send(s, { type: "send", to: `actor/${c}`, n });
  await w.advance(60_000);
  expect(deaths).toBe(2);
  expect((await w.query(c, "SELECT text FROM note ORDER BY n")).map(({ text }) => text)).toEqual(["+1", "+2", "+3"]);
});

test("[HOST24] a receiver that the platform resets again and again is asked until it is well, and nothing is a dead letter", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const w = createWorkerdWorld();
  const [s, c] = ["s-reset", "c-reset"];
  await w.start(s, "sender");
  await w.start(c, "counter");
  let deaths = 0;
  world.crash = (crashing) => {
    if (crashing !== c || deaths === 8) return;
    deaths += 1;
    alive.get(c)?.abort("the platform reset it");
    working.delete(c);
    throw new Error("unheard: the object is gone");
  };
  // The machine crashes at this message, in the middle of its transaction.
  await w.query(s, appendEntry, makeEntry(`actor/${s}`, [`actor/${c}`], { type: "crash" }));
  await w.evict(s);
  await w.read(s);
  await w.advance(1_200_000);
  expect(deaths).toBe(8);
  expect([await w.deadLetters(c), await w.deadLetters(s)]).toEqual([[], []]);
  expect(await w.read(c)).toMatchObject({ context: { n: 1 } });
});
