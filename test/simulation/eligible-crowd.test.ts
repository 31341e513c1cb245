/** [BOARD14] What a thread costs where many are eligible: in calls, statements and rows of all objects, counted. */
import { expect, onTestFinished, test, vi } from "vitest";
import { compileWorkflow } from "../../src/compile/compile-workflow.ts";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import type { NodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { play, write } from "./liveness-stage.ts";
import { createThreadCluster } from "./thread-cluster.ts";

/** Stores whose statements are counted. */
class CountedStores extends Map<string, NodeStorage> {
  statements = 0;

  override set(name: string, store: NodeStorage): this {
    if (!this.has(name)) {
      const { exec } = store;
      store.exec = (sql, ...values) => {
        this.statements += 1;
        return exec(sql, ...values);
      };
    }
    return super.set(name, store);
  }

  countRows(): { [address: string]: number } {
    const count = (store: NodeStorage, table: string): number =>
      store.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).length ? store.exec(`SELECT 1 FROM ${table}`).length : 0;
    return Object.fromEntries(
      [...this].map(([address, store]) => [address, count(store, "journal") + count(store, "document") + count(store, "cursor")]),
    );
  }
}

const connected = Array.from({ length: 10 }, (_, index) => `a${index}`);

/** A thread from its beginning to its end. @param eligible how many may have its role, of whom ten are connected */
async function countThread(eligible: number, pick: "first" | "best") {
  const { compiled } = compileWorkflow(write({ reviewer: `recruits: pick: ${pick}` }));
  if (!compiled) throw new Error("the workflow does not compile");
  const stores = new CountedStores();
  let calls = 0;
  const others = Array.from({ length: eligible - connected.length }, (_, index) => `b${index}`);
  const cluster = await createThreadCluster({
    placement: "own",
    workflow: [],
    from: { now: 1_800_000_000_000, published: [compiled], stores },
    agents: [
      { id: "author", capabilities: [], roles: null, kinds: null },
      ...[...connected, ...others].map((id) => ({ id, capabilities: ["code-review"], roles: null, kinds: null })),
    ],
    fate: () => {
      calls += 1;
      return "arrives";
    },
  });
  const author = play(cluster, "author");
  const players = connected.map((id) => play(cluster, id));
  for (const player of players) await player.poll();
  await cluster.advance(10_000);
  // The list of all agents is never read: it cannot be.
  cluster.registryDown = true;
  const before = stores.countRows();
  [calls, stores.statements] = [0, 0];
  const { threads } = (await author.send("pr.ready", { pr: 1 }, "ready")) as Accepted;
  const thread = threads[0] as string;
  await cluster.advance(100);
  for (const player of players) await player.claim();
  const winner = players[0];
  if (!winner) throw new Error("nobody is connected");
  await winner.answer(await winner.turn(), "approved");
  await cluster.advance(30_000);
  const counts = { calls, statements: stores.statements };
  const shown = await cluster.thread(thread).recruitment.show(null);
  const after = stores.countRows();
  const touched = Object.keys(after).filter((address) => after[address] !== before[address]);
  return {
    ...counts,
    status: shown.ok && shown.value.status,
    rows: Object.values(after).reduce((sum, rows) => sum + rows, 0) - Object.values(before).reduce((sum, rows) => sum + rows, 0),
    others: others.filter((id) => touched.includes(`agent/${id}`)),
  };
}

test.each(["first", "best"] as const)(
  "[BOARD14] a thread costs the same where ten agents are eligible and where a thousand are, of whom these ten are connected (`pick: %s`)",
  async (pick) => {
    // When a collection first looks whether it has too many is drawn by lot, and would be a statement more.
    const lot = vi.spyOn(Math, "random").mockReturnValue(0.5);
    onTestFinished(() => lot.mockRestore());
    const few = await countThread(10, pick);
    expect(few).toMatchObject({ status: "completed", others: [] });
    expect(few.calls).toBeGreaterThan(10);
    expect(await countThread(1_000, pick)).toEqual(few);
  },
);
