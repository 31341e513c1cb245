/** The YAML library's nodes as ours: aliases and merge keys resolved, their growth bounded, every value with its place. */
import type { Node, ParsedNode, Scalar } from "yaml";
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { ListNode, MapEntry, MapNode, ScalarNode, SourceNode } from "./node.ts";
import type { Converted, Reading } from "./read-include.ts";
import { readInclude } from "./read-include.ts";
import { mapScalarOffsets } from "./scalar-offsets.ts";
import type { Span } from "./span.ts";

/** Converts a document that the parser found sound. Undefined where its aliases would grow without bound. */
export function convertDocument(contents: ParsedNode, text: string, report: Report, reading: Reading): SourceNode | undefined {
  const anchors = new Map<string, Converted | "open">();
  const { count } = reading;
  let stopped = false;

  const convert = (node: Node | null | undefined, fallback: Span): Converted => {
    if (stopped || node === null || node === undefined) return plain(fallback);
    if (isAlias(node)) return convertAlias(node.source, spanOf(node, fallback));
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (!isScalar(node)) checkTag(node, spanOf(node, fallback));
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

  const checkTag = (node: Node, span: Span): void => {
    const { tag } = node;
    if (tag?.startsWith("!"))
      report.add("unknown-tag", span, `The tag \`${tag}\` means nothing here.`, { hint: "only `!include` is known" });
  };

  const convertScalar = (node: Scalar, fallback: Span): Converted => {
    const span = spanOf(node, fallback);
    if (node.tag === "!include") return convertInclude(node, span);
    checkTag(node, span);
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
    const included = readInclude(typeof node.value === "string" ? node.value : "", span, report, reading);
    return included ?? hole(span);
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
