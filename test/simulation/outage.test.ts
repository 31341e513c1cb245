/** [HOST14] [HOST24] [HOST25] Receivers that cannot be reached: nothing is a dead letter for it, and a broken one stops nobody else. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createCommitter } from "../../src/durable/host/committer.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";
import { createNodeWorld } from "../host/node-world.ts";
import { resetWorld, world } from "../host/world.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  resetWorld();
  vi.restoreAllMocks();
});

/** As workerd makes them: see what it sets on errors of a stub's call. */
const outages: [string, Error][] = [
  ["marked retryable", Object.assign(new Error("internal error; reference = x"), { retryable: true })],
  ["marked overloaded", Object.assign(new Error("Durable Object is overloaded."), { overloaded: true })],
  ["reset", Object.assign(new Error("Durable Object reset because its code was updated."), { durableObjectReset: true })],
  ["lost connection", new Error("Network connection lost.")],
  ["full disk", Object.assign(new Error("database or disk is full: SQLITE_FULL"), { remote: true })],
  ["locked D1", Object.assign(new Error("D1_ERROR: database is locked: SQLITE_BUSY"), { remote: true })],
];

test.each(outages)(
  "[HOST24] an outage (%s) makes nothing a dead letter, though it lasts and the sender is evicted between tries",
  async (_, error) => {
    const w = createNodeWorld();
    await w.start("s", "sender");
    await w.start("c", "counter");
    let away = true;
    let tries = 0;
    world.transport = async (envelope, deliver) => {
      if (!away) return deliver();
      if (envelope.to === "actor/c") tries += 1;
      throw error;
    };
    for (let n = 1; n <= 3; n++) await w.send("s", { type: "send", to: "actor/c", n });
    for (let passed = 0; passed < 20; passed++) {
      await w.advance(60_000);
      await w.evict("s");
    }
    away = false;
    await w.advance(120_000);
    expect(tries).toBeGreaterThan(hostLimits.deliveryAttempts);
    expect([await w.deadLetters("c"), await w.deadLetters("s")]).toEqual([[], []]);
    expect((await w.query("c", "SELECT text FROM note ORDER BY n")).map(({ text }) => text)).toEqual(["+1", "+2", "+3"]);
  },
);

test("[HOST14] only what the receiver itself throws counts: evictions of the sender in between do not", async () => {
  const w = createNodeWorld();
  await w.start("s", "sender");
  await w.start("c", "counter");
  let throws = 0;
  world.transport = async (envelope, deliver) => {
    if (envelope.to !== "actor/c" || throws === hostLimits.deliveryAttempts - 1) return deliver();
    throws += 1;
    throw Object.assign(new TypeError("thrown by the receiver"), { remote: true });
  };
  await w.send("s", { type: "send", to: "actor/c", n: 7 });
  for (let life = 0; life < 20; life++) {
    await w.evict("s");
    await w.advance(30_000);
  }
  expect(throws).toBe(hostLimits.deliveryAttempts - 1);
  expect(await w.deadLetters("c")).toEqual([]);
  expect(await w.read("c")).toMatchObject({ context: { n: 7 } });
});

test("[HOST14] a message at which its receiver runs out of memory or time is a dead letter at the fifth", async () => {
  const w = createNodeWorld();
  await w.start("s", "sender");
  await w.start("c", "counter");
  world.transport = async (envelope, deliver) => {
    if (envelope.to === "actor/c" && !envelope.park)
      throw Object.assign(new Error("Durable Object exceeded its memory limit and was reset."), { durableObjectReset: true });
    return deliver();
  };
  await w.send("s", { type: "send", to: "actor/c", n: 7 });
  await w.advance(120_000);
  expect(await w.deadLetters("c")).toMatchObject([{ code: "poison" }]);
});

test("[HOST25] after ten minutes a broken receiver has a queue of its own, in order; the outbox goes on, over evictions", async () => {
  const w = createNodeWorld();
  for (const name of ["b", "c"]) await w.start(name, "counter");
  await w.start("s", "sender");
  let broken = true;
  world.transport = async (envelope, deliver) => {
    if (broken && envelope.to === "actor/b") throw Object.assign(new Error("no route"), { retryable: true });
    return deliver();
  };
  const notes = async (name: string) =>
    (await w.query(name, "SELECT name FROM sqlite_master WHERE name = 'note'")).length
      ? (await w.query(name, "SELECT text FROM note ORDER BY n")).map(({ text }) => text)
      : [];
  for (let n = 1; n <= 6; n++) await w.send("s", { type: "send", to: `actor/${n % 2 ? "b" : "c"}`, n });
  await w.advance(hostLimits.holdBackAfter - 60_000);
  expect(await notes("c")).toEqual([]);
  await w.advance(180_000);
  expect(await notes("c")).toEqual(["+2", "+4", "+6"]);
  // What comes later stands behind what waits, also once the sender has forgotten all.
  await w.evict("s");
  for (let n = 7; n <= 8; n++) await w.send("s", { type: "send", to: `actor/${n % 2 ? "b" : "c"}`, n });
  await w.settle();
  expect(await notes("c")).toEqual(["+2", "+4", "+6", "+8"]);
  expect(
    await w.query(
      "s",
      "SELECT body ->> 'receiver' AS receiver, count(*) AS n FROM document WHERE collection = 'heldBack' GROUP BY receiver",
    ),
  ).toEqual([{ receiver: "actor/b", n: 4 }]);
  // An hour, a day: it is tried all the while, and nothing is a dead letter for it.
  await w.advance(2 * 3_600_000);
  broken = false;
  await w.advance(120_000);
  expect(await notes("b")).toEqual(["+1", "+3", "+5", "+7"]);
  expect(await w.deadLetters("b")).toEqual([]);
  await w.send("s", { type: "send", to: "actor/b", n: 9 });
  await w.settle();
  expect(await notes("b")).toEqual(["+1", "+3", "+5", "+7", "+9"]);
  expect(await w.query("s", "SELECT count(*) AS n FROM document WHERE collection IN ('heldBack', 'unreachable')")).toEqual([{ n: 0 }]);
});

/** An outbox by itself, with a clock that the test moves. */
function openOutbox(answer: (envelope: Envelope) => Delivery, isUnordered?: (receiver: string) => boolean) {
  const storage = createNodeStorage();
  const sent: string[] = [];
  const told: string[] = [];
  const refused: string[] = [];
  let now = 1_000_000;
  const make = () =>
    createCommitter(
      {
        address: "actor/s",
        storage,
        clock: { now: () => now },
        scheduler: { background: (work) => void work.catch(() => {}) },
        transport: {
          async deliver(envelope) {
            const delivery = answer(envelope);
            const { to, phase, park, message } = envelope;
            if (delivery.status !== "later") sent.push(`${message.type} to ${to}${phase ? ` ${phase}` : ""}${park ? " park" : ""}`);
            return delivery;
          },
        },
      },
      {
        dueTimes: () => [],
        refused: ({ to, message, code }, _, forget) => {
          refused.push(`${message.type} to ${to}: ${code}`);
          outgoing.commit(forget);
        },
        heldBack: ({ receiver, messages }) => void told.push(`${receiver}: ${messages}`),
        ...(isUnordered && { isUnordered }),
      },
    );
  let outgoing = make();
  return {
    ...{ storage, sent, told, refused },
    send: (to: string[], type: string) => outgoing.commit(() => outgoing.outbox.append(to, { type })),
    restart() {
      outgoing = make();
    },
    heldBack: () => outgoing.outbox.heldBack(),
    async pass(milliseconds: number, step = 30_000) {
      for (const until = now + milliseconds; now < until; now += step) await outgoing.alarm(async () => {});
    },
  };
}

test("[HOST25] of a message for several, the broken one's part waits: held and released once it is back, the others at once", async () => {
  let broken = true;
  const outgoing = openOutbox(({ to }) => {
    if (broken && to === "b") throw Object.assign(new Error("no route"), { retryable: true });
    return { status: "stored" };
  });
  outgoing.send(["a", "b", "c"], "x");
  outgoing.send(["a"], "y");
  await outgoing.pass(hostLimits.holdBackAfter + 120_000);
  expect(outgoing.sent).toEqual(["x to a hold", "x to c hold", "x to a release", "x to c release", "y to a"]);
  expect(outgoing.heldBack()).toMatchObject([{ receiver: "b", messages: 1, error: "no route", since: expect.any(Number) }]);
  outgoing.restart();
  broken = false;
  await outgoing.pass(120_000);
  expect(outgoing.sent.slice(5)).toEqual(["x to b hold", "x to b release"]);
  expect(outgoing.told).toEqual(["b: 1", "b: 0"]);
  expect(outgoing.storage.exec("SELECT count(*) AS left FROM document WHERE collection IN ('heldBack', 'unreachable')")).toEqual([
    { left: 0 },
  ]);
});

test("[HOST34] a receiver without a promised order to others has its queue after seconds, and is tried no less often for it; others keep theirs", async () => {
  const broken = new Set(["b", "d"]);
  const tries: string[] = [];
  const outgoing = openOutbox(
    ({ to }) => {
      tries.push(to);
      if (broken.has(to)) throw Object.assign(new Error("no route"), { retryable: true });
      return { status: "stored" };
    },
    (receiver) => receiver !== "d",
  );
  outgoing.send(["b"], "x");
  outgoing.send(["c"], "y");
  outgoing.send(["b", "d"], "z");
  outgoing.send(["c"], "after");
  await outgoing.pass(hostLimits.holdBackSoon + 1_000, 100);
  expect(outgoing.sent).toEqual(["y to c"]);
  // Where it waits changes nothing in when it is asked.
  await outgoing.pass(8_000, 100);
  expect(tries.filter((to) => to === "b").length).toBe(5);
  broken.delete("b");
  await outgoing.pass(60_000, 100);
  expect(outgoing.sent).toEqual(["y to c", "x to b", "z to b hold", "z to b release"]);
  // The order before and after what goes to the other one is promised.
  await outgoing.pass(hostLimits.holdBackAfter - 120_000);
  expect(outgoing.sent).not.toContain("after to c");
  await outgoing.pass(240_000);
  expect(outgoing.sent.at(-1)).toBe("after to c");
  broken.clear();
  await outgoing.pass(120_000);
  expect(outgoing.sent.slice(-2)).toEqual(["z to d hold", "z to d release"]);
});

test("[HOST25] a queue of a receiver's own that is full makes the outbox wait: nothing is dropped", async () => {
  let broken = true;
  const outgoing = openOutbox(({ to }) => {
    if (broken && to === "b") throw Object.assign(new Error("no route"), { retryable: true });
    return { status: "stored" };
  });
  const size = 1_500_000;
  const fit = Math.floor(hostLimits.heldBackBytes / (size + 100));
  for (let n = 0; n < fit + 2; n++) outgoing.send(["b"], `${n} ${"x".repeat(size)}`);
  outgoing.send(["a"], "last");
  await outgoing.pass(2 * hostLimits.holdBackAfter);
  expect(outgoing.sent).toEqual([]);
  expect(outgoing.heldBack()).toMatchObject([{ receiver: "b", messages: fit }]);
  broken = false;
  await outgoing.pass(300_000);
  expect(outgoing.sent.map((line) => line.split(" ")[0])).toEqual([...Array.from({ length: fit + 2 }, (_, n) => String(n)), "last"]);
});

test("[HOST26] a message that its receiver does not know yet is asked again, and for an hour only", async () => {
  let knows = false;
  const outgoing = openOutbox(({ message, park }) =>
    message.type === "new" && !knows
      ? park
        ? { status: "refused", code: "unknown_message", detail: "no such message" }
        : { status: "later", detail: "a newer version may know it", unknown: true }
      : { status: "stored" },
  );
  // A deploy takes minutes.
  outgoing.send(["b"], "new");
  outgoing.send(["b"], "old");
  await outgoing.pass(5 * 60_000);
  expect(outgoing.sent).toEqual([]);
  knows = true;
  await outgoing.pass(120_000);
  expect(outgoing.sent.splice(0)).toEqual(["new to b", "old to b"]);
  // What nobody will ever know stops its sender for ten minutes, and its receiver for an hour.
  knows = false;
  outgoing.send(["b"], "new");
  outgoing.send(["b"], "old");
  outgoing.send(["c"], "old");
  await outgoing.pass(hostLimits.holdBackAfter + 120_000);
  expect(outgoing.sent.splice(0)).toEqual(["old to c"]);
  outgoing.restart();
  await outgoing.pass(hostLimits.unknownFor - hostLimits.holdBackAfter - 240_000);
  expect([outgoing.sent, outgoing.refused]).toEqual([[], []]);
  await outgoing.pass(300_000);
  expect(outgoing.sent).toEqual(["new to b park", "old to b"]);
  expect(outgoing.refused).toEqual(["new to b: unknown_message"]);
});

test("[HOST26] a receiver that is not ready for another reason is asked for longer than an hour", async () => {
  let ready = false;
  const outgoing = openOutbox(() => (ready ? { status: "stored" } : { status: "later", detail: "no definition" }));
  outgoing.send(["b"], "x");
  await outgoing.pass(3 * hostLimits.unknownFor);
  expect(outgoing.sent).toEqual([]);
  ready = true;
  await outgoing.pass(120_000);
  expect(outgoing.sent).toEqual(["x to b"]);
});
