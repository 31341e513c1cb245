/** `nerveflare cancel`: an operator's word to a thread. */
import type { Command } from "commander";
import type { CommandContext } from "../lib/command.ts";
import { addThreadOrder, orderThread, type ThreadOrder } from "../lib/thread-order.ts";

/** Defines `nerveflare cancel`. */
export function defineCommand(command: Command, context: CommandContext): void {
  addThreadOrder(command).action((id: string, options: ThreadOrder) => orderThread(context, options, id, "cancel", {}));
}
