/** How often an object looks after log rows that the database does not take. */
import { expect, test, vi } from "vitest";
import { createCommitter } from "../../../../src/durable/host/committer.ts";
import type { World } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { createProjectionOutbox } from "../../../../src/durable/projector/projection-outbox.ts";

test("[LOG24] while the database takes no log rows, an object's alarm rings less and less often for them, up to once a minute", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const storage = createNodeStorage();
  const world: World = {
    address: "workflow/w",
    storage,
    clock: { now: () => 0 },
    transport: { deliver: () => Promise.resolve({ status: "stored" }) },
    scheduler: { background: () => {} },
  };
  const store = createStore(storage, world.address);
  const outbox = createProjectionOutbox(
    world,
    store,
    () => {},
    () => Promise.reject(new Error("away")),
  );
  const committer = createCommitter(world, {
    store,
    dueTimes: () => [outbox.due()],
    refused: () => {},
    log: outbox.log,
  });
  committer.commit(() => outbox.append({ table: "accepts", agent: "a", accepts: {}, at: 0 }));
  const pauses = [outbox.due()];
  for (let failure = 0; failure < 10; failure += 1) {
    await outbox.flush();
    pauses.push(outbox.due());
  }
  expect(pauses[0]).toBe(5_000);
  expect(pauses.slice(-2)).toEqual([60_000, 60_000]);
  expect(pauses).toEqual(pauses.toSorted((a, b) => Number(a) - Number(b)));
  vi.restoreAllMocks();
  storage.close();
});
