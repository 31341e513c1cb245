/** [HOST1] [HOST2] [HOST3] [HOST18] [HOST19] [HOST20] [HOST22] [HOST23] The host's contract: what comes in: one event at a time, once, and refused where it is not taken. */
import { expect, test } from "vitest";
import { event, type OpenStage, texts } from "./stage.ts";

export function testEvents(open: OpenStage): void {
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
}
