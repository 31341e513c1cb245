/** `nerveflare restore`: a data folder made of a backup. */
import type { Command } from "commander";
import { restore } from "../../local-server/backup.ts";
import type { CommandContext } from "../lib/command.ts";
import { createDataOption } from "../lib/data-option.ts";
import { explained } from "../lib/explain-errors.ts";

/** Defines `nerveflare restore`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  command
    .argument("<backup>", "the backup's folder")
    .addOption(createDataOption("the new data folder: absent, or empty"))
    .addHelpText("after", "\nEnd the server that the backup is of first: two that run one history give the same turns twice.")
    .action(async (backup: string, { data }: { data: string }) => {
      const progress = ({ done, of }: { [name: string]: unknown }) => terminal.hint(`  ${done} of ${of} files`);
      const facts = await explained(restore(backup, data, progress));
      terminal.result({ restored: facts.data, ...facts }, () =>
        [
          `${terminal.style("green", "restored")} ${facts.data}: ${facts.files} files, as of ${facts.createdAt}`,
          `  look at it first with \`nerveflare start --paused --data ${facts.data}\`, or start it`,
        ].join("\n"),
      );
    });
}
