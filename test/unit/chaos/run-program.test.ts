/** How a program of one's own that does not run well ends the command. */
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/lib/chaos/run-behind-chaos.ts";
import { createTerminal } from "../../../src/cli/lib/terminal.ts";

const terminal = createTerminal({ stdout: { write: () => {} }, stderr: { write: () => {} } });

test.each([
  [["./no-such-agent"], "./no-such-agent cannot be run", 2],
  [["sh", "-c", "exit 3"], "sh ended with 3.", 1],
  [["sh", "-c", "kill -9 $$"], "sh ended by SIGKILL.", 1],
])("[CHAOS7] %j ends it with the reason", async (program, reason, exitCode) => {
  await expect(runProgram(program, process.env, terminal)).rejects.toThrow(
    expect.objectContaining({ message: expect.stringContaining(reason), exitCode }),
  );
});

test("[CHAOS7] a program that ends well ends it well", async () => {
  await expect(runProgram(["true"], process.env, terminal)).resolves.toBeUndefined();
});
