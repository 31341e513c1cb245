/** `nerveflare resume`: lets a suspended thread go on, or one that ended, where its workflow says how. */
import type { Command } from "commander";
import type { CommandContext } from "../lib/command.ts";
import { addThreadOrder, orderThread, readJsonOption, type ThreadOrder } from "../lib/thread-order.ts";

/** Defines `nerveflare resume`. */
export function defineCommand(command: Command, context: CommandContext): void {
  addThreadOrder(command)
    .option("--supplement <json>", "what whoever gets the next turn is to know")
    .action((id: string, { supplement, ...options }: ThreadOrder & { supplement?: string }) =>
      orderThread(
        context,
        options,
        id,
        "resume",
        supplement === undefined ? {} : { supplement: readJsonOption(supplement, "--supplement") },
      ),
    );
}
