/** `nerveflare diff`: what changed between two revisions of a workflow, by meaning, and whom it breaks. */
import type { Command } from "commander";
import { compareWorkflows } from "../../compile/compare/compare-workflows.ts";
import { type Api, type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { readSide } from "../lib/diff/read-side.ts";
import { renderChanges } from "../lib/diff/render-changes.ts";

/** Defines `nerveflare diff`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(
    command
      .argument("<before>", "a workflow file; or NAME, as it is published; or NAME@REVISION of a server, the first six digits or more")
      .argument("<after>", "the same"),
  )
    .addHelpText(
      "after",
      "\nRoles, schemas, edges, conditions, prompts, reflexes and numbers are compared by what they mean: other words for a default,\n" +
        "comments and layout are no difference. `breaks` names whom: agents that answer as before, senders of events, threads.\n" +
        "Exit code: 0 no difference in meaning, 1 a difference, 2 asked wrongly.",
    )
    .action(async (before: string, after: string, options: ApiOptions) => {
      let api: Api | undefined;
      const connect = (): Api => {
        api ??= createApi(options, context);
        return api;
      };
      if (before === "-" && after === "-")
        throw new CliError("stdin can be one of the two.", { hint: "Name a file for the other.", exitCode: exitCodes.usage });
      const [old, fresh] = [await readSide(before, connect, terminal), await readSide(after, connect, terminal)];
      const changes = compareWorkflows(old.compiled.ir, fresh.compiled.ir);
      const [from, to] = [old, fresh].map(({ label, compiled: { ir, revision } }) => ({ from: label, name: ir.name, revision }));
      terminal.result({ before: from, after: to, same: changes.length === 0, changes }, () =>
        changes.length === 0
          ? `${terminal.style("green", "same")} ${old.label} and ${fresh.label} mean the same`
          : `${terminal.style("bold", `${old.label} → ${fresh.label}`)}\n${renderChanges(changes, terminal.style)}`,
      );
      if (changes.length > 0) throw new CliError("There is a difference.", { told: true });
    });
}
