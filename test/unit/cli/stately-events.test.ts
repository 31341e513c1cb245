import { expect, test } from "vitest";
import { createInspection } from "../../../src/cli/lib/inspect/stately-events.ts";

type Inspection = ReturnType<typeof createInspection>;

test("[STATELY1] a thread whose last step was read before its end was seen is told to have ended, once", () => {
  const inspection = createInspection({ recruitment: {}, task: {} } as Parameters<typeof createInspection>[0]);
  const thread = { id: "t1", status: "running" } as Parameters<Inspection["tell"]>[0];
  const ended = { ...thread, status: "completed", outcome: { output: {} } } as typeof thread;
  const step = { revision: 1, at: 5, event: { type: "turn.answered" }, after: "ended", context: {} };
  const none = { recruitment: [], task: [] };
  const tell = (now: typeof thread, history: object) =>
    inspection
      .tell(now, history as Parameters<Inspection["tell"]>[1])
      .map((event) => [event.sessionId, "snapshot" in event ? event.snapshot.status : ""]);
  expect(tell(thread, { ...none, task: [step] })).toEqual([
    ["t1.task.1", "active"],
    ["t1.task.1", ""],
    ["t1.task.1", "active"],
  ]);
  expect(tell(ended, { ...none, task: [step] })).toEqual([["t1.task.1", "done"]]);
  expect(tell(ended, none)).toEqual([]);
});
