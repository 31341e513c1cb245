/** Reads JSON or YAML that a person typed, and says in plain words what is wrong with it and where. Knows nothing of what it is for. */
import { parseDocument, type YAMLParseError } from "yaml";
import type { Json } from "../contract/event.ts";

/** The value, or what is wrong at which character. */
export type Typed = { ok: true; value: Json } | { ok: false; message: string; at: number };

/** Reads what was typed; never throws. */
export function readTyped(text: string): Typed {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error) return { ok: false, ...explain(error, text) };
  const [warning] = document.warnings;
  if (warning) return { ok: false, message: needsQuotes(text, warning.pos[0]), at: warning.pos[0] };
  try {
    return { ok: true, value: document.toJS() as Json };
  } catch {
    // Only a name that stands for another value can fail here.
    const at = Math.max(0, text.search(/\*(?=\S)/));
    return { ok: false, message: needsQuotes(text, at), at };
  }
}

function needsQuotes(text: string, at: number): string {
  return `text that begins with \`${text[at] ?? ""}\` needs quotes`;
}

function explain({ code, message, pos: [at] }: YAMLParseError, text: string): { message: string; at: number } {
  const [, quote] = /closing (["'])/.exec(message) ?? [];
  if (quote !== undefined) return { message: `a quote (${quote}) is opened and not closed`, at: Math.max(0, text.lastIndexOf(quote, at)) };
  const [, closing] = /end with a ([}\]])/.exec(message) ?? [];
  if (closing !== undefined) {
    const opening = closing === "}" ? "{" : "[";
    return { message: `\`${opening}\` is opened and not closed by \`${closing}\``, at: Math.max(0, text.lastIndexOf(opening, at)) };
  }
  const written = text[at] ?? "";
  switch (code) {
    case "DUPLICATE_KEY":
      return { message: `\`${/^["']?[^\s:"',}]+/.exec(text.slice(at))?.[0].replace(/^["']/, "") ?? written}\` is given twice`, at };
    case "BAD_SCALAR_START":
      return { message: needsQuotes(text, at), at };
    case "BAD_DQ_ESCAPE":
      return { message: `\`${text.slice(at, at + 2)}\` means nothing between double quotes: write \`\\\\\`, or use single quotes`, at };
    case "TAB_AS_INDENT":
      return { message: "lines are indented by spaces, not by tabs", at };
    case "MULTIPLE_DOCS":
      return { message: "there are several documents (`---`); keep one", at };
    case "BLOCK_IN_FLOW":
      return { message: "a comma is missing before this, or text that holds `: ` needs quotes", at: findSecondKey(text, at) };
    case "UNEXPECTED_TOKEN":
      return { message: /^[,}\]]$/.test(written) ? `\`${written}\` is one too many` : "there is more here than one value", at };
    case "BAD_INDENT":
    case "MULTILINE_IMPLICIT_KEY":
      return { message: "this line is not indented as those beside it", at: at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0) };
    default:
      return text.slice(at).includes("\n")
        ? { message: "the lines from here on are not indented alike, or text that holds `: ` needs quotes", at }
        : { message: "text that holds `: ` needs quotes", at };
  }
}

/** Where the second of two pairs begins that no comma separates. */
function findSecondKey(text: string, at: number): number {
  const [value = ""] = /^(?:"[^"]*"|'[^']*'|[^\s,}\]]+)\s*/.exec(text.slice(at)) ?? [];
  return at + (value.trimEnd().endsWith(":") ? 0 : value.length);
}

/** The line of a character, with a caret under it, and its place from one. */
export function pointAt(text: string, at: number): { line: number; column: number; excerpt: string } {
  const start = text.lastIndexOf("\n", Math.max(0, at - 1)) + 1;
  const end = text.indexOf("\n", start);
  const shown = text.slice(start, end === -1 ? undefined : end).replaceAll("\t", " ");
  const column = Math.min(at - start, shown.length);
  return { line: text.slice(0, start).split("\n").length, column: column + 1, excerpt: `  ${shown}\n  ${" ".repeat(column)}^` };
}
