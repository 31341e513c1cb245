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

/** A document on its way. */
interface Conversion {
  text: string;
  report: Report;
  reading: Reading;
  anchors: Map<string, Converted | "open">;
  /** Its aliases grow too large: nothing more is converted. */
  stopped: boolean;
  /** How many collections between brackets or braces it is in. */
  flow: number;
}

/** Converts a document that the parser found sound. Undefined where its aliases would grow without bound. */
export function convertDocument(contents: ParsedNode, text: string, report: Report, reading: Reading): SourceNode | undefined {
  const conversion: Conversion = { text, report, reading, anchors: new Map(), stopped: false, flow: 0 };
  const result = convert(conversion, contents, { start: 0, end: 0 });
  const { count } = reading;
  count.nodes += result.size;
  count.bytes += result.bytes;
  checkGrowth(conversion, count.nodes, count.bytes, result.node.span);
  return conversion.stopped ? undefined : result.node;
}

function convert(conversion: Conversion, node: Node | null | undefined, fallback: Span): Converted {
  if (conversion.stopped || node === null || node === undefined) return makeNull(fallback, false);
  if (isAlias(node)) return convertAlias(conversion, node.source, spanOf(node, fallback));
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (!isScalar(node)) checkTag(conversion, node, spanOf(node, fallback));
  if (anchor !== undefined) conversion.anchors.set(anchor, "open");
  const isFlow = (isMap(node) || isSeq(node)) && node.flow === true;
  if (isFlow) conversion.flow += 1;
  const converted = isMap(node)
    ? convertMap(conversion, node, fallback)
    : isSeq(node)
      ? convertList(conversion, node, fallback)
      : convertScalar(conversion, node as Scalar, fallback);
  if (isFlow) conversion.flow -= 1;
  if (anchor !== undefined) conversion.anchors.set(anchor, converted);
  return converted;
}

/** @param hole whether what stands there could not be read */
function makeNull(span: Span, hole: boolean): Converted {
  return { node: { kind: "scalar", span, value: null, style: "plain", ...(hole ? { hole } : {}), locate: () => span }, size: 1, bytes: 0 };
}

function checkGrowth(conversion: Conversion, size: number, bytes: number, span: Span): void {
  if (conversion.stopped || (size <= compileLimits.expandedNodes && bytes <= compileLimits.expandedBytes)) return;
  conversion.stopped = true;
  conversion.report.add("alias-bomb", span, "With its aliases written out the file would be too large.", {
    hint: "use fewer aliases of aliases",
  });
}

function convertAlias({ anchors, report }: Conversion, name: string, span: Span): Converted {
  const target = anchors.get(name);
  if (target !== undefined && target !== "open") return target;
  const why = target === undefined ? "names no anchor before it" : "stands inside what it repeats";
  const hint = target === undefined ? { hint: "text that begins with `*` needs quotes" } : {};
  report.add("bad-alias", span, `The alias \`*${name}\` ${why}.`, hint);
  return makeNull(span, true);
}

function checkTag({ report }: Conversion, { tag }: Node, span: Span): void {
  if (tag === "!include") report.add("include-refused", span, "`!include` takes the name of a file.");
  else if (tag?.startsWith("!"))
    report.add("unknown-tag", span, `The tag \`${tag}\` means nothing here.`, { hint: "only `!include` is known" });
}

function convertScalar(conversion: Conversion, node: Scalar, fallback: Span): Converted {
  const { text, report, reading } = conversion;
  const span = spanOf(node, fallback);
  if (node.tag === "!include") {
    const included = readInclude(typeof node.value === "string" ? node.value : "", span, report, reading);
    if (included && reading.chain.length === 0) report.included?.push(included.node);
    return included ?? makeNull(span, true);
  }
  checkTag(conversion, node, span);
  const value = node.value;
  if (value !== null && typeof value !== "string" && typeof value !== "boolean" && (typeof value !== "number" || !Number.isFinite(value))) {
    const isTooLarge = typeof value === "number" && /\d/.test(text.slice(span.start, span.end));
    report.add(
      "not-json",
      span,
      isTooLarge ? "The number is larger than any that JSON's readers know." : "This value has no form in JSON.",
      {
        hint: isTooLarge ? "numbers end at 1.8e308; write it in quotes to make it text" : "write it in quotes to make it text",
      },
    );
    return makeNull(span, true);
  }
  const style = styles[node.type ?? "PLAIN"] ?? "plain";
  const written = typeof value === "number" ? { written: text.slice(span.start, span.end) } : {};
  const flow = conversion.flow > 0 && { flow: true as const };
  const scalar: ScalarNode = { kind: "scalar", span, value, style, ...flow, ...written, locate: createLocate(text, span, style, value) };
  return { node: scalar, size: 1, bytes: typeof value === "string" ? value.length : 8 };
}

/** Finds where a part of a scalar's value stands in the file; its characters are counted when first asked for. */
function createLocate(text: string, span: Span, style: ScalarNode["style"], value: ScalarNode["value"]): ScalarNode["locate"] {
  const raw = text.slice(span.start, span.end);
  let offsets: number[] | null | undefined = null;
  return (start, end) => {
    if (typeof value !== "string") return span;
    if (offsets === null) offsets = mapScalarOffsets(raw, style, value);
    const from = offsets?.[Math.max(0, Math.min(start, value.length))];
    // The end is the place behind the last character: escapes take several.
    const to = offsets?.[Math.max(0, Math.min(end, value.length))];
    if (from === undefined || to === undefined) return span;
    return { start: span.start + from, end: span.start + Math.max(to, from) };
  };
}

function convertList(conversion: Conversion, node: { items: unknown[] } & Node, fallback: Span): Converted {
  const span = spanOf(node, fallback);
  const list: ListNode = { kind: "list", span, items: [] };
  let size = 1;
  let bytes = 0;
  for (const item of node.items) {
    if (conversion.stopped) break;
    const converted = convert(conversion, item as Node, { start: span.start, end: span.start });
    list.items.push(converted.node);
    size += converted.size;
    bytes += converted.bytes;
    checkGrowth(conversion, size, bytes, spanOf(item as Node, converted.node.span));
  }
  return { node: list, size, bytes };
}

function convertMap(conversion: Conversion, node: { items: { key: unknown; value: unknown }[] } & Node, fallback: Span): Converted {
  const { text, report } = conversion;
  const span = spanOf(node, fallback);
  if (text.startsWith("{{", span.start)) {
    report.add("bad-key", { start: span.start, end: span.start + 2 }, "In YAML `{{` opens two mappings, not a template.", {
      hint: 'put the text in quotes: `"{{ … }}"`',
    });
    return makeNull(span, true);
  }
  const own = new Map<string, MapEntry>();
  const merged: SourceNode[] = [];
  let size = 1;
  let bytes = 0;
  for (const pair of node.items) {
    if (conversion.stopped) break;
    const key = convert(conversion, pair.key as Node, { start: span.start, end: span.start });
    const keySpan = key.node.span;
    const value = convert(conversion, pair.value as Node, { start: keySpan.end, end: keySpan.end });
    size += value.size + 1;
    bytes += value.bytes + key.bytes;
    checkGrowth(conversion, size, bytes, isAlias(pair.value) ? spanOf(pair.value, keySpan) : keySpan);
    addPair(key.node, value.node, own, merged, report);
  }
  // A Map keeps the order of the file, what is merged behind it.
  for (const source of merged)
    for (const entry of source.kind === "map" ? source.entries : [])
      if (!own.has(entry.key)) own.set(entry.key, { ...entry, merged: true });
  const map: MapNode = { kind: "map", span, entries: [...own.values()] };
  return { node: map, size, bytes };
}

/** Adds a pair to the map's own, or to what is merged into it, or says why it can't be. */
function addPair(keyNode: SourceNode, value: SourceNode, own: Map<string, MapEntry>, merged: SourceNode[], report: Report): void {
  const { span } = keyNode;
  if (keyNode.kind !== "scalar") {
    report.add("bad-key", span, "A key must be a plain word.");
    return;
  }
  const name = keyNode.value === null ? "" : String(keyNode.value);
  const earlier = own.get(name);
  if (name === "<<" && keyNode.style === "plain") {
    merged.push(...(value.kind === "list" ? value.items : [value]));
    for (const source of merged)
      if (source.kind === "list" || (source.kind === "scalar" && !source.hole))
        report.add("bad-merge", source.span, "A merge key (`<<`) takes a mapping or a list of mappings.");
  } else if (name === "__proto__" || (name === "" && keyNode.value === null)) {
    report.add("bad-key", span, name === "" ? "A key is missing before the colon." : `\`${name}\` can't be a key.`);
  } else if (earlier) {
    report.add("duplicate-key", span, `The key \`${name}\` stands here twice.`, {
      related: [{ span: earlier.keyNode.span, message: "it stands here first" }],
      hint: "keep one of the two",
    });
  } else {
    own.set(name, { key: name, keyNode, value, merged: false });
  }
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
