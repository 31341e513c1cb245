import { expect, test } from "vitest";
import { clientLimits } from "../../../src/client/limits.ts";
import { createLoopWatch } from "../../../src/client/loop-watch.ts";
import type { Note } from "../../../src/client/note.ts";
import { createFixture, makeTurn } from "./fixture.ts";

/** A clock whose timers fire when the process lets them. */
function createLateClock() {
  const timers: { at: number; action: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    after(ms: number, action: () => void) {
      timers.push({ at: now + ms, action });
      return () => {};
    },
    /** Time passes, and only then what fell due runs. */
    block(ms: number) {
      now += ms;
      for (const { action } of timers.splice(0, timers.length)) action();
    },
    size: () => timers.length,
  };
}

test.each([
  ["blocks for longer than a sign of life may be late", clientLimits.loopTickMs + clientLimits.loopLateMs, 1],
  ["is slow in small steps", clientLimits.loopTickMs + clientLimits.loopLateMs - 1, 0],
])("[LOOP1] a handler that %s", (_, ms, warnings) => {
  const clock = createLateClock();
  const notes: Note[] = [];
  let busy = ["code-review/reviewer"];
  const begin = createLoopWatch({ clock, busy: () => busy, isActive: () => busy.length > 0, note: (note) => notes.push(note) });
  begin();
  begin();
  expect(clock.size()).toBe(1);
  clock.block(ms);
  expect(notes.filter(({ what }) => what === "loop.blocked")).toHaveLength(warnings);
  if (warnings) expect(notes[0]?.message).toContain("code-review/reviewer");
  // It looks on as long as any runs, and no longer.
  expect(clock.size()).toBe(1);
  busy = [];
  clock.block(clientLimits.loopTickMs);
  expect(clock.size()).toBe(0);
});

test("[LOOP2] an agent watches its turns' handlers", async () => {
  const { server, connect } = await createFixture();
  let skew = 0;
  const clock = {
    now: () => Date.now() + skew,
    after: (ms: number, action: () => void) => {
      const timer = setTimeout(action, Math.min(ms, 50));
      return () => clearTimeout(timer);
    },
  };
  const agent = connect({
    clock,
    onTurn: async () => {
      // As if the process had done nothing else meanwhile.
      skew += 30_000;
      await agent.noted("loop.blocked");
      return { $status: "done" };
    },
  });
  server.give("nerve.turn.assigned", makeTurn());
  await agent.noted("turn.answered");
  expect(agent.notes.find(({ what }) => what === "loop.blocked")?.message).toMatch(/for (29|30) s nothing else ran.*code-review\/reviewer/);
});
