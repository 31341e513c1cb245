/** `nerveflare schema`: the language's shape as JSON Schema, by which editors complete and check workflow files. */
import type { Command } from "commander";
import { createEditorSchema, renderEditorSchema } from "../../compile/schema/create-editor-schema.ts";
import type { CommandContext } from "../lib/command.ts";
import { addForce, writeOwnFiles } from "../lib/own-files.ts";

/** Defines `nerveflare schema`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  addForce(command)
    .option("--out <file>", "write it to a file")
    .addHelpText("after", "\nA file names its schema in a comment: # yaml-language-server: $schema=<path or address>")
    .action(async ({ out, force }: { out?: string; force?: boolean }) => {
      if (out === undefined) {
        terminal.result(createEditorSchema(), () => renderEditorSchema().trimEnd());
        return;
      }
      await writeOwnFiles([{ path: out, content: renderEditorSchema() }], { force });
      terminal.result({ file: out }, () => `wrote ${out}`);
    });
}
