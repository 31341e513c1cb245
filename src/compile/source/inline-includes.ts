/** A workflow with what its includes bring in written in their places: for a server, which has no files beside it. */
import { createReport } from "../diagnostics/diagnostic.ts";
import { type SourceNode, toJson } from "./node.ts";
import type { Includes } from "./read-include.ts";
import { readYaml } from "./read-yaml.ts";

/**
 * Writes what each `!include` brings in as JSON, which is YAML wherever it stands. All else stays as it is, on the same lines.
 * @param text has been read without an error
 */
export function inlineIncludes(text: string, includes: Includes): string {
  const report = createReport(text.length);
  readYaml(text, report, includes);
  let rest = text;
  for (const node of [...(report.included ?? [])].sort((a, b) => b.span.start - a.span.start)) {
    const { start, end } = node.span;
    const tag = rest.lastIndexOf("!include", start - 1);
    rest = `${rest.slice(0, tag)}${rest.slice(tag + "!include".length, start)}${writeJson(node)}${rest.slice(end)}`;
  }
  return rest;
}

/** JSON lets stand what YAML does not: control characters beyond ASCII, and what is no character. */
function writeJson(node: SourceNode): string {
  return JSON.stringify(toJson(node)).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
