/** A file line by line, with what the compiler says of each under it. Knows no page, and no compiler but for what it says. */
import type { Diagnostic } from "../../compile/diagnostics/diagnostic.ts";

/** A finding in one line of a file, zero-based. */
export interface Finding {
  code: string;
  severity: "error" | "warning";
  message: string;
  hint?: string;
  line: number;
  /** Where in the line it begins, and how many characters it is about, one at least. */
  column: number;
  length: number;
}

/** Of a span over several lines its first, as the command has it. */
export function placeFindings(
  text: string,
  diagnostics: readonly Pick<Diagnostic, "code" | "severity" | "message" | "hint" | "span">[],
): Finding[] {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return diagnostics.map(({ code, severity, message, hint, span }) => {
    const start = Math.max(0, Math.min(span.start, text.length));
    const line = starts.findLastIndex((each) => each <= start);
    const from = starts[line] ?? 0;
    const end = (starts[line + 1] ?? text.length + 1) - 1;
    const length = Math.max(1, Math.min(span.end, end) - start);
    return { code, severity, message, ...(hint !== undefined && { hint }), line, column: start - from, length };
  });
}

export interface SourceLine {
  number: number;
  text: string;
  findings: Finding[];
}

export function listSourceLines(text: string, findings: readonly Finding[]): SourceLine[] {
  const byLine = Map.groupBy(findings, ({ line }) => line);
  return text.split("\n").map((each, line) => ({ number: line + 1, text: each.replace(/\r$/, ""), findings: byLine.get(line) ?? [] }));
}
