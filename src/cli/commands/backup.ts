/** `nerveflare backup`: a copy of what a server keeps, taken while it runs. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { type BackupFacts, backUpAtRest, completeBackup } from "../../local-server/backup.ts";
import { findControl, giveOrder, type Report } from "../../local-server/control-server.ts";
import type { ControlAddress } from "../../local-server/data-folder.ts";
import type { CommandContext } from "../lib/command.ts";
import { createDataOption } from "../lib/data-option.ts";
import { explained } from "../lib/explain-errors.ts";

/** Defines `nerveflare backup`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  command
    .argument("<out>", "the backup's folder: new, or empty")
    .addOption(createDataOption("the data folder, on this machine"))
    .addHelpText(
      "after",
      "\nA running server stands still for a moment: nobody is refused, everybody waits. What it answered before is in the backup.\nA backup has the admin token and everything that agents said: keep it as you keep the data folder.",
    )
    .action(async (out: string, { data }: { data: string }) => {
      const report: Report = (line) => terminal.hint(describeProgress(line));
      const control = findControl(data);
      const target = resolve(out);
      const facts = await explained(control ? backUpRunning(control, target, report) : backUpAtRest(data, target, report));
      terminal.result({ backup: facts.out, ...facts, running: control !== undefined }, () =>
        [
          `${terminal.style("green", "backed up")} ${facts.out}: ${facts.files} files, ${writeBytes(facts.bytes)}`,
          control ? `  the server stood still for ${facts.stoodStill} ms` : "  no server was running",
          ...facts.broken.map((file) => terminal.style("red", `  ${file} is broken, here and in the original: see \`nerveflare doctor\``)),
        ].join("\n"),
      );
    });
}

async function backUpRunning(control: ControlAddress, out: string, report: Report): Promise<BackupFacts> {
  const { stoodStill } = await giveOrder(control, "copy", { out }, report);
  return completeBackup(out, Number(stoodStill), report);
}

function describeProgress(line: { [name: string]: unknown }): string {
  const { step, pass, files, bytes, done, of } = line as {
    step?: string;
    pass?: number;
    files?: number;
    bytes?: number;
    done?: number;
    of?: number;
  };
  if (step === "copy" && pass !== undefined) return `  copied ${files} files, ${writeBytes(bytes ?? 0)} (pass ${pass})`;
  if (step === "check") return `  checked ${done} of ${of} databases`;
  return `  ${step ?? ""}`;
}

function writeBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1024)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
