/** `nerveflare pause`: short for `workflows pause`. */
import type { Command } from "commander";
import { addApiOptions } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { definePause } from "../lib/workflow-queue.ts";

/** Defines `nerveflare pause`. */
export function defineCommand(command: Command, context: CommandContext): void {
  definePause(addApiOptions(command.argument("<workflow>", "the workflow's name")), context);
}
