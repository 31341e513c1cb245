/** The language server's wiring: documents in, findings out, each request to the one that answers it. */
import { fileURLToPath } from "node:url";
import {
  type Connection,
  ErrorCodes,
  type InitializeParams,
  type InitializeResult,
  PositionEncodingKind,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createIncludes } from "../cli/lib/check/create-includes.ts";
import type { Includes } from "../compile/source/read-include.ts";
import { type Analysis, analyse, findOccurrence, listSame } from "./analysis.ts";
import { suggestAt } from "./completion.ts";
import { describeAt } from "./hover.ts";
import { listSymbols } from "./outline-symbols.ts";
import { findRenamed, RenameRefusal, renameTo } from "./rename.ts";
import { toCodeActions, toCompletionItem, toDiagnostic, toDocumentSymbol, toRange } from "./to-protocol.ts";

/** Milliseconds of quiet after which a text that is being typed is judged: between two keys of a fast typist, and below what is felt as waiting. */
const debounce = 150;

/** Serves one editor over a connection until it says goodbye. */
export function serveEditor(connection: Connection): void {
  const documents = new TextDocuments(TextDocument);
  const analyses = new Map<string, { version: number; analysis: Analysis }>();
  const waiting = new Map<string, NodeJS.Timeout>();
  let quiet = debounce;

  connection.onInitialize((params: InitializeParams): InitializeResult => {
    const wanted: unknown = (params.initializationOptions as { debounce?: unknown } | undefined)?.debounce;
    if (typeof wanted === "number" && wanted >= 0 && wanted <= 10_000) quiet = wanted;
    return {
      serverInfo: { name: "nerveflare" },
      capabilities: {
        positionEncoding: PositionEncodingKind.UTF16,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        hoverProvider: true,
        completionProvider: { triggerCharacters: [":", " ", "$", "'", '"', ".", "[", "{", "|"] },
        definitionProvider: true,
        referencesProvider: true,
        documentHighlightProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
        codeActionProvider: { codeActionKinds: ["quickfix", "source.fixAll"] },
      },
    };
  });

  const read = (document: TextDocument): Analysis => {
    const { uri, version } = document;
    const known = analyses.get(uri);
    if (known?.version === version) return known.analysis;
    const analysis = analyse(document.getText(), findIncludes(uri), known?.analysis);
    analyses.set(uri, { version, analysis });
    return analysis;
  };

  const publish = (document: TextDocument): void => {
    const { uri, version } = document;
    const diagnostics = read(document).diagnostics.map((diagnostic) => toDiagnostic(document, diagnostic));
    void connection.sendDiagnostics({ uri, version, diagnostics });
  };

  const judge = (uri: string, delay: number): void => {
    clearTimeout(waiting.get(uri));
    waiting.set(
      uri,
      setTimeout(() => {
        waiting.delete(uri);
        const document = documents.get(uri);
        if (document) publish(document);
      }, delay),
    );
  };

  documents.onDidOpen(({ document }) => judge(document.uri, 0));
  documents.onDidChangeContent(({ document }) => judge(document.uri, analyses.has(document.uri) ? quiet : 0));
  documents.onDidClose(({ document: { uri } }) => {
    clearTimeout(waiting.get(uri));
    waiting.delete(uri);
    analyses.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });

  /** Answers a request about a place; nothing where the document is not open. */
  const at = <Params extends { textDocument: { uri: string } }, Answer>(
    answer: (document: TextDocument, analysis: Analysis, params: Params) => Answer,
  ) => {
    return (params: Params): Answer | null => {
      const document = documents.get(params.textDocument.uri);
      return document ? answer(document, read(document), params) : null;
    };
  };

  connection.onHover(
    at((document, analysis, { position }) => {
      const found = describeAt(analysis, document.offsetAt(position));
      return found ? { contents: { kind: "markdown" as const, value: found.markdown }, range: toRange(document, found.span) } : null;
    }),
  );
  connection.onCompletion(
    at((document, analysis, { position }) => {
      const { items, replaced } = suggestAt(analysis, document.offsetAt(position));
      return { isIncomplete: false, items: items.map((item, index) => toCompletionItem(document, item, replaced, index)) };
    }),
  );
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
  connection.onDocumentSymbol(
    at((document, { root, outline }) =>
      root && outline?.root === root ? listSymbols(outline).map((symbol) => toDocumentSymbol(document, symbol)) : [],
    ),
  );
  connection.onCodeAction(at((document, analysis, params) => toCodeActions(document, analysis, params, findIncludes(document.uri))));

  documents.listen(connection);
  connection.listen();
}

/** Files beside the document, where it is a file. */
function findIncludes(uri: string): Includes | undefined {
  try {
    return createIncludes(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}
