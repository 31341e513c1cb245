/**
 * What the actor host promises of machines that throw and of data that JSON does not keep (docs/actor-host.md), run
 * against any world like the rest of the contract.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkMessages } from "../../src/durable/protocol/trust.ts";
import { createStages, event } from "./contract/stage.ts";
import type { ContractWorld, TestEvent } from "./contract-world.ts";
import { unkept } from "./hard-machines.ts";
import { addDeadLetters, raiseDeadLetterNumber } from "./stored.ts";
import { resetWorld } from "./world.ts";

/** @param createWorld called once per test */
export function describeHardHost(name: string, createWorld: () => ContractWorld): void {
  const open = createStages(`hard-${name}`, createWorld);
  /** What no type lets through, and callers send all the same. */
  const anything = (value: unknown): TestEvent => value as TestEvent;
  const childOf = async (w: ContractWorld, actor: string): Promise<string> =>
    (await w.read(actor))?.children[0]?.address.slice("actor/".length) as string;

  describe(`${name}, hard`, () => {
    afterEach(() => {
      resetWorld();
      vi.restoreAllMocks();
    });

    test.each([
      ["guarded", "the guard threw"],
      ["selfish", "undefined"],
    ])(
      "[HOST13] a guard that throws (%s) makes its event a dead letter, and its sender's next message is on its way at once",
      async (type, why) => {
        const { w, a } = open();
        await w.start(a, "fragile");
        const started = w.now();
        expect(await w.deliver(event(1, a, { type }))).toEqual({ status: "stored" });
        expect(await w.deliver(event(2, a, { type: "add" }))).toEqual({ status: "stored" });
        expect(await w.send(a, { type })).toMatchObject({ ok: false, code: "threw", detail: expect.stringContaining(why) });
        expect(w.now()).toBe(started);
        expect(await w.read(a)).toMatchObject({ context: { n: 1 }, revision: 2 });
        expect(await w.deadLetters(a)).toMatchObject([
          { code: "threw", number: 1 },
          { code: "threw", sender: null },
        ]);
      },
    );

    test("[HOST2] a step that throws leaves no trace of what it changed in place: not in context, not in its event, with no eviction between", async () => {
      const { w, a } = open();
      await w.start(a, "fragile");
      for (let n = 0; n < 2; n++) expect(await w.send(a, { type: "inPlace", items: [1] })).toMatchObject({ ok: false, code: "threw" });
      await w.deliver(event(1, a, { type: "inPlace", items: [1] }));
      await w.send(a, { type: "kind" });
      expect(await w.read(a)).toMatchObject({ context: { list: [] } });
      for (const entry of await w.deadLetters(a)) expect(JSON.parse(entry.event)).toEqual({ type: "inPlace", items: [1] });
      // What the first actor of a machine changed in its context is not the next one's.
      await w.start(`${a}-b`, "fragile");
      expect(await w.read(`${a}-b`)).toMatchObject({ context: { list: [] } });
    });

    test("[HOST13] messages that no state takes stop nobody: 500 of them are kept, and there is room for events that throw", async () => {
      const { w, a, at } = open();
      const fill = (actor: string, rows: number, code: string): Promise<unknown> =>
        at(async () => {
          await w.query(actor, addDeadLetters, rows, `actor/${actor}`, actor, code);
          await w.query(actor, raiseDeadLetterNumber, `actor/${actor}`, rows);
        });
      await at(() => w.start(a, "talker"));
      const c = await childOf(w, a);
      await fill(c, 499, "not_taken");
      for (const [index, type] of ["ignored", "ignored", "hear"].entries()) {
        const message = { type: "host.event", event: { type } };
        await at(async () =>
          expect(await w.deliver({ from: `actor/${a}`, id: 1_000_000_000 + index, to: `actor/${c}`, message })).toEqual({
            status: "stored",
          }),
        );
      }
      expect(await w.read(c)).toMatchObject({ context: { heard: 1 } });
      expect(await w.deadLetters(c)).toHaveLength(500);
      const b = `${a}-b`;
      await at(() => w.start(b, "fragile"));
      await fill(b, 500, "not_taken");
      expect(await w.deliver(event(1, b, { type: "guarded" }))).toEqual({ status: "stored" });
      expect(await w.deadLetters(b)).toHaveLength(501);
      // What throws stays with its sender once there is no room.
      await fill(b, 499, "threw");
      expect(await w.send(b, { type: "guarded" })).toMatchObject({ ok: false, code: "threw" });
      await expect(async () => w.deliver(event(2, b, { type: "guarded" }))).rejects.toThrow("1000 events are dead letters");
      expect(await w.deliver(event(2, b, { type: "unheard" }))).toEqual({ status: "stored" });
    });

    test("[HOST18] what is no event is refused with the reason, without an exception", async () => {
      const { w, a } = open();
      await w.start(a, "fragile");
      for (const nothing of [{}, { type: 5 }, { type: "" }, { type: "*" }, { type: null }, [], "add", 7])
        expect(await w.send(a, anything(nothing)), JSON.stringify(nothing)).toMatchObject({
          ok: false,
          code: "malformed",
          detail: expect.stringContaining("event"),
        });
      expect(await w.send(a, anything({ type: "add", at: new Date(0) }))).toMatchObject({
        ok: false,
        code: "malformed",
        detail: "event.at is a Date, which JSON does not keep: store plain data",
      });
      expect(await w.deliver(event(1, a, anything({})))).toMatchObject({ status: "refused", code: "malformed" });
      // As in production, where another host is taken at its word.
      const checked = checkMessages(false);
      expect(await w.deliver(event(2, a, anything({ type: "host.event", event: {} }), `actor/${a}`))).toEqual({ status: "stored" });
      checkMessages(checked);
      expect(await w.deadLetters(a)).toEqual([]);
      expect(await w.read(a)).toMatchObject({ revision: 1 });
    });

    test("[HOST1] a name that another logic has is refused; one of the same logic is left as it is, whatever its input", async () => {
      const { w, a } = open();
      await w.start(a, "counter");
      expect(await w.start(a, "fragile")).toMatchObject({ ok: false, code: "name_taken", detail: expect.stringContaining("counter") });
      expect(await w.start(a, "counter", { other: "input" })).toMatchObject({ ok: true, view: { context: { n: 0 } } });
    });

    test("[HOST7] a child whose address another actor has fails in its parent", async () => {
      const { w, a, at } = open();
      // The address that the parent's first child gets.
      await at(() => w.start(`${a}.1.0`, "counter"));
      await at(() => w.start(a, "guardian"));
      expect(await w.read(a)).toMatchObject({ value: "b", context: { seen: [{ message: expect.stringContaining("already") }] } });
      expect(await w.read(`${a}.1.0`)).toMatchObject({ logic: "counter", status: "active" });
    });

    test.each([
      [null, "null"],
      [0, "number"],
    ])("[HOST7] a child's input %s arrives as it was given", async (input, got) => {
      const { w, a, at } = open();
      await at(() => w.start(a, "guardian"));
      await at(() => w.send(a, { type: "give", input }));
      const g = (await w.read(a))?.children.find(({ id }) => id === "g")?.address.slice("actor/".length) as string;
      expect(await w.read(g)).toMatchObject({ context: { got } });
    });

    test("[HOST19] context that JSON does not keep is refused with its path, whatever it is", async () => {
      const { w, a } = open();
      await w.start(a, "fragile");
      for (const [what, { says }] of Object.entries(unkept))
        expect(await w.send(a, { type: "keep", what }), what).toMatchObject({
          ok: false,
          code: "threw",
          detail: expect.stringContaining(says),
        });
      expect(await w.send(a, { type: "keep", what: "map" })).toMatchObject({
        detail: "context.got.in[0] is a Map, which JSON does not keep: store plain data",
      });
      expect(await w.read(a)).toMatchObject({ context: { got: null }, revision: 1 });
    });

    test.each(["say", "later", "emit", "note", "end"])(
      "[HOST19] what leaves a machine and is not JSON is refused too, and never changed on its way: %s",
      async (type) => {
        const { w, a } = open();
        await w.start(a, "fragile");
        for (const what of ["map", "date", "nan", "hole"])
          expect(await w.send(a, { type, what })).toMatchObject({
            ok: false,
            code: "threw",
            detail: expect.stringContaining(unkept[what]?.says as string),
          });
        expect(await w.read(a)).toMatchObject({ value: "open", revision: 1, timers: [] });
      },
    );

    test.each(["give", "giveAtOnce"])(
      "[HOST19] a promise that gives what JSON does not keep fails in its machine, with the path: %s",
      async (type) => {
        const { w, a, at } = open();
        await at(() => w.start(a, "fragile"));
        await at(() => w.send(a, { type, what: "map" }));
        expect(await w.read(a)).toMatchObject({
          value: "open",
          context: {
            got: {
              message: `the output of ${type === "give" ? "fragile/give" : "giveAtOnce"}.inside is a Map, which JSON does not keep: store plain data`,
            },
          },
        });
        await at(() => w.send(a, { type, what: "nothing of it" }));
        expect(await w.read(a)).toMatchObject({ context: { got: {} } });
      },
    );

    test.each(["shared", "undefined", "minusZero", "bare"])(
      "[HOST27] a machine sees the same after a step, evicted or not: %s",
      async (way) => {
        const { w, a } = open();
        const said: unknown[] = [];
        for (const evicted of [false, true]) {
          const actor = `${a}-${evicted}`;
          await w.start(actor, "teller");
          await w.send(actor, { type: "hold", way });
          if (evicted) await w.evict(actor);
          await w.send(actor, { type: "tell" });
          said.push((await w.read(actor))?.context);
        }
        expect(said[0]).toEqual(said[1]);
      },
    );

    test.each(["reject", "rejectAtOnce"])(
      "[HOST28] an error keeps its fields and its cause; anything else that is thrown arrives as it is: %s",
      async (type) => {
        const { w, a, at } = open();
        await at(() => w.start(a, "fragile"));
        const thrown = async (what: string): Promise<unknown> => {
          await at(() => w.send(a, { type, what }));
          const view = (await w.read(a)) as unknown as { value: unknown; context: { got: unknown } };
          expect(view.value).toBe("open");
          return view.context.got;
        };
        expect(await thrown("error")).toEqual({
          name: "StatusError",
          message: "unavailable",
          status: 503,
          headers: { "retry-after": "1" },
          cause: { name: "Error", message: "the disk is full" },
        });
        expect(await thrown("text")).toBe("a text");
        expect(await thrown("nothing")).toBe("undefined");
        expect(await thrown("record")).toEqual({ status: 404 });
        expect(await thrown("response")).toMatchObject({ status: 429, statusText: "slow down" });
        const long = (await thrown("long")) as { message: string; status: number };
        expect(long).toMatchObject({ status: 1 });
        expect(JSON.stringify(long).length).toBeLessThan(40_000);
        expect(await thrown("bigint")).toMatchObject({ message: "5" });
        expect(await thrown("map")).toMatchObject({ name: "Error" });
      },
    );

    test("[HOST29] what code sends by hand to itself, its parent or a child arrives once, over evictions", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "talker"));
      await at(() => w.send(a, { type: "go" }));
      expect(await w.read(a)).toMatchObject({ context: { heard: ["self", "child 1"] } });
      await at(() => w.send(a, { type: "go" }));
      expect(await w.read(a)).toMatchObject({ context: { heard: ["self", "child 1", "self", "child 2"] } });
      await at(() => w.send(a, { type: "report" }));
      expect(await w.read(a)).toMatchObject({
        value: "quiet",
        context: { heard: [expect.anything(), expect.anything(), expect.anything(), expect.anything(), "promise"] },
      });
    });

    test.each(["flood", "floodAtOnce"])(
      "[HOST29] a promise that sends without end is stopped, and fails in its machine: %s",
      async (type) => {
        const { w, a, at } = open();
        await at(() => w.start(a, "fragile"));
        await at(() => w.send(a, { type }));
        expect(await w.read(a)).toMatchObject({
          value: "open",
          context: { got: { message: expect.stringContaining("50 events of the promise") } },
        });
      },
    );

    test("[HOST29] what a reference cannot do here is refused with the reason", async () => {
      const { w, a } = open();
      await w.start(a, "fragile");
      expect(await w.send(a, { type: "stopSelf" })).toMatchObject({
        ok: false,
        code: "threw",
        detail: expect.stringContaining("self.stop()"),
      });
      expect(await w.send(a, { type: "noEvent" })).toMatchObject({
        ok: false,
        code: "threw",
        detail: expect.stringContaining("is no event"),
      });
    });

    test('[HOST30] the event of a machine that throws is a dead letter, and the machine goes on; with `throws: "fail"` it ends in error, and its parent hears of it', async () => {
      const { w, a, at } = open();
      for (const [logic, value, seen] of [
        // Not as in XState: nobody but the operator hears of it.
        ["guardian", "a", []],
        ["strict", "b", [{ name: "StatusError", message: "unavailable", status: 503 }]],
      ] as const) {
        const p = `${a}-${logic}`;
        await at(() => w.start(p, logic));
        const c = await childOf(w, p);
        await at(() => w.send(p, { type: "tell", what: "break" }));
        expect(await w.read(p)).toMatchObject({ value, context: { seen } });
        expect(await w.read(c)).toMatchObject({ status: logic === "strict" ? "error" : "active" });
        expect(await w.deadLetters(c)).toHaveLength(logic === "strict" ? 0 : 1);
      }
      const b = `${a}-root`;
      await at(() => w.start(b, "brittle"));
      await at(() => w.send(b, { type: "half" }));
      await at(async () => expect(await w.send(b, { type: "guarded" })).toMatchObject({ ok: true, view: { status: "error" } }));
      expect(await w.read(b)).toMatchObject({
        status: "error",
        value: "open",
        error: { message: expect.stringContaining("the guard threw") },
        timers: [],
        revision: 3,
      });
      expect(await w.send(b, { type: "add" })).toMatchObject({ ok: false, code: "not_active" });
      expect((await w.history(b)).at(-1)).toMatchObject({ event: { type: "guarded" }, before: "open", after: "open" });
    });

    test("[HOST31] a child's end is heard after its last message, though that message made its parent leave it", async () => {
      const { w, a, at } = open();
      await at(() => w.start(a, "guardian"));
      await at(() => w.send(a, { type: "tell", what: "end" }));
      expect(await w.read(a)).toMatchObject({ value: "b", context: { seen: ["ended"] }, children: [] });
      expect(await w.deadLetters(a)).toEqual([]);
    });

    test("[HOST10] a delay of half a millisecond rings when the next one is full", async () => {
      const { w, a } = open();
      await w.start(a, "fragile");
      await w.send(a, { type: "half" });
      expect(await w.alarm(a)).toBe(w.now() + 1);
      await w.advance(1);
      expect(await w.read(a)).toMatchObject({ context: { n: 1 }, timers: [] });
    });

    test("[HOST32] what is read, sent and given is a copy: nobody changes an actor from outside", async () => {
      const { w, a } = open();
      await w.start(a, "fragile");
      const change = async (): Promise<void> => {
        const view = (await w.read(a)) as unknown as { context: { list: number[]; n: number }; value: string };
        view.context.list.push(9);
        view.context.n = 9;
      };
      await change();
      const given = { type: "keep", what: "nothing", in: [] };
      const answer = await w.send(a, given);
      if (answer.ok) (answer.view.context as { list: number[] }).list.push(9);
      expect(await w.read(a)).toMatchObject({ context: { list: [], n: 0 } });
    });
  });
}
