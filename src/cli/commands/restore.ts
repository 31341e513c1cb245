/** `nerveflare restore`: a data folder made of a backup. */
import { type Command, Option } from "commander";
import { type Placement, placements } from "../../contract/placement.ts";
import { restore } from "../../local-server/backup.ts";
import type { CommandContext } from "../lib/command.ts";
import { createDataOption } from "../lib/data-option.ts";
import { explained } from "../lib/explain-errors.ts";

/** Defines `nerveflare restore`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  command
    .argument("<backup>", "the backup's folder")
    .addOption(createDataOption("the new data folder: absent, or empty"))
    .addOption(
      new Option("--placement <placement>", "where its actors are to live: `own` moves a cell's to objects of their own").choices(
        placements,
      ),
    )
    .addHelpText("after", "\nEnd the server that the backup is of first: two that run one history give the same turns twice.")
    .action(async (backup: string, { data, placement }: { data: string; placement?: Placement }) => {
      const progress = ({ step, done, of }: { [name: string]: unknown }) =>
        terminal.hint(`  ${done} of ${of} ${step === "spread" ? "objects" : "files"}`);
      const facts = await explained(restore(backup, data, progress, placement));
      const setting = facts.placement === "cell" ? "NERVEFLARE_PLACEMENT=cell " : "";
      terminal.result({ restored: facts.data, ...facts }, () =>
        [
          `${terminal.style("green", "restored")} ${facts.data}: ${facts.files} files, as of ${facts.createdAt}`,
          ...(facts.objects === undefined
            ? []
            : [`  ${facts.objects} actors have an object of their own now: start it without NERVEFLARE_PLACEMENT`]),
          `  look at it first with \`${setting}nerveflare start --paused --data ${facts.data}\`, or start it`,
        ].join("\n"),
      );
    });
}
