/** Findings as data for programs. */

import type { AppliedFix } from "../../../compile/diagnostics/apply-fixes.ts";
import type { Diagnostic } from "../../../compile/diagnostics/diagnostic.ts";
import { locateOffset, type Span } from "../../../compile/source/span.ts";
import type { CheckedFile } from "./check-file.ts";

/** A place: lines and columns from 1, columns in UTF-16 units, the end exclusive. */
interface RangeJson {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** One finding as JSON. */
export interface DiagnosticJson extends RangeJson {
  code: string;
  name: string;
  severity: "error" | "warning";
  message: string;
  hint?: string;
  related?: (RangeJson & { message: string })[];
  fix?: RangeJson & { title: string; text: string };
}

/** One file of `check --json`, which writes a list of them. */
export interface CheckedFileJson {
  file: string;
  diagnostics: DiagnosticJson[];
  /** Why the file could not be looked at. */
  error?: string;
  /** Under `--fix`. */
  fixed?: AppliedFix[];
}

/** Lines and columns of a span. */
export function locateSpan(text: string, span: Span): RangeJson {
  const start = locateOffset(text, span.start);
  const end = locateOffset(text, span.end);
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

function toDiagnosticJson(text: string, { code, name, severity, message, span, hint, related, fix }: Diagnostic): DiagnosticJson {
  return {
    code,
    name,
    severity,
    message,
    ...locateSpan(text, span),
    ...(hint === undefined ? {} : { hint }),
    ...(related.length === 0 ? {} : { related: related.map((other) => ({ message: other.message, ...locateSpan(text, other.span) })) }),
    ...(fix ? { fix: { title: fix.title, text: fix.text, ...locateSpan(text, fix.span) } } : {}),
  };
}

/** A checked file as JSON. */
export function toJson({ file, text, diagnostics, problem, fixed }: CheckedFile): CheckedFileJson {
  return {
    file,
    diagnostics: diagnostics.map((diagnostic) => toDiagnosticJson(text, diagnostic)),
    ...(problem ? { error: `${file} ${problem.message}` } : {}),
    ...(fixed ? { fixed } : {}),
  };
}
