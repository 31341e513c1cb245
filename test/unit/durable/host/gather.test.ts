/** Calls that reach a busy object together share a commit, and who comes alone does not wait. */
import { expect, test } from "vitest";
import { createGather } from "../../../../src/durable/host/gather.ts";

function gatherByHand() {
  const asked: { crowded: boolean; settle: () => void }[] = [];
  const batches: number[][] = [];
  const gather = createGather<number, number>(
    (crowded) => new Promise((resolve) => asked.push({ crowded, settle: resolve })),
    (items) => {
      batches.push(items);
      return items.map((item) => item * 10);
    },
  );
  return { gather, asked, batches };
}

test("[GATHER1] calls that come before the object has settled are taken at once, and each gets its own answer", async () => {
  const { gather, asked, batches } = gatherByHand();
  const first = [gather(1), gather(2), gather(3)];
  expect(asked).toHaveLength(1);
  asked[0]?.settle();
  expect(await Promise.all(first)).toEqual([10, 20, 30]);
  const second = gather(4);
  asked[1]?.settle();
  expect(await second).toBe(40);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

test("[GATHER2] only where the last calls did not come alone is time taken to gather more", async () => {
  const { gather, asked } = gatherByHand();
  for (const [index, count] of [1, 2, 3, 1, 1].entries()) {
    const calls = Array.from({ length: count }, (_, item) => gather(item));
    asked[index]?.settle();
    await Promise.all(calls);
  }
  expect(asked.map(({ crowded }) => crowded)).toEqual([false, false, true, true, false]);
});
