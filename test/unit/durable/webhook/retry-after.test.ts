/** How long a receiver is left alone that asks for it. */
import { expect, test } from "vitest";
import { createStage } from "./stage.ts";

const minute = 60_000;

test.each([
  ["a date", (now: number) => new Date(now + 20 * minute).toUTCString(), 20 * minute],
  ["more than six hours", () => "99999999999999", 6 * 60 * minute],
  ["a date that is over", (now: number) => new Date(now - minute).toUTCString(), 10_000],
  ["nothing that can be read", () => "soon", 10_000],
])("[HOOK10] an answer that asks for quiet by %s is respected, for six hours at most", async (_, say, quiet) => {
  const stage = createStage();
  await stage.create();
  stage.behave = () => new Response(null, { status: 503, headers: { "retry-after": say(stage.now) } });
  await stage.log("a");
  await stage.wake();
  await stage.pass(quiet - 6_000);
  expect(stage.requests).toHaveLength(1);
  await stage.pass(12_000);
  expect(stage.requests).toHaveLength(2);
});
