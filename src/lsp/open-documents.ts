/** The texts that an editor has open, each with what is known of it: judged again when its typing pauses, and whenever a request needs it. */
import { type Connection, TextDocuments } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Includes } from "../compile/source/read-include.ts";
import { type Analysis, addTogether, analyse } from "./analysis.ts";
import { type FolderPorts, followFolders, type OpenText } from "./follow-folders.ts";
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
  /** What was known of a document when it was last read; that may be an earlier text. */
  recall(document: TextDocument): Analysis | undefined;
  findIncludes: FindIncludes;
  /** @param quiet milliseconds in place of {@link debounce} */
  setDebounce(quiet: number): void;
  /** Takes every document for a workflow. */
  takeAll(): void;
  /** Files beside those that are open may have changed on disk. */
  lookAgain(): void;
}

/** What is known of the files outside. */
export interface DocumentPorts {
  /** Reads the files beside a document. */
  findIncludes: FindIncludes;
  /** Finds the workflows beside a document; absent: each text is judged by itself. */
  folders?: FolderPorts;
}

/** Follows what the editor opens, changes and closes, and sends it the findings: those of a text, and those of the folder that it is in. */
export function followDocuments(connection: Connection, { findIncludes, folders: ports }: DocumentPorts): OpenDocuments {
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
    const analysis = analyse(uri, document.getText(), findIncludes(uri), known?.analysis);
    analyses.set(uri, { version, analysis });
    return analysis;
  };

  /** Texts that are being typed count as they were last read: when they settle, the others are judged again. */
  const listOpen = (): OpenText[] =>
    documents.all().map((document) => {
      const known = analyses.get(document.uri)?.analysis ?? (recognise(document) ? read(document) : undefined);
      return { uri: document.uri, member: known?.member };
    });
  const folders =
    ports && followFolders(ports, listOpen, { looked: (uri) => judgeFolder(uri), tell: (line) => connection.console.info(line) });

  const send = (document: TextDocument): void => {
    const { uri, version } = document;
    const diagnostics = read(document).diagnostics.map((diagnostic) => toDiagnostic(document, diagnostic));
    void connection.sendDiagnostics({ uri, version, diagnostics });
  };

  /** Sends what changed of the texts in a folder. */
  const judgeFolder = (uri: string, changed?: string): void => {
    const found = folders?.judge(uri);
    for (const document of documents.all()) {
      // What is being typed is judged when it settles.
      if (waiting.has(document.uri)) continue;
      const now = found?.get(document.uri);
      const known = analyses.get(document.uri);
      const isNew = now !== undefined && known !== undefined && JSON.stringify(known.analysis.together) !== JSON.stringify(now);
      if (isNew) analyses.set(document.uri, { ...known, analysis: addTogether(known.analysis, now) });
      if (isNew || document.uri === changed) send(document);
    }
  };

  const judge = (uri: string, delay: number): void => {
    clearTimeout(waiting.get(uri));
    waiting.set(
      uri,
      setTimeout(() => {
        waiting.delete(uri);
        const document = documents.get(uri);
        if (!document || !recognise(document)) return;
        read(document);
        judgeFolder(uri, uri);
      }, delay),
    );
  };

  documents.onDidOpen(({ document: { uri } }) => {
    judge(uri, 0);
    folders?.look(uri);
  });
  documents.onDidChangeContent(({ document }) => judge(document.uri, analyses.has(document.uri) ? quiet : 0));
  documents.onDidSave(() => folders?.look());
  documents.onDidClose(({ document: { uri } }) => {
    clearTimeout(waiting.get(uri));
    waiting.delete(uri);
    analyses.delete(uri);
    if (workflows.delete(uri)) void connection.sendDiagnostics({ uri, diagnostics: [] });
    // What is on disk counts again.
    folders?.look();
  });
  documents.listen(connection);

  return {
    find: (uri) => {
      const document = documents.get(uri);
      return document && recognise(document) ? document : undefined;
    },
    read,
    recall: ({ uri }) => analyses.get(uri)?.analysis,
    findIncludes,
    setDebounce(milliseconds) {
      quiet = milliseconds;
    },
    takeAll() {
      all = true;
    },
    lookAgain: () => folders?.look(),
  };
}
