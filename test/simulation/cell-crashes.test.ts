/** A cell that dies at any of its writes is woken by the platform's alarm alone: nobody calls it, and each actor's time comes. */
import { afterEach, expect, test, vi } from "vitest";
import { logics } from "../host/machines.ts";
import { resetWorld } from "../host/world.ts";
import { createCellCluster } from "./cell-cluster.ts";

afterEach(() => {
  resetWorld();
  vi.restoreAllMocks();
});

const clocks = ["a", "b", "c"];

/** @param dieAt which of the things that the cell does from then on, when nobody calls it any more, is the last of its life; 0: none */
async function tell(dieAt: number, times = 1): Promise<{ acts: number; rang: unknown[] }> {
  let acts = 0;
  let alone = false;
  const cluster = createCellCluster(logics, {
    touch() {
      if (!alone) return;
      acts += 1;
      if (dieAt && acts >= dieAt && acts < dieAt + times) throw new Error(`died at ${acts}`);
    },
  });
  for (const actor of clocks) await cluster.host(`actor/${actor}`).start({ actor, logic: "clock" });
  await cluster.settle();
  for (const actor of clocks)
    await cluster.host(`actor/${actor}`).deliver({ from: "client/1", id: 1, to: `actor/${actor}`, message: { type: "after" } });
  // At the latest now: what follows is the cell's own doing.
  alone = true;
  await cluster.advance(600_000);
  alone = false;
  const rang = await Promise.all(clocks.map(async (actor) => (await cluster.host(`actor/${actor}`).read(actor))?.context));
  return { acts, rang };
}

test("[CELL3] [HOST11] whatever instruction is a cell's last, the platform's alarm wakes it, and each actor's times have come", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  const told = await tell(0);
  expect(told.acts).toBeGreaterThan(10);
  expect(told.rang).toEqual(clocks.map(() => expect.objectContaining({ rang: ["100", "1000"] })));
  for (let at = 1; at <= told.acts; at++) {
    expect((await tell(at)).rang, `died at ${at} of ${told.acts}`).toEqual(told.rang);
    expect((await tell(at, 4)).rang, `died four times from ${at}`).toEqual(told.rang);
  }
});
