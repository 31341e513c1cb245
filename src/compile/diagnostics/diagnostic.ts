/** What the compiler has to say about a file: data, collected, never thrown. */

import { compileLimits } from "../limits.ts";
import type { Span } from "../source/span.ts";
import type { DiagnosticName } from "./catalogue.ts";
import { catalogue } from "./catalogue.ts";

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
  fix?: Fix;
  /** Where the catalogue's severity does not fit, as for older local files. */
  severity?: Severity;
}

/** Makes a diagnostic of the catalogue. */
export function createDiagnostic(name: DiagnosticName, span: Span, message: string, details: DiagnosticDetails = {}): Diagnostic {
  const entry = catalogue[name];
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
}

/** Makes an empty report. */
export function createReport(): Report {
  const found = new Map<string, Diagnostic>();
  return {
    add(name, span, message, details) {
      const diagnostic = createDiagnostic(name, span, message, details);
      const identity = `${diagnostic.code}|${diagnostic.span.start}|${diagnostic.span.end}|${message}`;
      if (!found.has(identity)) found.set(identity, diagnostic);
    },
    hasErrors: () => [...found.values()].some((diagnostic) => diagnostic.severity === "error"),
    list() {
      const sorted = [...found.values()].sort(
        (a, b) => a.span.start - b.span.start || a.span.end - b.span.end || a.code.localeCompare(b.code),
      );
      if (sorted.length <= compileLimits.diagnostics) return sorted;
      // Errors first when there are too many: a warning must not push out what keeps the file from compiling.
      const errors = sorted.filter((diagnostic) => diagnostic.severity === "error");
      return errors.length >= compileLimits.diagnostics
        ? errors.slice(0, compileLimits.diagnostics)
        : sorted.slice(0, compileLimits.diagnostics).some((d) => d.severity === "error") || errors.length === 0
          ? sorted.slice(0, compileLimits.diagnostics)
          : errors;
    },
  };
}
