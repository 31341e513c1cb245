/**
 * YAML text to nodes with places. Bounds size, depth and aliases before anything recurses; knows nothing of workflows.
 */

import type { CST, Document, Node, ParsedNode, Scalar, YAMLError } from "yaml";
import { Composer, isAlias, isMap, isScalar, isSeq, Parser } from "yaml";
import type { DiagnosticName } from "../diagnostics/catalogue.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { findQuoteEndingAt, measureTokens } from "./measure-tokens.ts";
import type { ListNode, MapEntry, MapNode, ScalarNode, SourceNode } from "./node.ts";
import { mapScalarOffsets } from "./scalar-offsets.ts";
import type { Span } from "./span.ts";

/** Gives the text of an included file, or undefined when there is none. */
export type Includes = (path: string) => string | undefined;

/** Reads one document. Undefined when there is nothing that later passes could look at; the report says why. */
export function readYaml(text: string, report: Report, includes?: Includes): SourceNode | undefined {
  return readText(text, report, { includes, depth: 0, count: { files: 0, nodes: 0, bytes: 0 } });
}

/** Where a finding about the whole file is shown. */
const firstCharacter: Span = { start: 0, end: 1 };

interface Reading {
  includes: Includes | undefined;
  depth: number;
  /** Shared by a file and all it includes. */
  count: { files: number; nodes: number; bytes: number };
}

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
  const tokens = [...new Parser().parse(text)];
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
  for (const error of withoutFollowUps(document.errors, text)) addYamlError(error, text, tokens, report);
  if (second) {
    const start = second.range[0];
    report.add(
      "several-documents",
      { start, end: Math.min(start + 3, text.length) },
      "A file holds one workflow; here a second YAML document begins.",
    );
  }
  if (document.errors.length > 0 || second) return undefined;
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    report.add("empty-file", { start: 0, end: Math.min(text.length, 1) }, "The file is empty.", {
      hint: "a workflow begins with `name:` and `description:`",
    });
    return undefined;
  }
  return convertDocument(document.contents, text, report, reading);
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
      : quotes
        ? "text that holds `: ` or ` #`, or begins with `{`, `[`, `*`, `&`, `%`, `@`, needs quotes"
        : undefined;
  report.add(
    name,
    { start, end: Math.min(end, Math.max(text.length, start)) },
    message.endsWith(".") ? message : `${message}.`,
    hint ? { hint } : {},
  );
}

/** A converted node and what it costs when every alias is written out. */
interface Converted {
  node: SourceNode;
  size: number;
  bytes: number;
}

function convertDocument(contents: ParsedNode, text: string, report: Report, reading: Reading): SourceNode | undefined {
  const anchors = new Map<string, Converted | "open">();
  const { count } = reading;
  let stopped = false;

  const convert = (node: Node | null | undefined, fallback: Span): Converted => {
    if (stopped || node === null || node === undefined) return plain(fallback);
    if (isAlias(node)) return convertAlias(node.source, spanOf(node, fallback));
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, "open");
    const converted = isMap(node)
      ? convertMap(node, fallback)
      : isSeq(node)
        ? convertList(node, fallback)
        : convertScalar(node as Scalar, fallback);
    if (anchor !== undefined) anchors.set(anchor, converted);
    return converted;
  };

  const scalarOf = (span: Span, hole: boolean): Converted => ({
    node: { kind: "scalar", span, value: null, style: "plain", ...(hole ? { hole } : {}), locate: () => span },
    size: 1,
    bytes: 0,
  });
  const plain = (span: Span): Converted => scalarOf(span, false);
  const hole = (span: Span): Converted => scalarOf(span, true);

  const grow = (size: number, bytes: number, span: Span): void => {
    if (stopped) return;
    if (size > compileLimits.expandedNodes || bytes > compileLimits.expandedBytes) {
      stopped = true;
      report.add("alias-bomb", span, "With its aliases written out the file would be too large.", { hint: "use fewer aliases of aliases" });
    }
  };

  const convertAlias = (name: string, span: Span): Converted => {
    const target = anchors.get(name);
    if (target === undefined) {
      report.add("bad-alias", span, `The alias \`*${name}\` names no anchor before it.`);
      return hole(span);
    }
    if (target === "open") {
      report.add("bad-alias", span, `The alias \`*${name}\` stands inside what it repeats.`);
      return hole(span);
    }
    return target;
  };

  const convertScalar = (node: Scalar, fallback: Span): Converted => {
    const span = spanOf(node, fallback);
    const tag = node.tag;
    if (tag === "!include") return convertInclude(node, span);
    if (tag?.startsWith("!") && !tag.startsWith("tag:"))
      report.add("unknown-tag", span, `The tag \`${tag}\` means nothing here.`, { hint: "only `!include` is known" });
    const value = node.value;
    if (
      value !== null &&
      typeof value !== "string" &&
      typeof value !== "boolean" &&
      (typeof value !== "number" || !Number.isFinite(value))
    ) {
      report.add("not-json", span, "This value has no form in JSON.", { hint: "write it in quotes to make it text" });
      return hole(span);
    }
    const style = styles[node.type ?? "PLAIN"] ?? "plain";
    const raw = text.slice(span.start, span.end);
    let offsets: number[] | null | undefined = null;
    const locate = (start: number, end: number): Span => {
      if (typeof value !== "string") return span;
      if (offsets === null) offsets = mapScalarOffsets(raw, style, value);
      const from = offsets?.[Math.max(0, Math.min(start, value.length))];
      // The end is the place behind the last character: escapes take several.
      const to = offsets?.[Math.max(0, Math.min(end, value.length))];
      if (from === undefined || to === undefined) return span;
      return { start: span.start + from, end: span.start + Math.max(to, from) };
    };
    const scalar: ScalarNode = { kind: "scalar", span, value, style, locate };
    return { node: scalar, size: 1, bytes: typeof value === "string" ? value.length : 8 };
  };

  const convertInclude = (node: Scalar, span: Span): Converted => {
    const path = typeof node.value === "string" ? node.value : "";
    const nothing = hole(span);
    count.files += 1;
    if (reading.includes === undefined) {
      report.add("include-refused", span, `\`!include ${path}\` needs the file beside it, which is not at hand here.`, {
        hint: "compile with the command line tool, which reads included files, and publish its result",
      });
      return nothing;
    }
    if (reading.depth >= compileLimits.includeDepth || count.files > compileLimits.includes) {
      report.add("include-refused", span, "Too many files include one another.");
      return nothing;
    }
    const content = readIncluded(reading.includes, path);
    if (content === undefined) {
      report.add("include-refused", span, `There is no file \`${path}\` to include.`);
      return nothing;
    }
    if (!/\.(ya?ml|json)$/i.test(path)) {
      return { node: { kind: "scalar", span, value: content, style: "included", locate: () => span }, size: 1, bytes: content.length };
    }
    const inner = createForwardingReport(report, span, path);
    const included = readText(content, inner, { includes: reading.includes, depth: reading.depth + 1, count });
    // What a file with faults holds is not judged further: the fault is shown once, where the file is included.
    if (included === undefined || inner.failed()) return nothing;
    const moved = moveTo(included, span);
    return { node: moved, ...measureNode(moved) };
  };

  const convertList = (node: { items: unknown[] } & Node, fallback: Span): Converted => {
    const span = spanOf(node, fallback);
    const list: ListNode = { kind: "list", span, items: [] };
    let size = 1;
    let bytes = 0;
    for (const item of node.items) {
      if (stopped) break;
      const converted = convert(item as Node, { start: span.start, end: span.start });
      list.items.push(converted.node);
      size += converted.size;
      bytes += converted.bytes;
      grow(size, bytes, spanOf(item as Node, converted.node.span));
    }
    return { node: list, size, bytes };
  };

  const convertMap = (node: { items: { key: unknown; value: unknown }[] } & Node, fallback: Span): Converted => {
    const span = spanOf(node, fallback);
    if (text.startsWith("{{", span.start)) {
      report.add("bad-key", { start: span.start, end: span.start + 2 }, "In YAML `{{` opens two mappings, not a template.", {
        hint: 'put the text in quotes: `"{{ … }}"`',
      });
      return hole(span);
    }
    const map: MapNode = { kind: "map", span, entries: [] };
    const own = new Map<string, MapEntry>();
    const merged: SourceNode[] = [];
    let size = 1;
    let bytes = 0;
    for (const pair of node.items) {
      if (stopped) break;
      const key = convert(pair.key as Node, { start: span.start, end: span.start });
      const keySpan = key.node.span;
      const value = convert(pair.value as Node, { start: keySpan.end, end: keySpan.end });
      size += value.size + 1;
      bytes += value.bytes + key.bytes;
      grow(size, bytes, isAlias(pair.value) ? spanOf(pair.value, keySpan) : keySpan);
      if (key.node.kind !== "scalar") {
        report.add("bad-key", keySpan, "A key must be a plain word.");
        continue;
      }
      const name = key.node.value === null ? "" : String(key.node.value);
      if (name === "<<" && key.node.style === "plain") {
        merged.push(...(value.node.kind === "list" ? value.node.items : [value.node]));
        for (const source of merged)
          if (source.kind !== "map") report.add("bad-merge", source.span, "A merge key (`<<`) takes a mapping or a list of mappings.");
        continue;
      }
      if (name === "__proto__" || (name === "" && key.node.value === null)) {
        report.add("bad-key", keySpan, name === "" ? "A key is missing before the colon." : `\`${name}\` can't be a key.`);
        continue;
      }
      const earlier = own.get(name);
      if (earlier) {
        report.add("duplicate-key", keySpan, `The key \`${name}\` stands here twice.`, {
          related: [{ span: earlier.keyNode.span, message: "it stands here first" }],
          hint: "keep one of the two",
        });
        continue;
      }
      const entry: MapEntry = { key: name, keyNode: key.node, value: value.node, merged: false };
      own.set(name, entry);
      map.entries.push(entry);
    }
    for (const source of merged) {
      if (source.kind !== "map") continue;
      for (const entry of source.entries) {
        if (own.has(entry.key)) continue;
        const copy: MapEntry = { ...entry, merged: true };
        own.set(entry.key, copy);
        map.entries.push(copy);
      }
    }
    return { node: map, size, bytes };
  };

  const result = convert(contents, { start: 0, end: 0 });
  count.nodes += result.size;
  count.bytes += result.bytes;
  grow(count.nodes, count.bytes, result.node.span);
  return stopped ? undefined : result.node;
}

const styles: Record<string, ScalarNode["style"]> = {
  PLAIN: "plain",
  QUOTE_SINGLE: "single",
  QUOTE_DOUBLE: "double",
  BLOCK_LITERAL: "literal",
  BLOCK_FOLDED: "folded",
};

function spanOf(node: { range?: readonly number[] | null }, fallback: Span): Span {
  const [start, end] = node.range ?? [];
  return start === undefined || end === undefined ? fallback : { start, end };
}

/** A resolver that throws has no such file. */
function readIncluded(includes: Includes, path: string): string | undefined {
  try {
    return includes(path);
  } catch {
    return undefined;
  }
}

/** Findings in an included file are shown where it is included. */
function createForwardingReport(report: Report, span: Span, path: string): Report & { failed(): boolean } {
  let failed = false;
  return {
    ...report,
    add(name, inner, message, details) {
      failed ||= (details?.severity ?? "error") === "error";
      report.add(name, span, `${path}, offset ${inner.start}: ${message}`, { ...details, related: [], fix: undefined });
    },
    failed: () => failed,
  };
}

/** Size with aliases written out; bounded, for the node was measured when it was read. */
function measureNode(node: SourceNode): { size: number; bytes: number } {
  if (node.kind === "scalar") return { size: 1, bytes: typeof node.value === "string" ? node.value.length : 8 };
  const inner = node.kind === "list" ? node.items.map(measureNode) : node.entries.map((entry) => measureNode(entry.value));
  return { size: inner.reduce((sum, part) => sum + part.size + 1, 1), bytes: inner.reduce((sum, part) => sum + part.bytes, 0) };
}

function moveTo(node: SourceNode, span: Span): SourceNode {
  if (node.kind === "scalar") return { ...node, span, style: "included", locate: () => span };
  if (node.kind === "list") return { ...node, span, items: node.items.map((item) => moveTo(item, span)) };
  return {
    ...node,
    span,
    entries: node.entries.map((entry) => ({
      ...entry,
      keyNode: moveTo(entry.keyNode, span) as ScalarNode,
      value: moveTo(entry.value, span),
    })),
  };
}
