/**
 * [HOST2] [HOST5] A crash at any instruction loses nothing and doubles nothing: one story is told again and again, and
 * each time the object that acts dies one statement, commit or message later.
 */

import { afterEach, expect, test, vi } from "vitest";
import type { Placement } from "../../src/contract/placement.ts";
import { logics } from "../host/machines.ts";
import { appendEntry, countLeft, makeEntry } from "../host/stored.ts";
import { resetWorld, world } from "../host/world.ts";
import { testPlacement } from "../placement.ts";
import { createCellCluster } from "./cell-cluster.ts";
import { createCluster } from "./cluster.ts";

afterEach(() => {
  resetWorld();
  vi.restoreAllMocks();
});

const clusters: Record<Placement, typeof createCluster> = { own: createCluster, cell: createCellCluster };

/** @param dieAt which of the things that objects do is the last of its object's life, in a cell of all; 0: none */
async function tell(placement: Placement, dieAt: number, times = 1): Promise<{ acts: number; end: unknown }> {
  let acts = 0;
  let over = false;
  const cluster = clusters[placement](logics, {
    touch() {
      if (over) return;
      acts += 1;
      if (dieAt && acts >= dieAt && acts < dieAt + times) throw new Error(`died at ${acts}`);
    },
  });
  /** As a client does: the same id until it is answered. */
  const post = async (id: number, to: string, message: { type: string; [fact: string]: string | number }): Promise<void> => {
    for (;;) {
      try {
        await cluster.host(`actor/${to}`).deliver({ from: "client/1", id, to: `actor/${to}`, message });
        // Long enough for whatever was lost to be sent again, so that the story has one order.
        await cluster.advance(60_000);
        return;
      } catch {
        await cluster.advance(50);
      }
    }
  };
  const begin = async (actor: string, logic: string): Promise<void> => {
    for (;;) {
      try {
        await cluster.host(`actor/${actor}`).start({ actor, logic });
        await cluster.advance(60_000);
        return;
      } catch {
        await cluster.advance(50);
      }
    }
  };
  for (const [actor, logic] of [
    ["f", "family"],
    ["s", "sender"],
    ["c", "counter"],
    ["w", "worker"],
    ["t", "clock"],
    ["ears", "sender"],
  ] as const)
    await begin(actor, logic);
  await post(1, "s", { type: "send", to: "actor/c", n: 1 });
  await post(2, "s", { type: "send", to: "actor/c", n: 2 });
  await post(3, "s", { type: "send", to: "actor/nobody" });
  await post(4, "w", { type: "work", name: "w" });
  await post(5, "t", { type: "after" });
  await post(6, "c", { type: "shout" });
  await post(7, "f", { type: "again" });
  await post(8, "t", { type: "noise" });
  await post(9, "f", { type: "finish" });
  await post(10, "c", { type: "add", by: 4 });
  await cluster.advance(600_000);
  await cluster.settle();
  over = true;
  const end: Record<string, unknown> = {};
  for (const address of cluster.addresses().sort()) {
    const actor = address.slice("actor/".length);
    const host = cluster.host(address);
    const view = await host.read(actor);
    await cluster.settle();
    const store = cluster.store(address);
    end[actor] = {
      view: view && {
        value: view.value,
        context: view.context,
        status: view.status,
        revision: view.revision,
        output: view.output,
        children: view.children,
      },
      history: host.history(actor).map((entry) => entry.event.type),
      deadLetters: host.deadLetters().map(({ code, event }) => [code, event]),
      left: store.exec("SELECT 1 FROM sqlite_master WHERE name = 'journal'").length ? store.exec(countLeft)[0] : undefined,
      notes: store.exec("SELECT 1 FROM sqlite_master WHERE name = 'note'").length ? store.exec("SELECT text FROM note ORDER BY n") : [],
    };
  }
  return { acts, end };
}

test.each<[placement: Placement, each: number]>([
  ["own", 1],
  // Its own writes, of alarms above all, are instructions too.
  ["cell", testPlacement === "cell" ? 1 : 3],
])(
  "[HOST2] [HOST3] [HOST5] [HOST6] [HOST11] whatever instruction is an object's last, the story ends the same (%s)",
  {
    timeout: 120_000,
  },
  async (placement, each) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.spyOn(console, "error").mockImplementation(() => {});
    const told = await tell(placement, 0);
    expect(told.acts).toBeGreaterThan(placement === "own" ? 250 : 200);
    expect(told.end).toMatchObject({
      f: { view: { value: "proud" }, left: { outbox: 0, timer: 0, job: 0 } },
      s: { view: { context: { refusals: ["add to actor/nobody"] } } },
      c: { view: { context: { n: 7 } } },
      ears: { view: { context: { got: 1 } } },
      w: { view: { context: { out: { worked: "w" } } } },
      t: { view: { context: { rang: ["100", "1000"] } }, deadLetters: [["unknown_event", JSON.stringify({ type: "noise" })]] },
    });
    for (let at = 1; at <= told.acts; at += each)
      expect((await tell(placement, at)).end, `died at ${at} of ${told.acts}`).toEqual(told.end);
    // And four lives in a row.
    for (let at = 1; at <= told.acts; at += 17 * each)
      expect((await tell(placement, at, 4)).end, `died four times from ${at}`).toEqual(told.end);
  },
);

test("[HOST14] a message that kills its receiver is a dead letter, though every attempt kills it", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  const cluster = createCluster(logics);
  await cluster.host("actor/s").start({ actor: "s", logic: "sender" });
  await cluster.host("actor/c").start({ actor: "c", logic: "counter" });
  let deaths = 0;
  world.crash = (actor) => {
    deaths += 1;
    cluster.evict(`actor/${actor}`);
    throw new Error("out of memory");
  };
  await cluster.host("actor/s").send("s", { type: "send", to: "actor/c", n: 1 });
  await cluster.settle();
  cluster.store("actor/s").exec(appendEntry, makeEntry("actor/s", ["actor/c"], { type: "crash" }));
  cluster.evict("actor/s");
  cluster.host("actor/s");
  await cluster.advance(200_000);
  expect(deaths).toBeLessThanOrEqual(5);
  expect(cluster.host("actor/c").deadLetters()).toMatchObject([{ code: "poison", event: '{"type":"crash"}' }]);
});
