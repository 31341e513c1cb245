/** `nerveflare restart`: begins a thread anew. */
import type { Command } from "commander";
import type { CommandContext } from "../lib/command.ts";
import { addThreadOrder, orderThread, readJsonOption, readStep, type ThreadOrder } from "../lib/thread-order.ts";

/** Defines `nerveflare restart`. */
export function defineCommand(command: Command, context: CommandContext): void {
  addThreadOrder(command)
    .option("--at <step>", "go on after this step, as if it had just been answered (default: from the start)")
    .option("--output <json>", "what to put in place of that step's output, which does not count any more")
    .action((id: string, { at, output, ...options }: ThreadOrder & { at?: string; output?: string }) =>
      orderThread(context, options, id, "restart", {
        ...(at !== undefined && { at: readStep(at) }),
        ...(output !== undefined && { output: readJsonOption(output, "--output") }),
      }),
    );
}
