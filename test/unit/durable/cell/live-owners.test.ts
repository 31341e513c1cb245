/** Who is in memory, and when it is looked how much of that is stored. */
import { expect, test } from "vitest";
import { cellLimits } from "../../../../src/durable/cell/cell-limits.ts";
import { createLiveOwners } from "../../../../src/durable/cell/live-owners.ts";

const { ownerBytes, countedBytes } = cellLimits;

test("[CELL15] it is looked how many characters an actor stores only where there is no room, and then nobody leaves for what others have replaced", () => {
  const stored = new Map<string, number>();
  const looked: string[] = [];
  const live = createLiveOwners<string>({
    make: ({ owner }) => owner,
    stays: () => false,
    measure(owner) {
      looked.push(owner);
      return stored.get(owner) ?? 0;
    },
    now: () => 0,
    warn() {},
    limits: { owners: 100, bytes: 4 * ownerBytes + 6 * countedBytes },
  });
  const rests = live.open("rests").life;
  live.count(rests, 10);
  const works = ["a", "b", "c"].map((owner) => live.open(owner).life);
  const rewrite = () => {
    for (const life of works) {
      stored.set(life.owner, 1_000);
      live.count(life, countedBytes + 1_000);
    }
  };
  rewrite();
  // Whoever asks how many they are asks from outside of the object, which lets nobody read there.
  expect(live.bytes()).toBe(4 * ownerBytes + 10 + 3 * (countedBytes + 1_000));
  expect(looked).toEqual([]);
  rewrite();
  // It is full by what the last has written: of the others is known what they hold.
  expect(looked).toEqual(["a", "b", "c"]);
  live.open("another");
  expect(live.owners()).toEqual(["rests", "a", "b", "c", "another"]);
  expect(live.bytes()).toBe(5 * ownerBytes + 10 + 3 * 1_000);
  // Of what replaced nothing nobody needs to look.
  looked.length = 0;
  live.count(works[1] as (typeof works)[0], 2 * countedBytes, 0);
  expect(live.bytes()).toBe(5 * ownerBytes + 10 + 3 * 1_000 + 2 * countedBytes);
  expect(looked).toEqual([]);
  // What is truly stored counts, and is not looked at again before as much may have replaced it.
  stored.set("a", 8 * countedBytes);
  live.count(works[0] as (typeof works)[0], 8 * countedBytes);
  looked.length = 0;
  live.count(works[0] as (typeof works)[0], 10);
  live.open("c");
  expect(looked).toEqual([]);
  expect(live.owners()).not.toContain("rests");
});
