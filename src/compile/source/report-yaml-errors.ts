/** The YAML library's errors as our diagnostics: named, placed where the eye should go, without what only follows from another. */
import type { CST, YAMLError } from "yaml";
import type { DiagnosticName } from "../diagnostics/catalogue.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { findQuoteEndingAt } from "./measure-tokens.ts";

/** Reports the errors of a document. */
export function reportYamlErrors(errors: readonly YAMLError[], text: string, tokens: readonly CST.Token[], report: Report): void {
  for (const error of withoutFollowUps(errors, text)) addYamlError(error, text, tokens, report);
}

/** Faults that stand by themselves; any other after the first is mostly what the first broke. */
const independentFaults: readonly YAMLError["code"][] = [
  "TAB_AS_INDENT",
  "BAD_DQ_ESCAPE",
  "BAD_ALIAS",
  "MULTIPLE_ANCHORS",
  "ALIAS_PROPS",
  "BAD_SCALAR_START",
];

/** The first fault, and later ones that it can't have caused, one a line. */
function withoutFollowUps(errors: readonly YAMLError[], text: string): YAMLError[] {
  const kept: YAMLError[] = [];
  let lineEnd = -1;
  for (const error of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    if (kept.length > 0 && (error.pos[0] <= lineEnd || !independentFaults.includes(error.code))) continue;
    kept.push(error);
    const next = text.indexOf("\n", error.pos[0]);
    lineEnd = next === -1 ? text.length : next;
    if (kept.length >= compileLimits.diagnostics) break;
  }
  return kept;
}

/** Which of our names a fault of the YAML library is. */
const yamlErrorNames: Partial<Record<YAMLError["code"], DiagnosticName>> = {
  BAD_INDENT: "bad-indent",
  TAB_AS_INDENT: "tab-indent",
  DUPLICATE_KEY: "duplicate-key",
  BAD_ALIAS: "bad-alias",
  ALIAS_PROPS: "bad-alias",
  MULTIPLE_ANCHORS: "bad-alias",
  MULTIPLE_DOCS: "several-documents",
  RESOURCE_EXHAUSTION: "nested-too-deep",
};

/** What looks like a character that YAML gives a meaning, and is none. */
const lookalikes: readonly [RegExp, string][] = [
  [/[\u2018\u2019\u201c-\u201e\u00ab\u00bb]/u, 'typographic quotes are text to YAML: write `"`'],
  [/[\u00a0\u2007\u202f\u3000]/u, "a no-break space (U+00A0) is no blank to YAML: write a space"],
  [/[\u200b-\u200d\u2060\ufeff]/u, "the line holds an invisible character (U+200B or the like): write it anew"],
  [/\uff1a/u, "`：` is not the colon of YAML: write `:`"],
  [/^\s*[\w-]+\s*(=>|:=|=)(?!=)/u, "a key and its value are joined by `: `"],
  [/^\s*[\w-]+:[^\s:/]/u, "a blank is missing behind the colon"],
];

/** Why a line is not what it seems to be. */
function explainCharacters(text: string, at: number): string | undefined {
  if (/\r(?!\n)/.test(text) && !text.includes("\n")) return "the file's lines end with CR alone: save it with LF";
  const from = text.lastIndexOf("\n", at - 1) + 1;
  const end = text.indexOf("\n", from);
  const line = text.slice(from, Math.min(end < 0 ? text.length : end, from + 400));
  return lookalikes.find(([pattern]) => pattern.test(line))?.[1];
}

function addYamlError(error: YAMLError, text: string, tokens: readonly CST.Token[], report: Report): void {
  const message = error.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
  let [start, end] = error.pos;
  if (start >= text.length && text.length > 0) start = Math.max(0, text.trimEnd().length - 1);
  end = Math.max(end, start + 1);
  // An unclosed quote is noticed at the end of the file; its beginning is what helps.
  if (error.code === "MISSING_CHAR" && /closing .?quote/.test(error.message)) start = findQuoteEndingAt(tokens, error.pos[0]) ?? start;
  if (error.code === "BAD_INDENT" && /^[ \t]/.test(text.slice(start))) {
    start += /^[ \t]*/.exec(text.slice(start))?.[0].length ?? 0;
    end = text.indexOf("\n", start) === -1 ? text.length : text.indexOf("\n", start);
  }
  end = Math.max(end, start + 1);
  // A span over many lines points at nothing: keep its first line.
  const lineEnd = text.indexOf("\n", start);
  if (lineEnd !== -1 && end > lineEnd && lineEnd > start) end = lineEnd;
  const tab = /^[ ]*(\t+)/.exec(text.slice(text.lastIndexOf("\n", start - 1) + 1));
  const name = tab && error.code !== "MULTIPLE_DOCS" ? "tab-indent" : (yamlErrorNames[error.code] ?? "bad-yaml");
  const quotes = /Nested mappings|Implicit keys|Plain value cannot|reserved character/.test(message);
  const hint =
    name === "tab-indent"
      ? "YAML is indented with spaces"
      : (explainCharacters(text, start) ??
        (quotes ? "text that holds `: ` or ` #`, or begins with `{`, `[`, `*`, `&`, `%`, `@`, needs quotes" : undefined));
  report.add(
    name,
    { start, end: Math.min(end, Math.max(text.length, start)) },
    message.endsWith(".") ? message : `${message}.`,
    hint ? { hint } : {},
  );
}
