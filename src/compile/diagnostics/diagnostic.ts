/** What the compiler has to say about a file: data, collected, never thrown. */

import { compileLimits } from "../limits.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import type { DiagnosticName } from "./catalogue.ts";
import { codes } from "./codes.ts";

export type Severity = "error" | "warning";

/** Another place that explains the first. */
export interface Related {
  span: Span;
  message: string;
}

/** A change that mends the fault: replace `span` by `text`. */
export interface Fix {
  title: string;
  span: Span;
  text: string;
}

/** One finding. `code` is its identity; offsets are into the text as given. */
export interface Diagnostic {
  code: string;
  name: DiagnosticName;
  severity: Severity;
  message: string;
  span: Span;
  related: Related[];
  hint?: string;
  fix?: Fix;
}

/** What a check may add to a message. */
export interface DiagnosticDetails {
  hint?: string;
  related?: Related[];
  fix?: Fix | undefined;
  /** Where the catalogue's severity does not fit, as for older local files. */
  severity?: Severity;
}

/** Makes a diagnostic of the catalogue. */
export function createDiagnostic(name: DiagnosticName, span: Span, message: string, details: DiagnosticDetails = {}): Diagnostic {
  const entry = codes[name];
  const diagnostic: Diagnostic = {
    code: entry.code,
    name,
    severity: details.severity ?? entry.severity,
    message,
    span: { start: span.start, end: Math.max(span.end, span.start) },
    related: details.related ?? [],
  };
  if (details.hint !== undefined) diagnostic.hint = details.hint;
  if (details.fix !== undefined) diagnostic.fix = details.fix;
  return diagnostic;
}

/** Collects the findings of all passes; the same finding at the same place counts once. */
export interface Report {
  add(name: DiagnosticName, span: Span, message: string, details?: DiagnosticDetails): void;
  hasErrors(): boolean;
  /** In source order. */
  list(): Diagnostic[];
  /** Says what was meant by a text that does not parse; a server carries no code for it. */
  mend?: Mend | undefined;
  /** What includes brought in, at their places: a fix there would change the name of the file. */
  included?: SourceNode[];
}

/** Says what was meant by a text that does not parse. */
export type Mend = (node: TextNode, language: "expression" | "template") => DiagnosticDetails;

/** Makes an empty report of a text of so many characters. */
export function createReport(length: number, mend?: Mend): Report {
  const found = new Map<string, Diagnostic>();
  const included: SourceNode[] = [];
  return {
    mend,
    included,
    add(name, span, message, details) {
      const diagnostic = createDiagnostic(name, fitSpan(span, length), message, details);
      const { fix } = diagnostic;
      if (fix && included.some((node) => fix.span.start < node.span.end && node.span.start < fix.span.end)) delete diagnostic.fix;
      const identity = `${diagnostic.code}|${diagnostic.span.start}|${diagnostic.span.end}|${message}`;
      if (!found.has(identity)) found.set(identity, diagnostic);
    },
    hasErrors: () => [...found.values()].some((diagnostic) => diagnostic.severity === "error"),
    list: () => sortDiagnostics([...found.values()]),
  };
}

/** Takes findings and forgets them. */
export const silent: Report = { add: () => {}, hasErrors: () => false, list: () => [] };

/** Keeps a span within the text and gives it at least one character, so that a caret can be shown. */
function fitSpan(span: Span, length: number): Span {
  const start = Math.max(0, Math.min(span.start, length - 1));
  return { start, end: Math.max(start + 1, Math.min(span.end, length)) };
}

/** In source order, and no more than are shown: a warning must not push out an error. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const order = (a: Diagnostic, b: Diagnostic): number =>
    a.span.start - b.span.start || a.span.end - b.span.end || a.code.localeCompare(b.code);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").sort(order);
  const warnings = diagnostics.filter((diagnostic) => diagnostic.severity === "warning").sort(order);
  const shown = errors.slice(0, compileLimits.diagnostics);
  return [...shown, ...warnings.slice(0, compileLimits.diagnostics - shown.length)].sort(order);
}
