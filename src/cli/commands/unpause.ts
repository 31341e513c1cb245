/** `nerveflare unpause`: short for `workflows unpause`; with `--server`, for a server that was started with `--paused`. */
import type { Command } from "commander";
import { findControl, giveOrder } from "../../local-server/control-server.ts";
import { type ApiOptions, addApiOptions } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { createDataOption } from "../lib/data-option.ts";
import { explained } from "../lib/explain-errors.ts";
import { unpauseWorkflow } from "../lib/workflow-queue.ts";

/** Defines `nerveflare unpause`. */
export function defineCommand(command: Command, context: CommandContext): void {
  addApiOptions(command.argument("[workflow]", "the workflow's name"))
    .option("--server", "let a server run that was started with --paused on this machine")
    .addOption(createDataOption("with --server: its data folder"))
    .action(async (workflow: string | undefined, options: ApiOptions & { server?: boolean; data: string }) => {
      if (options.server) return unpauseServer(options.data, context);
      if (workflow !== undefined) return unpauseWorkflow(workflow, options, context);
      throw new CliError("Which workflow?", { hint: "Name it, or let a paused server run with --server.", exitCode: exitCodes.usage });
    });
}

async function unpauseServer(data: string, { terminal }: CommandContext): Promise<void> {
  const control = findControl(data);
  if (!control) {
    throw new CliError(`No server runs on ${data}.`, {
      hint: "Name its data folder with --data or NERVEFLARE_DATA, on the machine where it runs.",
    });
  }
  const said = await explained(giveOrder(control, "unpause", {}));
  terminal.result({ server: data, paused: false, changed: said.changed }, () =>
    said.changed ? "The server runs: what waited goes on." : "The server was not paused.",
  );
}
