/** What an agent's object says to the board of who is there, and when. */
import { expect, test } from "vitest";
import { createAttendance } from "../../../../src/durable/agent/offers/attendance.ts";
import type { Attending } from "../../../../src/durable/protocol/board.ts";

test("[BOARD11] an agent whose connection stayed open while it was silent says that it is there as it comes back, for the board may be another", async () => {
  const said: Attending["until"][] = [];
  const running: Promise<unknown>[] = [];
  const attendance = createAttendance({
    agent: "ann",
    clock: { now: () => 1_000 },
    scheduler: { background: (work) => void running.push(work) },
    later: () => {},
    board: {
      async attend({ until }) {
        said.push(until);
        return { offers: [], closed: [], over: [], young: false };
      },
      leave: async () => {},
    },
    card: () => ({ id: "ann", capabilities: [], roles: null, kinds: null }),
    isConnected: () => true,
    listOpen: () => [],
    take: () => {},
  });
  attendance.connected();
  await Promise.all(running);
  attendance.connected();
  attendance.left();
  await Promise.all(running);
  expect(said).toEqual([null]);
  attendance.cameBack();
  await Promise.all(running);
  expect(said).toEqual([null, null]);
});
