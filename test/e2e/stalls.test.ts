/** What goes wrong somewhere, or takes long, is no business of the others: their waits beside it are measured against those without, in one run. Over a cell with NERVEFLARE_TEST_PLACEMENT=cell. */
import { expect, test } from "vitest";
import { measureStalls } from "../../bench/stalls/measure-stalls.ts";
import { testPlacement } from "../placement.ts";

/** How many times its usual length the usual wait may be. It was 40 beside a moderator that let nobody in. */
const ratio = 10;
/** Milliseconds below which a quiet wait is taken to be this: what a machine does beside is as long. */
const least = 10;
/** Milliseconds of the longest wait, if the machine leaves the quiet ones as short. */
const longest = 5_000;

test("[STALL1] a hundred threads go on to their end beside receivers that cannot be reached, a flood to one mailbox, a slow moderator and broken objects", {
  timeout: 180_000,
}, async () => {
  const stalls = await measureStalls({ threads: 100, pairs: 10, window: 1_000, pause: 2_000, placement: testPlacement });
  expect(stalls).toHaveLength(4);
  for (const { fault, struck, beside, quiet } of stalls) {
    const said = `${fault}, ${struck} times: ${JSON.stringify({ beside, quiet })}`;
    // Otherwise nothing was beside them.
    expect(struck, said).toBeGreaterThan(1);
    expect(Math.min(beside.turns, quiet.turns), said).toBeGreaterThan(10);
    expect(beside.p50 / Math.max(quiet.p50, least), said).toBeLessThan(ratio);
    expect(beside.worst, said).toBeLessThan(Math.max(longest, 2 * quiet.worst));
  }
});
