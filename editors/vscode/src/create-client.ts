/** The extension's side of the language server: started with the first workflow that is opened, and not for other YAML. */
import { type ExtensionContext, type LogOutputChannel, type Uri, workspace } from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions, TransportKind } from "vscode-languageclient/node";
import type { DrawingAnswer, DrawingParams } from "../../../src/lsp/answer-drawing.ts";
import { findCli } from "./find-cli.ts";

/** A language server that may be there. */
export interface Client {
  /** Starts it for a workflow; does nothing if it runs. */
  start(file: Uri): Promise<void>;
  /** Starts it anew, if it runs. */
  restart(): Promise<void>;
  /** Null where the server takes the file for no workflow, or is not there. */
  draw(params: DrawingParams): Promise<DrawingAnswer | null>;
  stop(): Promise<void>;
}

/** Makes the client. @param own the commands that the extension has; @param onJudged is told of each document whose findings are new */
export function createClient(
  context: ExtensionContext,
  log: LogOutputChannel,
  own: readonly string[],
  onJudged: (uri: Uri) => void,
): Client {
  let client: LanguageClient | undefined;
  let startedFor: Uri | undefined;

  const start = async (file: Uri): Promise<void> => {
    if (client) return;
    startedFor = file;
    const options: LanguageClientOptions = {
      documentSelector: [{ language: "yaml" }],
      initializationOptions: { commands: own },
      outputChannel: log,
      middleware: {
        handleDiagnostics(uri, diagnostics, next) {
          next(uri, diagnostics);
          onJudged(uri);
        },
      },
    };
    client = new LanguageClient("nerveflare", "nerveflare", chooseServer(context, log, file), options);
    await client.start();
  };
  const stop = async (): Promise<void> => {
    const old = client;
    client = undefined;
    // One that never came up, or has ended, can't be stopped.
    await old?.dispose().catch((error: unknown) => log.warn(String(error)));
  };
  return {
    start,
    stop,
    async restart() {
      await stop();
      if (startedFor) await start(startedFor);
    },
    async draw(params) {
      return client ? client.sendRequest<DrawingAnswer | null>("nerveflare/drawing", params) : null;
    },
  };
}

function chooseServer(context: ExtensionContext, log: LogOutputChannel, file: Uri): ServerOptions {
  const wanted = workspace.getConfiguration("nerveflare", file).get<string>("server");
  const script = wanted === "project" && workspace.isTrusted && file.scheme === "file" ? findCli(file.fsPath) : undefined;
  if (script !== undefined) {
    log.info(`language server: ${script}`);
    return { command: "node", args: [script, "lsp"] };
  }
  if (wanted === "project") log.warn(`There is no nerveflare above ${file.fsPath}: the bundled language server runs.`);
  return { module: context.asAbsolutePath("dist/server.js"), transport: TransportKind.stdio };
}
