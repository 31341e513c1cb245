/**
 * What the actor host promises, rule by rule (docs/actor-host.md), run against any world. One long file, for it is one
 * list: a rule is found by its number, and each world runs all of them.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ContractWorld, TestEvent } from "./contract-world.ts";
import { resetWorld, world } from "./world.ts";

/** @param createWorld called once per test */
export function describeHost(name: string, createWorld: () => ContractWorld): void {
  let names = 0;
  /** A world, and a name for the test's actor: storage outlives a test in some worlds. */
  function open(): { w: ContractWorld; a: string; at: (step: () => Promise<unknown>) => Promise<void> } {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.spyOn(console, "error").mockImplementation(() => {});
    const w = createWorld();
    // Every step starts with an object that knows nothing but its store.
    const at = async (step: () => Promise<unknown>): Promise<void> => {
      await step();
      await w.settle();
      await w.evictAll();
    };
    names += 1;
    return { w, a: `${name}-${names}`, at };
  }

  const texts = async (w: ContractWorld, actor: string): Promise<unknown[]> =>
    (await w.query(actor, "SELECT count(*) AS n FROM sqlite_master WHERE name = 'note'"))[0]?.n
      ? (await w.query(actor, "SELECT text FROM note ORDER BY n")).map((row) => row.text)
      : [];
  const event = (id: number, to: string, message: TestEvent, from = "client/1") => ({ from, id, to: `actor/${to}`, message });

  describe(name, () => {
    afterEach(async () => {
      resetWorld();
      vi.restoreAllMocks();
    });

    test("[HOST1] an actor takes events one after the other and can be read at any time", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "counter"));
      await at(() => w.send(a, { type: "add", by: 2 }));
      await at(() => w.send(a, { type: "add", by: 3 }));
      expect(await w.read(a)).toMatchObject({ status: "active", value: "open", context: { n: 5 }, tags: ["counting"], revision: 3 });
      expect(await texts(w, a)).toEqual(["+2", "+3"]);
      expect(await w.read("nobody-here")).toBeUndefined();
    });

    test("[HOST1] starting an actor twice starts it once", async () => {
      const { w, a } = open();
      await w.start(a, "counter");
      await w.send(a, { type: "add", by: 2 });
      expect(await w.start(a, "counter")).toMatchObject({ ok: true, view: { context: { n: 2 }, revision: 2 } });
    });

    test("[HOST2] a step that throws leaves nothing behind: no snapshot, no write, no message", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "counter"));
      await at(() => w.send(a, { type: "boom" }));
      expect(await w.read(a)).toMatchObject({ context: { n: 0 }, revision: 1 });
      expect(await texts(w, a)).toEqual([]);
    });

    test("[HOST2] an object that dies in the middle of its transaction has written nothing, and the sender sends again", async () => {
      const { w, a } = open();
      await w.start(a, "counter");
      w.crashOnce(a);
      await expect(async () => w.deliver(event(1, a, { type: "crash" }))).rejects.toThrow();
      expect(await w.read(a)).toMatchObject({ context: { n: 0 }, revision: 1 });
      expect(await texts(w, a)).toEqual([]);
      expect(await w.deliver(event(1, a, { type: "crash" }))).toEqual({ status: "stored" });
      expect(await w.read(a)).toMatchObject({ context: { n: 1 }, revision: 2 });
      expect(await texts(w, a)).toEqual(["crash"]);
    });

    test("[HOST3] a message that comes again is answered again and not run again", async () => {
      const { w, a, at } = open();
      await w.start(a, "counter");
      for (const id of [1, 1, 2, 2, 1, 3])
        await at(async () => expect(await w.deliver(event(id, a, { type: "add", by: 1 }))).toEqual({ status: "stored" }));
      expect(await w.read(a)).toMatchObject({ context: { n: 3 }, revision: 4 });
      // Another sender's numbers are its own.
      await w.deliver(event(1, a, { type: "add", by: 10 }, "client/2"));
      expect(await w.read(a)).toMatchObject({ context: { n: 13 } });
    });

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
          expect(await w.deliver({ from: first, id: 1_000 + index, to: `actor/${a}`, message })).toEqual({ status: "stored" }),
        );
      expect(await w.read(a)).toEqual(before);
      await at(() => w.deliver({ from: second, id: 1_000, to: `actor/${a}`, message: { type: "host.done", child: "c", output: "now" } }));
      expect(await w.read(a)).toMatchObject({ value: "proud", context: { out: "now" } });
    });

    test("[HOST9] a child that was left and invoked anew begins anew", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "family"));
      await at(() => w.send(a, { type: "leave" }));
      await at(() => w.send(a, { type: "back" }));
      await at(() => w.send(a, { type: "finish" }));
      expect(await w.read(a)).toMatchObject({ value: "proud", context: { round: 2, out: { answers: 1 } } });
    });

    test("[HOST10] `after` rings across evictions, and not when its state was left", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "clock"));
      await at(() => w.send(a, { type: "after" }));
      await at(() => w.advance(99));
      expect(await w.read(a)).toMatchObject({ value: "waiting" });
      await at(() => w.advance(1));
      expect(await w.read(a)).toMatchObject({ value: "early", context: { rang: ["100"] } });
      await at(() => w.advance(1_000));
      expect(await w.read(a)).toMatchObject({ value: "idle", context: { rang: ["100", "1000"] }, timers: [] });
      await at(() => w.send(a, { type: "after" }));
      await at(() => w.send(a, { type: "leave" }));
      await at(() => w.advance(100_000));
      expect(await w.read(a)).toMatchObject({ value: "idle", context: { rang: ["100", "1000"] } });
    });

    test("[HOST10] entering a state anew starts its `after` anew", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "clock"));
      await at(() => w.send(a, { type: "after" }));
      await at(() => w.advance(90));
      await at(() => w.send(a, { type: "restart" }));
      await at(() => w.advance(90));
      expect(await w.read(a)).toMatchObject({ value: "waiting" });
      await at(() => w.advance(10));
      expect(await w.read(a)).toMatchObject({ value: "early" });
    });

    test("[HOST10] delayed events ring in order of time, those of one time in the order in which they were sent, cancelled ones never", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "clock"));
      for (const type of ["named", "raise", "self"]) await at(() => w.send(a, { type }));
      await at(() => w.advance(200));
      expect(await w.read(a)).toMatchObject({ context: { rang: ["self", "first", "second", "named"] } });
      await at(() => w.send(a, { type: "named" }));
      await at(() => w.send(a, { type: "cancel" }));
      await at(() => w.advance(200));
      expect(await w.read(a)).toMatchObject({ context: { rang: ["self", "first", "second", "named"] }, timers: [] });
    });

    test("[HOST10] a timer is on time though an earlier one was cancelled", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "clock"));
      await at(() => w.send(a, { type: "after" }));
      await w.send(a, { type: "leave" });
      await w.send(a, { type: "named" });
      await w.send(a, { type: "cancel" });
      await w.send(a, { type: "later" });
      await w.advance(1_000);
      const history = await w.history(a);
      expect(history.at(-1)?.at).toBe((history.find((entry) => entry.event.type === "later")?.at as number) + 300);
    });

    test("[HOST10] a delayed sendTo goes to another object when its time comes", async () => {
      const { w, a, at } = open();
      await at(() => w.start("remote", "counter"));
      const before = await readCount(w, "remote");
      await at(() => w.start(a, "clock"));
      await at(() => w.send(a, { type: "remote" }));
      await at(() => w.advance(29));
      expect(await w.read("remote")).toMatchObject({ context: { n: before } });
      await at(() => w.advance(1));
      expect(await w.read("remote")).toMatchObject({ context: { n: before + 5 } });
    });

    test("[HOST10] delays of any size are kept: a month rings after a month, 2^62 and infinity not in our time", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "clock"));
      for (const type of ["far", "never", "month"]) await at(async () => expect(await w.send(a, { type })).toMatchObject({ ok: true }));
      expect(await w.alarm(a)).toBeLessThanOrEqual(w.now() + 30 * 86_400_000);
      await at(() => w.advance(45 * 86_400_000 - 1));
      expect(await w.read(a)).toMatchObject({ context: { rang: [] } });
      await at(() => w.advance(1));
      expect(await w.read(a)).toMatchObject({ context: { rang: ["month"] } });
      expect((await w.read(a))?.timers.map(({ id }) => id)).toEqual(["far", "never"]);
    });

    test("[HOST10] a clock that goes back delays timers and loses none", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "clock"));
      await at(() => w.send(a, { type: "after" }));
      w.turnClock(-3_600_000);
      await at(() => w.advance(1_000));
      expect(await w.read(a)).toMatchObject({ value: "waiting" });
      await at(() => w.advance(3_601_000));
      expect(await w.read(a)).toMatchObject({ context: { rang: ["100", "1000"] } });
    });

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
      await at(() => w.query(a, "UPDATE actor SET version = '0'"));
      await expect(async () => w.send(a, { type: "go" })).rejects.toThrow("was stored by version 0 of old, which version 1 cannot read");
      await at(() => w.query(a, `UPDATE actor SET version = '1', snapshot = replace(snapshot, '"one"', '"nowhere"')`));
      await expect(async () => w.send(a, { type: "go" })).rejects.toThrow("does not fit version 1 of old");
      await at(() => w.query(a, `UPDATE actor SET snapshot = replace(snapshot, '"nowhere"', '"one"')`));
      expect(await w.send(a, { type: "go" })).toMatchObject({ ok: true, view: { value: "two" } });
    });

    test("[HOST18] events that no machine names, that the state denies, or that only the host may send are refused without a write", async () => {
      const { w, a } = open();
      await w.start(a, "clock");
      for (const [type, code] of [
        ["nonsense", "unknown_event"],
        ["leave", "not_taken"],
        ["xstate.done.actor.w", "reserved_event"],
        ["xstate.after.100.clock.waiting", "reserved_event"],
      ] as const)
        expect(await w.send(a, { type })).toMatchObject({ ok: false, code });
      expect(await w.send("nobody-here", { type: "x" })).toMatchObject({ ok: false, code: "unknown_actor" });
      expect(await w.deadLetters(a)).toEqual([]);
      expect(await w.read(a)).toMatchObject({ revision: 1 });
    });

    test("[HOST19] what JSON would not keep is refused with its path: in context, and a reference on its way out", async () => {
      const { w, a } = open();
      await w.start(a, "counter");
      expect(await w.send(a, { type: "bad" })).toMatchObject({
        ok: false,
        code: "threw",
        detail: expect.stringContaining("context.n is a Map"),
      });
      expect(await w.send(a, { type: "ref" })).toMatchObject({
        ok: false,
        code: "threw",
        detail: expect.stringContaining("actor reference"),
      });
      expect(await w.read(a)).toMatchObject({ context: { n: 0 }, revision: 1 });
    });

    test("[HOST20] a machine written for XState alone runs: parallel, history, wildcard, joined guards, enqueueActions, final states with output", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "stranger"));
      const send = (type: string) => at(async () => expect(await w.send(a, { type })).toMatchObject({ ok: true }));
      for (const type of ["power", "play", "power", "power"]) await send(type);
      expect(await w.read(a)).toMatchObject({ value: { player: { on: "playing" } }, tags: ["bright", "moving"] });
      await send("note.one");
      await send("louder");
      await send("note.two");
      for (const type of ["next", "next", "next"]) await send(type);
      expect(await w.read(a)).toMatchObject({
        value: { player: { on: "playing" }, volume: "loud", form: "sent" },
        context: { loud: true, seen: ["note.one", "note.two"], n: 3 },
      });
    });

    test("[HOST21] whenever something is due, an alarm is set by the same commit; a lost one is set when the object starts", async () => {
      const { w, a } = open();
      await w.start(a, "clock");
      await w.send(a, { type: "raise" });
      expect(await w.alarm(a)).toBe(w.now() + 50);
      await w.send(a, { type: "self" });
      expect(await w.alarm(a)).toBe(w.now() + 20);
      // A message that waits for its next attempt does not push the timer's alarm away.
      world.transport = () => Promise.reject(new Error("down"));
      const b = `${a}-b`;
      await w.start(b, "clock");
      await w.send(b, { type: "remote" });
      await w.advance(30);
      await w.send(b, { type: "self" });
      for (let n = 0; n < 3; n++) await w.advance(5);
      expect(await w.alarm(b)).toBeLessThanOrEqual(w.now() + 5);
      await w.advance(5);
      expect(await w.read(b)).toMatchObject({ context: { rang: ["self"] } });
    });

    test("[HOST22] an actor that has ended takes nothing more and answers who still writes; forgotten, it refuses", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "counter"));
      expect(await w.forget(a)).toBe(false);
      await at(() => w.send(a, { type: "end" }));
      expect(await w.read(a)).toMatchObject({ status: "done", output: { total: 0 } });
      expect(await w.send(a, { type: "add", by: 1 })).toMatchObject({ ok: false, code: "not_active" });
      expect(await w.deliver(event(1, a, { type: "add", by: 1 }))).toEqual({ status: "stored" });
      await at(async () => expect(await w.forget(a)).toBe(true));
      expect(await w.read(a)).toBeUndefined();
      expect(await w.history(a)).toEqual([]);
      expect(await w.deliver(event(2, a, { type: "add", by: 1 }))).toMatchObject({ status: "refused", code: "gone" });
      expect(await w.start(a, "counter")).toMatchObject({ ok: false });
    });

    test("[HOST23] an actor runs a message for several when it is released, not while it is held", async () => {
      const { w, a } = open();
      await w.start(a, "counter");
      const message = { type: "add", by: 1 };
      for (const [phase, n] of [
        ["hold", 0],
        ["hold", 0],
        ["release", 1],
        ["release", 1],
      ] as const) {
        expect(await w.deliver({ ...event(1, a, message), phase })).toEqual({ status: "stored" });
        expect(await w.read(a)).toMatchObject({ context: { n } });
      }
      expect(await w.deliver({ ...event(1, `${a}-nobody`, message), phase: "hold" })).toMatchObject({
        status: "refused",
        code: "not_found",
      });
    });
  });
}

async function readCount(w: ContractWorld, actor: string): Promise<number> {
  const view = await w.read(actor);
  return (view?.context as { n: number } | undefined)?.n ?? Number.NaN;
}

/** Waits for what another object does, turn by turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 5_000) throw new Error("it never came to be");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
