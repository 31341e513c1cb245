/** `nerveflare unpause`: short for `workflows unpause`. */
import type { Command } from "commander";
import { addApiOptions } from "./api.ts";
import type { CommandContext } from "./command.ts";
import { defineUnpause } from "./workflows.ts";

/** Defines `nerveflare unpause`. */
export function defineCommand(command: Command, context: CommandContext): void {
  defineUnpause(addApiOptions(command.argument("<workflow>", "the workflow's name")), context);
}
