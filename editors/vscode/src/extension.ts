/** The extension's wiring: which files are workflows, the language server, the picture, the commands. */
import { commands, type ExtensionContext, type TextDocument, Uri, window, workspace } from "vscode";
import { isWorkflow } from "../../../src/lsp/is-workflow.ts";
import { type Client, createClient } from "./create-client.ts";
import { createPicturePanel } from "./create-picture-panel.ts";
import { runCommand, verbs } from "./run-command.ts";

let client: Client | undefined;

/** Called by VS Code with the first YAML file. */
export async function activate(context: ExtensionContext): Promise<void> {
  const log = window.createOutputChannel("nerveflare", { log: true });
  const own = [...Object.keys(verbs), "nerveflare.showPicture"];
  const server = createClient(context, log, own, (uri) => panel.refresh(uri));
  const panel = createPicturePanel(context, (params) => server.draw(params));
  client = server;

  /** As the server sees it, what was a workflow once stays one until it is closed. */
  const workflows = new Set<TextDocument>();
  const meet = async (document: TextDocument | undefined): Promise<boolean> => {
    if (document?.languageId !== "yaml") return false;
    if (workflows.has(document)) return true;
    if (!isWorkflow(document.uri.path, document.getText())) return false;
    workflows.add(document);
    await server.start(document.uri).catch((error: unknown) => {
      log.error(String(error));
      void window.showErrorMessage("The language server of nerveflare does not start: see its output.");
    });
    return true;
  };
  const look = async (): Promise<void> => {
    const document = window.activeTextEditor?.document;
    const workflow = await meet(document);
    await commands.executeCommand("setContext", "nerveflare.isWorkflow", workflow);
    if (workflow && document) panel.turnTo(document.uri);
  };
  context.subscriptions.push(
    log,
    ...Object.entries(verbs).map(([name, verb]) => commands.registerCommand(name, (given: unknown) => runCommand(verb, given))),
    commands.registerCommand("nerveflare.showPicture", async (given: unknown) => {
      const uri = typeof given === "string" ? Uri.parse(given, true) : given instanceof Uri ? given : window.activeTextEditor?.document.uri;
      if (!uri) return;
      await server.start(uri);
      panel.show(uri);
    }),
    commands.registerCommand("nerveflare.restartServer", () => server.restart()),
    workspace.onDidCloseTextDocument((document) => void workflows.delete(document)),
    workspace.onDidOpenTextDocument((document) => void meet(document)),
    workspace.onDidChangeTextDocument(({ document }) => {
      // A file becomes a workflow as it is written.
      if (document === window.activeTextEditor?.document) void look();
    }),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("nerveflare.server")) void server.restart();
    }),
    workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
    window.onDidChangeActiveTextEditor(() => void look()),
    window.onDidChangeTextEditorSelection(() => panel.follow()),
    window.onDidChangeActiveColorTheme(() => panel.recolour()),
  );
  await look();
  for (const document of workspace.textDocuments) await meet(document);
}

/** Called by VS Code as it ends. */
export async function deactivate(): Promise<void> {
  await client?.stop();
}
