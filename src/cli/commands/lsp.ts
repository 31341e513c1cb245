/** `nerveflare lsp`: the language server, which editors start and talk to over stdin and stdout. */
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import type { Includes } from "../../compile/source/read-include.ts";
import { serveEditor } from "../../lsp/serve-editor.ts";
import { createIncludes } from "../lib/check/create-includes.ts";

/** Defines `nerveflare lsp`. */
export function defineCommand(command: Command): void {
  command
    .option("--stdio", "talk over stdin and stdout; it always does")
    .option("--clientProcessId <id>", "the editor's process; ends with it")
    .addHelpText("after", "\nStarted by an editor, not by hand: see docs/editors.md.")
    .action(() => {
      // The connection ends the process when the editor says so, or is gone.
      serveEditor(createConnection(ProposedFeatures.all, process.stdin, process.stdout), findIncludes);
    });
}

/** Files beside the document, where it is a file. */
function findIncludes(uri: string): Includes | undefined {
  try {
    return createIncludes(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}
