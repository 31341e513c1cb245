/** An editor as the language server sees one: a real server process, talked to over its stdin and stdout. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createMessageConnection, type MessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import type { Diagnostic, Position, PublishDiagnosticsParams, Range, TextEdit } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";

const root = join(import.meta.dirname, "../../..");

export interface Editor {
  connection: MessageConnection;
  capabilities: Record<string, unknown>;
  child: ChildProcessWithoutNullStreams;
  /** What the server wrote to stderr. */
  errors: () => string;
  open(text: string): Page;
  close(): Promise<number | null>;
}

/** One open document. */
export interface Page {
  uri: string;
  text(): string;
  /** The findings about the text as it is now. */
  diagnostics(): Promise<Diagnostic[]>;
  /** Replaces the first `from` by `to`, as one incremental change. */
  change(from: string, to: string): void;
  changeAt(start: number, end: number, to: string): void;
  /** The place of the mark `^` inside the piece of text, which stands in the document without it. */
  at(piece: string): Position;
  slice(range: Range): string;
  ask<Answer>(method: string, piece: string, more?: object): Promise<Answer>;
  apply(edits: TextEdit[]): string;
}

/** Starts a server. */
export async function startEditor(options: { debounce?: number; commands?: string[] } = { debounce: 0 }): Promise<Editor> {
  const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "lsp", "--stdio"], { stdio: "pipe" });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += String(data);
  });
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const published = new Map<string, PublishDiagnosticsParams>();
  const waiting = new Set<() => void>();
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    published.set(params.uri, params);
    for (const wake of waiting) wake();
  });
  connection.listen();
  const { capabilities } = (await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
    initializationOptions: options,
  })) as { capabilities: Record<string, unknown> };
  await connection.sendNotification("initialized", {});
  let opened = 0;

  const open = (text: string): Page => {
    opened += 1;
    const uri = `file:///none/workflow-${opened}.nerve.yaml`;
    let document = TextDocument.create(uri, "yaml", 1, text);
    void connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 1, text } });
    const changeAt = (start: number, end: number, to: string): void => {
      const contentChanges = [{ range: { start: document.positionAt(start), end: document.positionAt(end) }, text: to }];
      document = TextDocument.update(document, contentChanges, document.version + 1);
      void connection.sendNotification("textDocument/didChange", { textDocument: { uri, version: document.version }, contentChanges });
    };
    const find = (piece: string): number => {
      const start = document.getText().indexOf(piece);
      if (start === -1) throw new Error(`the document has no ${JSON.stringify(piece)}`);
      return start;
    };
    const page: Page = {
      uri,
      text: () => document.getText(),
      diagnostics: async () => {
        for (;;) {
          const last = published.get(uri);
          if (last?.version === document.version) return last.diagnostics;
          await new Promise<void>((resolve) => {
            const wake = () => {
              waiting.delete(wake);
              resolve();
            };
            waiting.add(wake);
          });
        }
      },
      changeAt,
      change: (from, to) => changeAt(find(from), find(from) + from.length, to),
      at: (piece) => document.positionAt(find(piece.replace("^", "")) + piece.indexOf("^")),
      slice: (range) => document.getText(range),
      ask: (method, piece, more = {}) =>
        connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, position: page.at(piece), ...more }),
      apply: (edits) => TextDocument.applyEdits(document, edits),
    };
    return page;
  };

  return {
    connection,
    capabilities,
    child,
    errors: () => errors,
    open,
    close: async () => {
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
      const code = await exited;
      connection.dispose();
      return code;
    },
  };
}
