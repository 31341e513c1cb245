/** `nerveflare lsp`: the language server, which editors start and talk to over stdin and stdout. */
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { lspLimits } from "../../lsp/limits.ts";
import { serveEditor } from "../../lsp/serve-editor.ts";
import { createIncludes, findIncludes } from "../lib/check/create-includes.ts";
import { listFolder, locateDocument } from "../lib/check/list-beside.ts";
import { createDrawer } from "../lib/draw/draw-in-thread.ts";
import { runSelf } from "../lib/run-self.ts";

/** Defines `nerveflare lsp`. */
export function defineCommand(command: Command): void {
  command
    .option("--stdio", "talk over stdin and stdout; it always does")
    .option("--clientProcessId <id>", "the editor's process; ends with it")
    .addHelpText("after", "\nStarted by an editor, not by hand: see docs/editors.md.")
    .action(() => {
      // The connection ends the process when the editor says so, or is gone.
      serveEditor(createConnection(ProposedFeatures.all, process.stdin, process.stdout), {
        findIncludes,
        folders: { locateDocument, listFolder, createIncludes },
        draw: createDrawer(lspLimits),
        run: async ([verb = "", ...options], uri) => {
          const file = fileURLToPath(uri);
          return runSelf([verb, ...options, "--", file], file, { time: lspLimits.commandTime, output: lspLimits.commandOutput });
        },
      });
    });
}
