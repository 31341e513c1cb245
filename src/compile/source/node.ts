/** The tree of a source file: values with their places. Knows YAML's shapes, nothing of workflows. */
import type { Json } from "../../contract/event.ts";
import type { Span } from "./span.ts";

/** A string, number, boolean or null. */
export interface ScalarNode {
  kind: "scalar";
  span: Span;
  value: string | number | boolean | null;
  /** A number's digits as they were written. */
  written?: string;
  /** How it was written; `included` is text of another file. */
  style: "plain" | "single" | "double" | "literal" | "folded" | "included";
  /** It stands between brackets or braces, where `[`, `]`, `{`, `}` and `,` of a plain text are YAML's. */
  flow?: true;
  /** What should stand here could not be had, and that was reported: no check judges it. */
  hole?: true;
  /** Maps a range of the value's characters to the source; the whole scalar where that can't be told. */
  locate: (start: number, end: number) => Span;
}

/** One `key: value`. */
export interface MapEntry {
  /** The field that is meant: as written, or what the shape check took a misspelling for. */
  key: string;
  keyNode: ScalarNode;
  value: SourceNode;
  /** It came by a merge key (`<<`). */
  merged: boolean;
}

/** A mapping. Keys are unique. */
export interface MapNode {
  kind: "map";
  span: Span;
  entries: MapEntry[];
}

/** A sequence. */
export interface ListNode {
  kind: "list";
  span: Span;
  items: SourceNode[];
}

/** A value with its place. Aliases share nodes: the tree is a DAG, without cycles. */
export type SourceNode = ScalarNode | MapNode | ListNode;

/** The entry of a map by field name; undefined where there is none or the node is no map. */
export function findEntry(node: SourceNode | undefined, key: string): MapEntry | undefined {
  return node?.kind === "map" ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** The value of a field; undefined where there is none or the node is no map. */
export function findValue(node: SourceNode | undefined, ...keys: string[]): SourceNode | undefined {
  for (const key of keys) {
    const entry = findEntry(node, key);
    if (entry) return entry.value;
  }
  return undefined;
}

/** The field as a string scalar, else undefined. */
export function findText(node: SourceNode | undefined, ...keys: string[]): TextNode | undefined {
  const value = findValue(node, ...keys);
  return value && isText(value) ? value : undefined;
}

/** A scalar that holds a string. */
export type TextNode = ScalarNode & { value: string };

/** Tells whether a node is a string. */
export function isText(node: SourceNode | undefined): node is TextNode {
  return node?.kind === "scalar" && typeof node.value === "string";
}

/** The items of a field that is a list, else none. */
export function listItems(node: SourceNode | undefined, ...keys: string[]): SourceNode[] {
  const value = findValue(node, ...keys);
  return value?.kind === "list" ? value.items : [];
}

/** The entries of a field that is a map, else none. */
export function listEntries(node: SourceNode | undefined): MapEntry[] {
  return node?.kind === "map" ? node.entries : [];
}

/** The plain value. Depth and size were bounded when the tree was made. */
export function toJson(node: SourceNode): Json {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toJson);
  const result: { [key: string]: Json } = {};
  for (const entry of node.entries) result[entry.key] = toJson(entry.value);
  return result;
}

/** Text as YAML may hold it wherever it stands: in quotes where it would mean something else without. */
export function writeText(text: string): string {
  const isPlain = /^[\p{L}_$][\p{L}\p{N}_$./-]*$/u.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** What a person calls the node's type. */
export function describeType(node: SourceNode): string {
  if (node.kind === "map") return "a mapping";
  if (node.kind === "list") return "a list";
  if (node.value === null) return "nothing";
  if (typeof node.value === "string") return "text";
  if (typeof node.value === "boolean") return `the boolean ${node.value}`;
  return `the number ${node.value}`;
}

/** The plain value, with a schema that takes anything where none could be had. */
export function withoutHoles(node: SourceNode): Json {
  if (node.kind === "scalar") return node.hole ? true : node.value;
  if (node.kind === "list") return node.items.map(withoutHoles);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, withoutHoles(value)]));
}
