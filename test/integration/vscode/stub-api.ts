/** The namespaces of VS Code's API, over a stub's world. */

import { ActionKind, Address, Disposer, Emitter, fill, type Listener, Place, Stretch } from "./stub-values.ts";
import type { StubPanel, World } from "./stub-world.ts";

/** What `require("vscode")` gives. */
export function createApi(world: World): unknown {
  const { on } = world;
  return fill(
    "vscode",
    {
      version: "1.101.0",
      Position: Place,
      Range: Stretch,
      Selection: Stretch,
      Uri: Address,
      EventEmitter: Emitter,
      Disposable: Disposer,
      CodeActionKind: ActionKind,
      CancellationTokenSource: class {
        token = { isCancellationRequested: false, onCancellationRequested: on("never") };
        cancel(): void {}
        dispose(): void {}
      },
      env: fill("env", { appName: "stub", language: "en", uriScheme: "vscode" }, on),
      extensions: fill("extensions", { all: [], getExtension: () => undefined }, on),
      languages: createLanguages(world),
      commands: createCommands(world),
      workspace: createWorkspace(world),
      window: createWindow(world),
      tasks: {
        executeTask: async ({ given }: { given: unknown[] }) => {
          world.stub.tasks.push({ name: String(given[2]), execution: given[4] as never });
        },
      },
    },
    on,
  );
}

function createCommands({ stub }: World) {
  return {
    registerCommand: (name: string, run: (...args: unknown[]) => unknown) => {
      if (stub.commands.has(name)) throw new Error(`command '${name}' already exists`);
      stub.commands.set(name, run);
      return { dispose: () => stub.commands.delete(name) };
    },
    executeCommand: async (_: string, name: string, value: unknown) => void stub.contexts.set(name, value),
  };
}

function createLanguages({ stub, on, changed }: World): object {
  const findings = {
    set: (uri: Address, found: { code: unknown; message: string }[] = []) => {
      stub.findings.set(uri.toString(), found);
      changed();
    },
    delete: (uri: Address) => stub.findings.delete(uri.toString()),
    clear: () => stub.findings.clear(),
    has: (uri: Address) => stub.findings.has(uri.toString()),
    forEach: () => {},
    dispose: () => {},
  };
  const match = (_: unknown, { languageId }: { languageId: string }): number => (languageId === "yaml" ? 10 : 0);
  const languages = fill("languages", { match, createDiagnosticCollection: () => findings }, on) as object;
  return new Proxy(languages, {
    get: (target, member) => {
      if (typeof member !== "string" || !member.startsWith("register")) return Reflect.get(target, member);
      return (_: unknown, provider: never) => {
        stub.providers.set(member, provider);
        changed();
        return { dispose: () => stub.providers.delete(member) };
      };
    },
  });
}

function createWorkspace({ stub, editors, on }: World): unknown {
  const list = () => [...editors.keys()];
  const getConfiguration = (section?: string) => ({
    get: (key: string, otherwise?: unknown) => stub.settings.get(section === undefined ? key : `${section}.${key}`) ?? otherwise,
    has: () => false,
    inspect: () => undefined,
  });
  const own = {
    workspaceFolders: undefined,
    notebookDocuments: [],
    getWorkspaceFolder: () => undefined,
    getConfiguration,
    openTextDocument: async (uri: Address) => list().find((open) => open.uri.toString() === uri.toString()),
  };
  Object.defineProperties(own, { textDocuments: { get: list }, isTrusted: { get: () => stub.trusted } });
  return fill("workspace", own, on);
}

function createWindow(world: World): unknown {
  const { stub, editors, on, changed } = world;
  const say = async (message: string): Promise<string | undefined> => {
    stub.messages.push(message);
    changed();
    return stub.presses;
  };
  const own = {
    activeColorTheme: { kind: "ColorThemeKind.Light" },
    visibleTextEditors: [],
    tabGroups: fill("tabGroups", { all: [] }, on),
    createOutputChannel: () => fill("log", { info: (line: string) => stub.logged.push(line) }, on),
    showErrorMessage: say,
    showWarningMessage: say,
    showInformationMessage: say,
    showTextDocument: async (document: NonNullable<World["active"]>) => {
      world.active = document;
      changed();
      return editors.get(document);
    },
    createWebviewPanel: (_: string, title: string) => {
      const panel = createPanel(title, changed);
      stub.panels.push(panel);
      return panel;
    },
  };
  Object.defineProperty(own, "activeTextEditor", { get: () => world.active && editors.get(world.active) });
  return fill("window", own, on);
}

function createPanel(title: string, changed: () => void): StubPanel {
  const heard: Listener[] = [];
  const disposed: (() => void)[] = [];
  const posted: StubPanel["posted"] = [];
  const panel: StubPanel & { [member: string]: unknown } = {
    title,
    viewColumn: 2,
    visible: true,
    html: "",
    posted,
    say: (message) => {
      for (const listener of heard) listener(message);
    },
    dispose: () => {
      for (const run of disposed) run();
    },
    reveal: () => {},
    onDidDispose: (run: () => void) => disposed.push(run),
    webview: {
      cspSource: "https://page.test",
      asWebviewUri: (uri: Address) => `https://page.test${uri.path}`,
      onDidReceiveMessage: (listener: Listener) => heard.push(listener),
      postMessage: async (message: StubPanel["posted"][number]) => {
        posted.push(message);
        changed();
        return true;
      },
      set html(text: string) {
        panel.html = text;
      },
    },
  };
  return panel;
}
