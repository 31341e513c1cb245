/** `nerveflare schema`: the language's shape as JSON Schema, by which editors complete and check workflow files. */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { createEditorSchema, renderEditorSchema } from "../../compile/schema/create-editor-schema.ts";
import { CliError, type CommandContext } from "../lib/command.ts";

/** Defines `nerveflare schema`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  command
    .option("--out <file>", "write it to a file")
    .addHelpText("after", "\nA file names its schema in a comment: # yaml-language-server: $schema=<path or address>")
    .action(async ({ out }: { out?: string }) => {
      if (out === undefined) {
        terminal.result(createEditorSchema(), () => renderEditorSchema().trimEnd());
        return;
      }
      try {
        await writeFile(out, renderEditorSchema());
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new CliError(`The schema can't be written: ${reason}`, { hint: "Name a file in a folder that is there.", cause });
      }
      terminal.result({ file: out }, () => `wrote ${out}`);
    });
}
