/** `nerveflare lsp`: the language server, which editors start and talk to over stdin and stdout. */
import type { Command } from "commander";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { serveEditor } from "../../lsp/serve-editor.ts";

/** Defines `nerveflare lsp`. */
export function defineCommand(command: Command): void {
  command
    .option("--stdio", "talk over stdin and stdout; it always does")
    .option("--clientProcessId <id>", "the editor's process; ends with it")
    .addHelpText("after", "\nStarted by an editor, not by hand: see docs/editors.md.")
    .action(() => {
      // The connection ends the process when the editor says so, or is gone.
      serveEditor(createConnection(ProposedFeatures.all, process.stdin, process.stdout));
    });
}
