/**
 * As much of VS Code's API as the extension and its language client touch, in plain Node: documents that are typed in, providers and findings that
 * are noted, panels whose messages are kept. Whatever else is asked for is there and does nothing.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createApi } from "./stub-api.ts";
import { Address, type Listener, Place, Stretch } from "./stub-values.ts";
import type { StubDocument, StubVscode, World } from "./stub-world.ts";

/** Puts the stub where a file below `folder` finds it by `require("vscode")`. */
export function installStub(folder: string): StubVscode {
  const world = createWorld();
  const place = join(folder, "node_modules/vscode");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "index.js"), "");
  const require = createRequire(join(folder, "stub.js"));
  const path = require.resolve("vscode");
  require(path);
  const loaded = require.cache[path];
  if (!loaded) throw new Error("the stub was not loaded");
  loaded.exports = createApi(world);
  return world.stub;
}

function createWorld(): World {
  const listeners = new Map<string, Set<Listener>>();
  const waiting = new Set<() => void>();
  const texts = new Map<StubDocument, TextDocument>();
  const editors: World["editors"] = new Map();
  const changed = (): void => {
    for (const wake of waiting) wake();
  };
  const fire = (event: string, value: unknown): void => {
    for (const listener of listeners.get(event) ?? []) listener(value);
    changed();
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds())
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          // What the extension does next, in the same turn, is to be seen too.
          setImmediate(resolve);
        };
        waiting.add(wake);
      });
  };
  const open: StubVscode["open"] = (uri, text, languageId = "yaml") => {
    const document: StubDocument = {
      uri: new Address(uri),
      languageId,
      version: 1,
      isDirty: false,
      saved: 0,
      eol: 1,
      lineCount: text.split("\n").length,
      getText: () => texts.get(document)?.getText() ?? "",
      save: async () => {
        document.isDirty = false;
        document.saved += 1;
        return true;
      },
    };
    texts.set(document, TextDocument.create(uri, languageId, 1, text));
    const nowhere = new Place(0, 0);
    editors.set(document, { document, selection: new Stretch(nowhere, nowhere), viewColumn: 1, revealRange: () => {} });
    fire("workspace.onDidOpenTextDocument", document);
    return document;
  };
  const type: StubVscode["type"] = (document, from, to) => {
    const text = texts.get(document);
    const start = text?.getText().indexOf(from) ?? -1;
    if (!text || start < 0) throw new Error(`there is no ${from}`);
    const range = { start: text.positionAt(start), end: text.positionAt(start + from.length) };
    document.version += 1;
    document.isDirty = true;
    texts.set(document, TextDocument.update(text, [{ range, text: to }], document.version));
    const contentChanges = [{ range, rangeLength: from.length, rangeOffset: start, text: to }];
    fire("workspace.onDidChangeTextDocument", { document, contentChanges });
  };
  const point: StubVscode["point"] = (document, piece) => {
    const at = texts.get(document)?.positionAt(document.getText().indexOf(piece));
    const editor = editors.get(document);
    if (!at || !editor) throw new Error("no such place");
    const place = new Place(at.line, at.character);
    editor.selection = new Stretch(place, place);
    fire("window.onDidChangeTextEditorSelection", { textEditor: editor });
  };
  const world: World = {
    editors,
    active: undefined,
    changed,
    on: (event) => (listener, self, disposables) => {
      const all = listeners.get(event) ?? new Set<Listener>();
      listeners.set(event, all);
      const bound: Listener = self === undefined ? listener : listener.bind(self);
      all.add(bound);
      const disposable = { dispose: () => all.delete(bound) };
      disposables?.push(disposable);
      return disposable;
    },
    stub: {
      providers: new Map(),
      commands: new Map(),
      contexts: new Map(),
      findings: new Map(),
      panels: [],
      tasks: [],
      messages: [],
      logged: [],
      settings: new Map(),
      trusted: true,
      presses: undefined,
      cursor: () => (world.active ? editors.get(world.active)?.selection.active : undefined),
      open,
      focus(document) {
        world.active = document;
        fire("window.onDidChangeActiveTextEditor", document && editors.get(document));
      },
      type,
      point,
      fire,
      until,
    },
  };
  return world;
}
