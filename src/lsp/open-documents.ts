/** The texts that an editor has open, each with what is known of it: judged again when its typing pauses, and whenever a request needs it. */
import { type Connection, TextDocuments } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Includes } from "../compile/source/read-include.ts";
import { type Analysis, analyse } from "./analysis.ts";
import { isWorkflow } from "./is-workflow.ts";
import { toDiagnostic } from "./to-protocol.ts";

/** Milliseconds of quiet after which a text that is being typed is judged: between two keys of a fast typist, and below what is felt as waiting. */
const debounce = 150;

/** Gives what `!include` reads beside a document, by its URI. */
export type FindIncludes = (uri: string) => Includes | undefined;

export interface OpenDocuments {
  /** A document that is a workflow. */
  find(uri: string): TextDocument | undefined;
  /** What is known of a document's present text. */
  read(document: TextDocument): Analysis;
  findIncludes: FindIncludes;
  /** @param quiet milliseconds in place of {@link debounce} */
  setDebounce(quiet: number): void;
  /** Takes every document for a workflow. */
  takeAll(): void;
}

/** Follows what the editor opens, changes and closes, and sends it the findings. */
export function followDocuments(connection: Connection, findIncludes: FindIncludes): OpenDocuments {
  const documents = new TextDocuments(TextDocument);
  const analyses = new Map<string, { version: number; analysis: Analysis }>();
  const waiting = new Map<string, NodeJS.Timeout>();
  const workflows = new Set<string>();
  let quiet = debounce;
  let all = false;

  /** What was a workflow once stays one while it is open: a slip in the line that told so is to be seen. */
  const recognise = (document: TextDocument): boolean => {
    const { uri } = document;
    if (!workflows.has(uri) && (all || isWorkflow(uri, document.getText()))) workflows.add(uri);
    return workflows.has(uri);
  };

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
        if (document && recognise(document)) publish(document);
      }, delay),
    );
  };

  documents.onDidOpen(({ document }) => judge(document.uri, 0));
  documents.onDidChangeContent(({ document }) => judge(document.uri, analyses.has(document.uri) ? quiet : 0));
  documents.onDidClose(({ document: { uri } }) => {
    clearTimeout(waiting.get(uri));
    waiting.delete(uri);
    analyses.delete(uri);
    if (workflows.delete(uri)) void connection.sendDiagnostics({ uri, diagnostics: [] });
  });
  documents.listen(connection);

  return {
    find: (uri) => {
      const document = documents.get(uri);
      return document && recognise(document) ? document : undefined;
    },
    read,
    findIncludes,
    setDebounce(milliseconds) {
      quiet = milliseconds;
    },
    takeAll() {
      all = true;
    },
  };
}
