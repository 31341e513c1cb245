/** What actors of a cell commit late: with their next commit, or before the cell writes. */
import { expect, test, vi } from "vitest";
import { createCommitter } from "../../../../src/durable/host/committer.ts";
import { createObjectWorld } from "../../../../src/durable/host/storage/object-context.ts";
import { createHandWorld, type HandWorld, openCounted } from "./stage.ts";

/** Actors that commit late: `commits` tells of each commit what was there. */
function openLate(world: HandWorld) {
  const commits: number[] = [];
  /** Addresses of those whose every commit throws. */
  const broken = new Set<string>();
  const { cell, countTransactions } = openCounted(world, {
    make(kind, ctx) {
      const address = `${kind}/${ctx.name}`;
      const committer = createCommitter(createObjectWorld(ctx, address, { deliver: async () => ({ status: "stored" }) }), {
        dueTimes: () => [],
        refused: () => {},
        counted: () => void commits.push(read()),
        beforeCommit() {
          if (broken.has(address)) throw new Error("of all");
        },
      });
      const numbers = committer.store.resident<number>("number");
      const read = () => numbers.get("n") ?? 0;
      const add = (by: number) => () => {
        if (by < 0) throw new Error("of this one");
        numbers.put("n", read() + by);
      };
      return {
        late: async (by: number) => committer.commitLate(add(by)),
        add: async (by: number) => committer.commit(add(by)),
        settle: async () => committer.settle(),
        read: async () => read(),
      };
    },
    methods: () => ["late", "add", "settle", "read"],
  });
  interface Late {
    late(by: number): Promise<void>;
    add(by: number): Promise<void>;
    settle(): Promise<void>;
    read(): Promise<number>;
  }
  return { cell, commits, broken, countTransactions, of: (name: string) => cell.place<Late>("agent", name) };
}

test("[CELL16] what an actor commits late comes with its next commit, or before anything is written: one commit of its, in one transaction", async () => {
  const world = createHandWorld();
  const { cell, commits, countTransactions, of } = openLate(world);
  await Promise.all([of("a").late(1), of("a").late(2), of("b").late(10)]);
  expect(commits).toEqual([]);
  cell.flush();
  expect([commits, countTransactions()]).toEqual([[3, 10], 1]);
  await Promise.all([of("a").late(1), of("a").add(1), of("a").late(1)]);
  expect(commits.slice(2)).toEqual([5]);
  await world.settle();
  expect([commits.slice(2), countTransactions()]).toEqual([[5, 6], 2]);
  await of("a").late(1);
  await of("a").settle();
  await of("a").settle();
  expect(commits.slice(4)).toEqual([7]);
  await of("a").late(1);
  expect(cell.evict("agent/a"), "it has something to write").toBe(false);
  cell.endAll();
  expect(await openLate(world).of("a").read()).toBe(8);
});

test("[CELL16] what is committed late is there though the commit that took it along throws, and stands in no other's way", async () => {
  const world = createHandWorld();
  const { commits, of } = openLate(world);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  await Promise.all([of("a").late(1), expect(of("a").add(-1)).rejects.toThrow("of this one"), of("a").late(2)]);
  await world.settle();
  expect(await of("a").read()).toBe(3);
  await Promise.all([of("a").late(4), of("a").late(-1), of("a").late(8)]);
  await world.settle();
  expect(await of("a").read()).toBe(15);
  expect(said.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    { at: "late commit", address: "agent/a", error: "Error: of this one" },
  ]);
  said.mockRestore();
  expect(commits.at(-1)).toBe(15);
});

test("[CELL16] an actor whose every commit throws keeps no other's from being written with it", async () => {
  const world = createHandWorld();
  const { cell, broken, of } = openLate(world);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  broken.add("agent/a");
  await Promise.all([of("a").late(1), of("b").late(2), of("c").add(4)]);
  cell.flush();
  expect(said.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    { at: "late commit", address: "agent/a", error: "Error: of all" },
  ]);
  expect(await Promise.all(["b", "c"].map((name) => openLate(world).of(name).read()))).toEqual([2, 4]);
  // It takes part again as soon as it can.
  broken.clear();
  await of("a").late(8);
  cell.flush();
  expect(await openLate(world).of("a").read()).toBe(8);
  said.mockRestore();
});
