/** The language server's wiring: documents in, findings out, each request to the one that answers it. */
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  ErrorCodes,
  type InitializeParams,
  type InitializeResult,
  PositionEncodingKind,
  ResponseError,
  TextDocumentSyncKind,
} from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Includes } from "../compile/source/read-include.ts";
import { type Analysis, findOccurrence, listSame } from "./analysis.ts";
import { createDrawings, type DrawingParams, type DrawPicture } from "./answer-drawing.ts";
import { commands, createCommandRunner, listLenses, type RunCommand } from "./commands.ts";
import { suggestAt } from "./completion.ts";
import { describeAt } from "./hover.ts";
import { type DocumentPorts, followDocuments, type OpenDocuments } from "./open-documents.ts";
import { listSymbols } from "./outline-symbols.ts";
import { findRenamed, RenameRefusal, renameTo } from "./rename.ts";
import { toCodeActions, toCompletionItem, toDocumentSymbol, toRange } from "./to-protocol.ts";

/** What the editor is told that it may ask for. */
const offered: InitializeResult = {
  serverInfo: { name: "nerveflare" },
  capabilities: {
    positionEncoding: PositionEncodingKind.UTF16,
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
    hoverProvider: true,
    completionProvider: { triggerCharacters: [":", " ", "$", "'", '"', ".", "[", "{", "|"] },
    definitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    renameProvider: { prepareProvider: true },
    documentSymbolProvider: true,
    codeActionProvider: { codeActionKinds: ["quickfix", "source.fixAll"] },
    codeLensProvider: {},
    experimental: { drawing: true },
  },
};

/** What the server has done outside: it knows no files, threads and processes. */
export interface EditorPorts extends DocumentPorts {
  draw: DrawPicture;
  run: RunCommand;
}

/** What an editor may say of itself as it starts the server. */
interface EditorOptions {
  /** Milliseconds of quiet before a text that is being typed is judged. */
  debounce?: unknown;
  /** `all`: every file is a workflow, whatever it looks like. */
  files?: unknown;
  /** The commands of lenses that the editor runs itself; the server runs the others. */
  commands?: unknown;
}

/** Serves one editor over a connection until it says goodbye. */
export function serveEditor(connection: Connection, { draw, run, ...ports }: EditorPorts): void {
  const documents = followDocuments(connection, ports);
  const own: string[] = [];
  let canWatch = false;
  connection.onInitialize(({ initializationOptions, capabilities: { workspace } }: InitializeParams) => {
    canWatch = workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    const options: EditorOptions = initializationOptions ?? {};
    const { debounce: wanted } = options;
    if (typeof wanted === "number" && wanted >= 0 && wanted <= 10_000) documents.setDebounce(wanted);
    if (options.files === "all") documents.takeAll();
    if (Array.isArray(options.commands)) own.push(...options.commands.map(String));
    const left = Object.keys(commands).filter((name) => !own.includes(name));
    // An editor registers what it is told of here, and it can't register what it has.
    return {
      ...offered,
      capabilities: { ...offered.capabilities, ...(left.length > 0 ? { executeCommandProvider: { commands: left } } : {}) },
    };
  });
  // Where an editor does not watch files, they are looked at when one is opened, saved or closed.
  connection.onInitialized(() => {
    if (!canWatch) return;
    const watchers = [{ globPattern: "**/*.{yaml,yml}" }];
    connection.client
      .register(DidChangeWatchedFilesNotification.type, { watchers })
      .catch((error) => connection.console.info(`files are not watched: ${String(error)}`));
  });
  connection.onDidChangeWatchedFiles(documents.lookAgain);
  const at = createAt(documents);
  answerReading(connection, documents, at);
  answerNames(connection, at);
  connection.onCodeAction(
    at((document, analysis, params) => toCodeActions(document, analysis, params, documents.findIncludes(document.uri))),
  );
  connection.onCodeLens(at((document, analysis) => listLenses(document, analysis, own)));
  connection.onExecuteCommand(createCommandRunner(connection, run));
  connection.onRequest("nerveflare/drawing", at<DrawingParams, unknown>(createDrawings(draw)));
  connection.listen();
}

/** Makes the answer to a request about a place in a document; nothing where that is not open. */
type At = <Params extends { textDocument: { uri: string } }, Answer>(
  answer: (document: TextDocument, analysis: Analysis, params: Params) => Answer,
) => (params: Params) => Answer | null;

function createAt(documents: OpenDocuments): At {
  return (answer) => (params) => {
    const document = documents.find(params.textDocument.uri);
    return document ? answer(document, documents.read(document), params) : null;
  };
}

/** What a reader asks for: what something means, what may stand here, what there is. */
function answerReading(connection: Connection, documents: OpenDocuments, at: At): void {
  connection.onHover(
    at((document, analysis, { position }) => {
      const found = describeAt(analysis, document.offsetAt(position));
      return found ? { contents: { kind: "markdown" as const, value: found.markdown }, range: toRange(document, found.span) } : null;
    }),
  );
  // It is asked for at a key: it reads the text as it is with something at the cursor, and waits for no findings.
  connection.onCompletion(({ textDocument: { uri }, position }) => {
    const document = documents.find(uri);
    if (!document) return null;
    const offset = document.offsetAt(position);
    const include: Includes = (path) => documents.findIncludes(uri)?.(path);
    const { items, replaced } = suggestAt(document.getText(), offset, include, documents.recall(document)?.outline);
    return { isIncomplete: false, items: items.map((item, index) => toCompletionItem(document, item, replaced, index)) };
  });
  connection.onDocumentSymbol(
    at((document, { root, outline }) =>
      root && outline?.root === root ? listSymbols(outline).map((symbol) => toDocumentSymbol(document, symbol)) : [],
    ),
  );
}

/** Where a name is defined and used, and giving it another. */
function answerNames(connection: Connection, at: At): void {
  connection.onDefinition(
    at((document, analysis, { position }) => {
      const found = findOccurrence(analysis, document.offsetAt(position));
      const places = found ? listSame(analysis, found).filter(({ definition }) => definition) : [];
      return places.map(({ span }) => ({ uri: document.uri, range: toRange(document, span) }));
    }),
  );
  connection.onReferences(
    at((document, analysis, { position, context }) => {
      const found = findOccurrence(analysis, document.offsetAt(position));
      const places = found ? listSame(analysis, found).filter(({ definition }) => context.includeDeclaration || !definition) : [];
      return places.map(({ span }) => ({ uri: document.uri, range: toRange(document, span) }));
    }),
  );
  connection.onDocumentHighlight(
    at((document, analysis, { position }) => {
      const found = findOccurrence(analysis, document.offsetAt(position));
      return found ? listSame(analysis, found).map(({ span }) => ({ range: toRange(document, span) })) : [];
    }),
  );
  connection.onPrepareRename(
    at((document, analysis, { position }) => {
      const found = findRenamed(analysis, document.offsetAt(position));
      return found ? { range: toRange(document, found.span), placeholder: found.name } : null;
    }),
  );
  connection.onRenameRequest(
    at((document, analysis, { position, newName }) => {
      try {
        const edits = renameTo(analysis, document.offsetAt(position), newName);
        return edits && { changes: { [document.uri]: edits.map(({ span, text }) => ({ range: toRange(document, span), newText: text })) } };
      } catch (error) {
        if (error instanceof RenameRefusal) return new ResponseError(ErrorCodes.InvalidParams, error.message) as never;
        throw error;
      }
    }),
  );
}
