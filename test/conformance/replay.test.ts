import { describe, expect, it } from "vitest";
import { createReplay, replayCase, replayWalk } from "../../scripts/conformance/replay.ts";
import { lowerWorkflow } from "../../src/compile/compile-workflow.ts";
import { codeReview, debate } from "../unit/machines/workflows.ts";

function ready(ir: typeof codeReview) {
  const made = createReplay(lowerWorkflow(ir));
  if (!made.ok) throw new Error(made.error);
  return made.replay;
}

describe("replaying decisions by the machine", () => {
  it("[DECIDE15] decides the next role with its prompt", async () => {
    const steps = [{ role: "reviewer", output: { $status: "changes_requested", changes: ["a"] } }];
    expect(await replayCase(ready(codeReview), steps, null)).toEqual({
      ok: true,
      value: { role: "author", prompt: "reviewer changes_requested" },
    });
  });

  it("[DECIDE15] tells a suspension from a decision and an error", async () => {
    const suspended = await replayCase(ready(codeReview), [{ role: "author", output: { $status: "$SUSPEND", reason: "ask Ann" } }], null);
    expect(suspended).toEqual({ ok: true, value: { action: "suspend", suspendedRole: "author", prompt: "ask Ann" } });
    const unknown = await replayCase(ready(codeReview), [{ role: "author", output: { $status: "nonsense" } }], null);
    expect(unknown.ok).toBe(false);
    expect((await replayCase(ready(codeReview), [{ role: "nobody", output: {} }], null)).ok).toBe(false);
  });

  it("[DECIDE15] walks by conditions over the whole history", async () => {
    const speech = (role: string) => ({ role, output: { argument: "x", conceded: false } });
    const steps = ["against", "for", "against", "for", "against", "for"].map(speech);
    const taken = await replayWalk(ready(debate), steps, null, 7);
    expect(taken.map((actual) => (actual.ok && "role" in actual.value ? actual.value.role : "?"))).toEqual([
      "against",
      "for",
      "against",
      "for",
      "against",
      "for",
      "host",
    ]);
  });
});
