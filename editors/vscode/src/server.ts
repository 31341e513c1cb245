/** The language server that comes with the extension, in a process of its own; and, run as a thread, what draws. */
import { isMainThread } from "node:worker_threads";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { createIncludes, findIncludes } from "../../../src/cli/lib/check/create-includes.ts";
import { listFolder, locateDocument } from "../../../src/cli/lib/check/list-beside.ts";
import { createDrawer } from "../../../src/cli/lib/draw/draw-in-thread.ts";
import { lspLimits } from "../../../src/lsp/limits.ts";
import { serveEditor } from "../../../src/lsp/serve-editor.ts";

if (isMainThread)
  serveEditor(createConnection(ProposedFeatures.all), {
    findIncludes,
    folders: { locateDocument, listFolder, createIncludes },
    draw: createDrawer(lspLimits),
    // The extension says that it runs all commands itself.
    run: async () => ({ ok: false, output: "The editor runs it." }),
  });
