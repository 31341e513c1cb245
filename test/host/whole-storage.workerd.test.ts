/** What an object does with its storage as a whole: it is emptied, and dies at any instruction of that; or it cannot be read at all. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { NewerVersionError } from "../../src/durable/host/newer-version.ts";
import { createDurableContext } from "../../src/durable/host/storage/durable-world.ts";
import { bury, clearTombstone, ringAgain } from "../../src/durable/host/storage/object-context.ts";
import { FormerTooLargeError } from "../../src/durable/host/store/tables.ts";
import { getActor, type TestEnv } from "./worker/index.ts";

const until = Date.now() + 86_400_000;
const stub = (name: string) => getActor(env as unknown as TestEnv, name);

const look = (name: string) =>
  runInDurableObject(stub(name), async (_, { storage }) => ({
    tables: storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name NOT GLOB '_cf*'")
      .toArray()
      .map((table) => table.name)
      .sort(),
    kept: Object.fromEntries(storage.kv.list()),
    alarm: await storage.getAlarm(),
  }));

/** The object's state, whose `dieAt`-th instruction is the last of its life. @returns how many there were */
function mortal(ctx: DurableObjectState, dieAt: number): { ctx: DurableObjectState; acts(): number } {
  let acts = 0;
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, key) {
        const value = Reflect.get(target, key) as unknown;
        if (key === "kv" || key === "sql" || key === "storage") return watch(value as object);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          acts += 1;
          if (acts === dieAt) {
            ctx.abort(`died at ${acts}`);
            throw new Error(`died at ${acts}`);
          }
          return (value as (...args: unknown[]) => unknown).apply(target, given);
        };
      },
    });
  return { ctx: watch(ctx), acts: () => acts };
}

test("[STORE5] whatever instruction is its last, an object that is emptied is as it was, or knows what comes late and is woken", async () => {
  let acts = Number.POSITIVE_INFINITY;
  let emptied = 0;
  for (let dieAt = 1; dieAt <= acts + 1; dieAt++) {
    const name = `buried-${dieAt}`;
    await stub(name).start("c", "counter");
    await runInDurableObject(stub(name), async (_, { storage }) => {
      storage.kv.put("other", 1);
      await storage.setAlarm(until - 1_000);
    });
    const before = await look(name);
    expect(before).toMatchObject({ tables: ["cursor", "document", "journal"], kept: { name, other: 1 } });
    try {
      await runInDurableObject(stub(name), async (_, ctx) => {
        const dying = mortal(ctx, dieAt);
        await bury(createDurableContext(dying.ctx), until);
        acts = dying.acts();
      });
    } catch (error) {
      expect(String(error)).toContain(`died at ${dieAt}`);
    }
    const after = await look(name);
    if (after.tables.length) expect(after, `died at ${dieAt}`).toEqual({ ...before, alarm: expect.any(Number) });
    else {
      emptied += 1;
      expect(after, `died at ${dieAt}`).toEqual({ tables: [], kept: { name, tombstone: until }, alarm: until });
    }
  }
  expect(acts).toBeGreaterThan(5);
  expect(emptied).toBeGreaterThan(0);
});

test("[STORE5] a tombstone whose time is up goes with all that is left, or is rung for again", async () => {
  await stub("cleared").start("c", "counter");
  await runInDurableObject(stub("cleared"), async (_, ctx) => {
    const context = createDurableContext(ctx);
    await bury(context, Date.now() - 1);
    await clearTombstone(context);
  });
  expect(await look("cleared")).toEqual({ tables: [], kept: {}, alarm: null });
});

test("[UPG6] the alarm of an object that is not taken over is over; one that a newer version has written rings again in a minute", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const ring = (error: Error) =>
    runInDurableObject(stub("never-stored"), async (_, ctx) => {
      await ringAgain(createDurableContext(ctx), () => Promise.reject(error));
      return ctx.storage.getAlarm();
    });
  expect(await ring(new FormerTooLargeError("one of its rows"))).toBeNull();
  expect(await ring(new NewerVersionError("what is stored"))).toBeGreaterThan(Date.now() + 30_000);
});
