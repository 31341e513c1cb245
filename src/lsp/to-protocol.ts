/** Our data as the protocol's. */
import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type CompletionItem,
  CompletionItemKind,
  DiagnosticSeverity,
  DiagnosticTag,
  type DocumentSymbol,
  type Diagnostic as ProtocolDiagnostic,
  type Range,
  SymbolKind,
} from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { applyFixes } from "../compile/diagnostics/apply-fixes.ts";
import type { Diagnostic, Severity } from "../compile/diagnostics/diagnostic.ts";
import { parseWorkflow } from "../compile/parse-workflow.ts";
import type { Includes } from "../compile/source/read-include.ts";
import type { Span } from "../compile/source/span.ts";
import type { Analysis } from "./analysis.ts";
import type { OutlineSymbol } from "./outline-symbols.ts";
import type { Suggestion } from "./suggestion.ts";

const severities: Record<Severity, DiagnosticSeverity> = { error: DiagnosticSeverity.Error, warning: DiagnosticSeverity.Warning };

/** A span as lines and columns of UTF-16 units. */
export function toRange(document: TextDocument, { start, end }: Span): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

/** Findings whose place does nothing: editors show it faded. */
const unnecessary: readonly Diagnostic["name"][] = ["unused-condition", "transition-never-tried", "without-effect"];

/** A finding; its hint stands under its message. */
export function toDiagnostic(document: TextDocument, diagnostic: Diagnostic): ProtocolDiagnostic {
  const { code, name, severity, message, hint, span, related } = diagnostic;
  return {
    range: toRange(document, span),
    severity: severities[severity],
    code,
    source: "nerveflare",
    message: hint === undefined ? message : `${message}\n${hint.charAt(0).toUpperCase()}${hint.slice(1)}`,
    ...(unnecessary.includes(name) ? { tags: [DiagnosticTag.Unnecessary] } : {}),
    relatedInformation: related.map((other) => ({
      location: { uri: document.uri, range: toRange(document, other.span) },
      message: other.message,
    })),
  };
}

/** The fixes of findings in a range; and where it is asked for, all of the file at once. */
export function toCodeActions(
  document: TextDocument,
  { text, diagnostics, together }: Analysis,
  { range, context }: CodeActionParams,
  includes: Includes | undefined,
): CodeAction[] {
  const wants = (kind: string): boolean =>
    context.only === undefined || context.only.some((only) => kind === only || kind.startsWith(`${only}.`));
  const from = document.offsetAt(range.start);
  const to = document.offsetAt(range.end);
  const actions: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    for (const diagnostic of diagnostics) {
      const { fix, span } = diagnostic;
      if (fix === undefined || span.start > to || span.end < from) continue;
      actions.push({
        title: fix.title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [toDiagnostic(document, diagnostic)],
        isPreferred: true,
        edit: { changes: { [document.uri]: [{ range: toRange(document, fix.span), newText: fix.text }] } },
      });
    }
  }
  if (context.only !== undefined && wants(CodeActionKind.SourceFixAll)) {
    const fixed = applyFixes(text, (current) => [
      ...parseWorkflow(current, includes ? { includes } : {}).diagnostics,
      ...(current === text ? together : []),
    ]);
    if (fixed.text !== text)
      actions.push({
        title: "Fix all that can be fixed",
        kind: CodeActionKind.SourceFixAll,
        edit: { changes: { [document.uri]: [{ range: toRange(document, { start: 0, end: text.length }), newText: fixed.text }] } },
      });
  }
  return actions;
}

const completionKinds: Record<Suggestion["kind"], CompletionItemKind> = {
  field: CompletionItemKind.Field,
  role: CompletionItemKind.Class,
  condition: CompletionItemKind.Reference,
  status: CompletionItemKind.EnumMember,
  word: CompletionItemKind.Value,
  function: CompletionItemKind.Function,
  variable: CompletionItemKind.Variable,
};

/** A suggestion; editors keep our order, which has the file's own names first. */
export function toCompletionItem(document: TextDocument, suggestion: Suggestion, replaced: Span, index: number): CompletionItem {
  const { label, kind, insert, documentation } = suggestion;
  return {
    label,
    kind: completionKinds[kind],
    sortText: String(index).padStart(4, "0"),
    filterText: label,
    textEdit: { range: toRange(document, replaced), newText: insert ?? label },
    ...(documentation === undefined ? {} : { documentation: { kind: "markdown", value: documentation } }),
  };
}

const symbolKinds: Record<OutlineSymbol["kind"], SymbolKind> = {
  field: SymbolKind.Field,
  role: SymbolKind.Class,
  condition: SymbolKind.Boolean,
  node: SymbolKind.Namespace,
  status: SymbolKind.EnumMember,
  reflex: SymbolKind.Event,
};

/** A part of the file. */
export function toDocumentSymbol(document: TextDocument, { label, kind, detail, span, name, children }: OutlineSymbol): DocumentSymbol {
  return {
    name: label,
    kind: symbolKinds[kind],
    ...(detail === undefined ? {} : { detail }),
    range: toRange(document, span),
    selectionRange: toRange(document, name),
    children: children.map((child) => toDocumentSymbol(document, child)),
  };
}
