/**
 * YAML text to nodes with places. Bounds size, depth and aliases before anything recurses; knows nothing of workflows.
 */

import type { CST, Document } from "yaml";
import { Composer, isScalar, Lexer, Parser } from "yaml";
import type { Report } from "../diagnostics/diagnostic.ts";
import { createReport } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { convertDocument } from "./convert-document.ts";
import { measureTokens } from "./measure-tokens.ts";
import type { SourceNode } from "./node.ts";
import type { Includes, Reading } from "./read-include.ts";
import { reportYamlErrors } from "./report-yaml-errors.ts";
import type { Span } from "./span.ts";

/** Reads one document. Undefined when there is nothing that later passes could look at; the report says why. */
export function readYaml(text: string, report: Report, includes?: Includes): SourceNode | undefined {
  return readText(text, report, { includes, chain: [], read: readText, count: { files: 0, nodes: 0, bytes: 0 } });
}

/**
 * Reads what can be made out of a text that may be broken in the middle, as one that is being typed is. Bounded as ever; undefined
 * where it is too large, or nothing can be made out.
 */
export function readBrokenYaml(text: string, includes?: Includes): SourceNode | undefined {
  const report = createReport(text.length);
  return readText(text, report, { includes, chain: [], read: readText, count: { files: 0, nodes: 0, bytes: 0 }, broken: true });
}

/** Where a finding about the whole file is shown. */
const firstCharacter: Span = { start: 0, end: 1 };

function readText(text: string, report: Report, reading: Reading): SourceNode | undefined {
  const bytes = new TextEncoder().encode(text).byteLength;
  if (bytes > compileLimits.fileBytes) {
    report.add("file-too-large", firstCharacter, `The file has ${bytes} bytes; ${compileLimits.fileBytes} are allowed.`);
    return undefined;
  }
  const control = /[^\P{Cc}\t\n\r\u0085]|[\ufffe\uffff]/u.exec(text);
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, "0");
    report.add(
      "forbidden-character",
      { start: control.index, end: control.index + 1 },
      `The control character U+${code.toUpperCase()} may not stand in YAML.`,
    );
    return undefined;
  }
  const tokens = readTokens(text, report);
  if (tokens === undefined) return undefined;
  const size = measureTokens(tokens);
  if (size.deepAt !== undefined) {
    const span = { start: size.deepAt, end: size.deepAt + 1 };
    report.add("nested-too-deep", span, `This is nested deeper than ${compileLimits.depth} levels.`);
    return undefined;
  }
  if (size.nodes > compileLimits.nodes) {
    report.add("file-too-large", firstCharacter, `The file has ${size.nodes} YAML nodes; ${compileLimits.nodes} are allowed.`);
    return undefined;
  }
  const documents: Document.Parsed[] = [];
  for (const document of new Composer({ uniqueKeys: false, version: "1.2", schema: "core", logLevel: "silent" }).compose(
    tokens,
    true,
    text.length,
  )) {
    documents.push(document as Document.Parsed);
    if (documents.length > 1) break;
  }
  const [document, second] = documents;
  if (document === undefined) return undefined;
  reportYamlErrors(document.errors, text, tokens, report);
  if (second) {
    const start = second.range[0];
    report.add(
      "several-documents",
      { start, end: Math.min(start + 3, text.length) },
      "A file holds one workflow; here a second YAML document begins.",
    );
  }
  // In YAML 1.1 `on` and `no` are booleans: the same file would mean something else.
  const { explicit, version } = document.directives?.yaml ?? {};
  const foreign = explicit === true && version !== "1.2";
  if (foreign) {
    const start = Math.max(0, text.indexOf("%YAML"));
    report.add("bad-yaml", { start, end: text.indexOf("\n", start) }, `Workflows are YAML 1.2, not ${version}.`, {
      hint: "leave the directive out",
    });
  }
  if (reading.broken !== true && (document.errors.length > 0 || second || foreign)) return undefined;
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    report.add("empty-file", { start: 0, end: Math.min(text.length, 1) }, "The file is empty.", {
      hint: "a workflow begins with `name:` and `description:`",
    });
    return undefined;
  }
  return convertDocument(document.contents, text, report, reading);
}

/** Tokens, lexeme by lexeme, so that what is too deep or too much stops while it is still small. */
function readTokens(text: string, report: Report): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    tokens.push(...parser.next(lexeme));
    // The parser keeps a few entries a level; the exact measure is taken of the tokens.
    if (parser.stack.length > compileLimits.depth * 3) {
      report.add(
        "nested-too-deep",
        { start: parser.offset - 1, end: parser.offset },
        `This is nested deeper than ${compileLimits.depth} levels.`,
      );
      return undefined;
    }
    if (lexemes > compileLimits.lexemes) {
      report.add("file-too-large", firstCharacter, `The file has more than ${compileLimits.lexemes} YAML tokens.`);
      return undefined;
    }
  }
  tokens.push(...parser.end());
  return tokens;
}
