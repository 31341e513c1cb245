/** An editor as the language server sees one: a real server process, talked to over its stdin and stdout. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createMessageConnection, type MessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import type { ClientCapabilities, Diagnostic, Position, PublishDiagnosticsParams, Range, TextEdit } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";

const root = join(import.meta.dirname, "../../..");

export interface Editor {
  connection: MessageConnection;
  capabilities: Record<string, unknown>;
  child: ChildProcessWithoutNullStreams;
  /** What the server wrote to stderr. */
  errors: () => string;
  /** @param uri a file; by default one that is in no folder */
  open(text: string, uri?: string): Page;
  close(): Promise<number | null>;
}

/** One open document. */
export interface Page {
  uri: string;
  text(): string;
  /** The findings about the text as it is now. */
  diagnostics(): Promise<Diagnostic[]>;
  /** The first findings about the text as it is now that are so. */
  findings(are: (found: Diagnostic[]) => boolean): Promise<Diagnostic[]>;
  /** How often findings were sent. */
  judged(): number;
  save(): void;
  close(): void;
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
export async function startEditor(
  options: { debounce?: number; commands?: string[] } = { debounce: 0 },
  able: ClientCapabilities = {},
): Promise<Editor> {
  const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "lsp", "--stdio"], { stdio: "pipe" });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += String(data);
  });
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const published = new Map<string, PublishDiagnosticsParams>();
  const counts = new Map<string, number>();
  const waiting = new Set<() => void>();
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    published.set(params.uri, params);
    counts.set(params.uri, (counts.get(params.uri) ?? 0) + 1);
    for (const wake of waiting) wake();
  });
  connection.listen();
  const { capabilities } = (await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: able,
    initializationOptions: options,
  })) as { capabilities: Record<string, unknown> };
  await connection.sendNotification("initialized", {});
  let opened = 0;

  const open = (text: string, uri = `file:///none/workflow-${opened + 1}.nerve.yaml`): Page => {
    opened += 1;
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
      diagnostics: () => page.findings(() => true),
      judged: () => counts.get(uri) ?? 0,
      save: () => void connection.sendNotification("textDocument/didSave", { textDocument: { uri } }),
      close: () => void connection.sendNotification("textDocument/didClose", { textDocument: { uri } }),
      findings: async (are) => {
        for (;;) {
          const last = published.get(uri);
          if (last?.version === document.version && are(last.diagnostics)) return last.diagnostics;
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
