/** A real cell with many threads and sockets: what its heap holds, and what happens when all sockets come back at once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Crowd, describeWaits, openCrowd } from "../../bench/crowd/crowd.ts";
import { call, connectFleet, registerAgents } from "../../bench/edge/fleet.ts";
import { type HeapServer, startHeapServer } from "../../bench/heap/measure-heap.ts";

let server: HeapServer;
let crowd: Crowd;

beforeAll(async () => {
  server = await startHeapServer("cell");
  crowd = await openCrowd(server, 10);
});
afterAll(async () => {
  crowd?.close();
  await server?.stop();
});

test("[CELL10] the heap of a cell grows by no more than it counts, and stays far below an isolate's", { timeout: 60_000 }, async () => {
  // Code is compiled meanwhile.
  for (let thread = 0; thread < 8; thread += 1) await crowd.play({ pause: 0, turns: 10 });
  const before = await server.readHeap("before");
  await crowd.start(120, { pause: "open" });
  const after = await server.readHeap("after");
  const said = JSON.stringify({ before, after });
  const counted = (after.counted ?? 0) - (before.counted ?? 0);
  expect((after.owners ?? 0) - (before.owners ?? 0), said).toBeGreaterThan(150);
  // What else grew: code, frames, the board.
  expect(after.used - before.used, said).toBeLessThan(counted + 4);
  expect(after.counted, said).toBeLessThan(24.5);
  expect(after.used, said).toBeLessThan(100);
});

test("[CELL11] of sockets that all come back at once each is served, and gets what was sent while it was away; the turns of others go on", {
  timeout: 60_000,
}, async () => {
  const size = 150;
  const tokens = await registerAgents(server, { size, groups: {}, note: () => {} });
  const { token } = await call<{ token: string }>(server, "v1/agents", { id: "starter", capabilities: [] });
  const fleet = await connectFleet(server, tokens, () => {});
  await crowd.start(20, { pause: 100 });
  const waits = describeWaits(
    await crowd.measure(async () => {
      const id = crypto.randomUUID();
      const arrived = fleet.arrival(size, (event) => event.id === id);
      await fleet.reconnect(() => call(server, "v1/events", { specversion: "1.0", id, type: "team.news", to: "*", data: {} }, token));
      await arrived;
    }),
  );
  expect(waits.turns).toBeGreaterThan(10);
  expect(waits.worst, JSON.stringify(waits)).toBeLessThan(5_000);
  await crowd.finish();
  fleet.close();
});
