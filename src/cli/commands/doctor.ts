/** `nerveflare doctor`: what is wrong with a data folder or a backup, and what can be mended. */
import type { Command } from "commander";
import { severityColours } from "../lib/check/render-diagnostic.ts";
import { CliError, type CommandContext } from "../lib/command.ts";
import { createDataOption } from "../lib/data-option.ts";
import { type Examination, examine } from "../lib/doctor/examine.ts";
import type { Finding } from "../lib/doctor/finding.ts";
import { explained } from "../lib/explain-errors.ts";
import type { Terminal } from "../lib/terminal.ts";

/** Defines `nerveflare doctor`. */
export function defineCommand(command: Command, { terminal, env }: CommandContext): void {
  command
    .addOption(createDataOption("the data folder of a server that is stopped, or a backup"))
    .option("--fix", "mend what can be mended without taking anything away")
    .addHelpText("after", "\nOf a running server: take a backup, and examine that. Ends with 1 while something is wrong.")
    .action(async ({ data, fix = false }: { data: string; fix?: boolean }) => {
      const report = (done: number, of: number) => terminal.hint(`  ${done} of ${of} files`);
      const examined = await explained(examine(data, { fix, retention: env.NERVEFLARE_RETENTION, report }));
      terminal.result(examined, () => renderExamination(terminal, examined));
      const left = examined.findings.filter(({ mended }) => !mended);
      if (left.length === 0) return;
      const mendable = left.filter((finding) => finding.mendable).length;
      throw new CliError(`${left.length} ${left.length === 1 ? "thing is" : "things are"} wrong with ${examined.data}.`, {
        ...(mendable > 0 && { hint: `${mendable} of them --fix mends.` }),
      });
    });
}

function renderExamination(terminal: Terminal, { data, files, objects, pending, findings }: Examination): string {
  return [
    `${data}: ${files} files, ${objects} objects`,
    ...(pending > 0 ? [`${pending} objects have rows for the log that are on their way: it catches up when the server runs`] : []),
    ...findings.map((finding) => renderFinding(terminal, finding)),
    ...(findings.length === 0 ? [terminal.style("green", "nothing is wrong")] : []),
  ].join("\n");
}

function renderFinding(terminal: Terminal, { code, severity, message, hint, mended }: Finding): string {
  const mark = mended ? terminal.style("green", "mended") : terminal.style(severityColours[severity], severity);
  return `${mark} ${code}: ${message}${mended ? "" : `\n  ${hint}`}`;
}
