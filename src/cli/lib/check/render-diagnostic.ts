/** Findings as people read them: the message, the line of the file, carets under what is meant, what to do. */
import type { Diagnostic, Severity } from "../../../compile/diagnostics/diagnostic.ts";
import { locateOffset, type Span } from "../../../compile/source/span.ts";
import type { Style } from "../terminal.ts";
import type { CheckedFile } from "./check-file.ts";
import { cropLine, showText } from "./show-text.ts";

export const severityColours: Record<Severity, Style> = { error: "red", warning: "yellow" };

/** Colours text, or does not. */
export type Styler = (style: Style, text: string) => string;

/** How many errors and warnings there are. */
export function countFindings(checked: CheckedFile[]): { errors: number; warnings: number } {
  const all = checked.flatMap(({ diagnostics }) => diagnostics);
  const errors = all.filter(({ severity }) => severity === "error").length;
  return { errors, warnings: all.length - errors };
}

function count(number: number, what: string): string {
  return `${number === 0 ? "no" : number} ${what}${number === 1 ? "" : "s"}`;
}

/** `2 errors, 1 warning in 3 files`. */
export function renderSummary(checked: CheckedFile[]): string {
  const { errors, warnings } = countFindings(checked);
  return `${count(errors, "error")}${warnings > 0 ? `, ${count(warnings, "warning")}` : ""} in ${count(checked.length, "file")}`;
}

/** Renders one finding, without a line end after it. */
export function renderDiagnostic({ file, text }: CheckedFile, diagnostic: Diagnostic, style: Styler): string {
  const { severity, code, name, message, span, related, hint } = diagnostic;
  const colour = severityColours[severity];
  const places = [span, ...related.map((other) => other.span)];
  const gutter = " ".repeat(String(Math.max(...places.map(({ start }) => locateOffset(text, start).line))).length);
  const bar = style("cyan", "|");
  const show = (place: Span, arrow: string, label: string, mark: Style): string[] => {
    const { line, column } = locateOffset(text, place.start);
    const { source, carets } = excerpt(text, place);
    const number = String(line).padStart(gutter.length);
    return [
      `${gutter}${style("cyan", arrow)} ${showText(file)}:${line}:${column}`,
      ...(text === "" ? [] : [`${gutter} ${bar}`, `${style("cyan", number)} ${bar} ${source}`.trimEnd()]),
      ...(text === "" ? [] : [`${gutter} ${bar} ${style(mark, `${carets}${label === "" ? "" : ` ${label}`}`)}`]),
    ];
  };
  return [
    `${style(colour, `${severity}[${code}]`)} ${style("bold", showText(message))} ${style("dim", name)}`,
    ...show(span, "-->", "", colour),
    ...related.flatMap((other) => show(other.span, ":::", showText(other.message), "cyan")),
    ...(hint === undefined ? [] : [`${gutter} ${style("cyan", "=")} ${style("bold", "hint:")} ${showText(hint)}`]),
  ].join("\n");
}

/** The first line of a span, and carets under exactly that part of it. */
function excerpt(text: string, span: Span): { source: string; carets: string } {
  const lineStart = text.lastIndexOf("\n", span.start - 1) + 1;
  const lineFeed = text.indexOf("\n", lineStart);
  const rawEnd = lineFeed === -1 ? text.length : lineFeed;
  const lineEnd = text[rawEnd - 1] === "\r" && rawEnd > lineStart ? rawEnd - 1 : rawEnd;
  return cropLine(text.slice(lineStart, lineEnd), span.start - lineStart, Math.min(span.end, lineEnd) - lineStart);
}
