/** Holds one input to the compiler's promise: no throw, a machine or an error, every finding inside the text. */

import { loadMachine } from "../../machines/load-machine.ts";
import { compileWorkflow } from "../../src/compile/compile-workflow.ts";
import { createModerator } from "../../src/compile/decide/create-moderator.ts";
import { compileLimits } from "../../src/compile/limits.ts";
import type { FuzzCase } from "./create-case.ts";

/** Fails with what was broken. */
export async function runCase({ text, output }: Pick<FuzzCase, "text" | "output">): Promise<void> {
  const { compiled, diagnostics } = compileWorkflow(text);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (diagnostics.some(({ name }) => name === "compiler-bug"))
    throw new Error(diagnostics.find(({ name }) => name === "compiler-bug")?.message);
  if ((compiled === undefined) !== errors.length > 0) throw new Error(`${errors.length} errors, and ${compiled ? "a" : "no"} machine`);
  if (diagnostics.length > compileLimits.diagnostics) throw new Error(`${diagnostics.length} findings`);
  let last = 0;
  for (const { span, related, fix, message, code } of diagnostics) {
    if (span.start < last) throw new Error("the findings are not in source order");
    last = span.start;
    if (message.trim() === "") throw new Error(`${code} says nothing`);
    for (const { start, end } of [span, ...related.map((other) => other.span), ...(fix ? [fix.span] : [])])
      if (start < 0 || end < start || end > Math.max(1, text.length))
        throw new Error(`${code} points outside the text: ${start} to ${end} of ${text.length}`);
  }
  if (compiled === undefined) return;
  for (const config of [compiled.recruitment, compiled.task]) {
    const loaded = loadMachine(config);
    if (!loaded.ok) throw new Error(`the ${config.id} machine does not load: ${JSON.stringify(loaded.faults[0])}`);
  }
  if (output === undefined) return;
  const moderator = createModerator(compiled.ir);
  const step = { role: "a", output: output as never };
  const steps = [step, step, step];
  const result = await moderator.decide("a", {
    start: { workflow: "hostile", event: { type: "x", data: { prompt: output["text"] as string } }, which: "new" },
    last: step,
    steps: () => steps,
  });
  if (!result.ok && result.error.message.trim() === "") throw new Error("an error without a message");
  JSON.stringify(result);
}
