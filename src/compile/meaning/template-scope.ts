/** What names in a template stand for where they are written. */

import { silent } from "../diagnostics/diagnostic.ts";
import type { Span } from "../source/span.ts";
import type { Place } from "./check-operators.ts";
import { applyFacts, type Facts, noFacts } from "./facts.ts";
import { lookUpField, type MissingField, suggestField } from "./find-field.ts";
import { ofLengths, type Range } from "./range.ts";
import type { FindPlace } from "./template-facts.ts";
import type { Token } from "./template-tokens.ts";
import { bound, itemsOf, lengthsOf, number, type Type, unknown, unspoken } from "./type.ts";

/** What a template sees. */
export interface TemplateSight {
  /** Its own variables, which were looked at by name. */
  root: Type;
  /** `_last`, `_event`, `_children` and their like: their fields were not. */
  own: ReadonlyMap<string, Type>;
  /** Nobody has looked at fields of what stands at the root either. */
  deep?: boolean;
}

/** What is found of a name in a template, for those who ask about a place. Offsets are into the template. */
export interface ObservedName {
  start: number;
  end: number;
  name: string;
  type: Type;
  /** What it was looked up in; undefined: the names that the template sees. */
  context: Type | undefined;
}

/** What is found of a constant. */
export interface ObservedConstant {
  start: number;
  end: number;
  compared: Type;
}

export interface TemplateObserver {
  name(seen: ObservedName, names: ReadonlyMap<string, Type>): void;
  constant(seen: ObservedConstant): void;
}

/** What the parts of one judgement share. */
export interface Judging extends TemplateSight, Place {
  /** Names that the template gives values of its own, and how often. */
  assigned: ReadonlyMap<string, number>;
  /** What those are that have one value, once it was met. */
  locals: Map<string, Type>;
  observer: TemplateObserver | undefined;
}

/** What is known at a place of a template. */
export interface Scope {
  /** Variables of loops. */
  names: ReadonlyMap<string, Type>;
  /** What the tests tell that led here. */
  facts: Facts;
}

/** Properties that Liquid gives to lists and text. */
const builtIn = ["size", "first", "last"];

/** The number of a list's items or a text's characters. Liquid counts a character outside the basic plane as two. */
export function sizeOf(type: Type): Type {
  const { any, scalars, objects, lists, count } = type;
  const isOne = !any && scalars.size + objects.length + lists.length === 1;
  const length = isOne && scalars.has("string") ? lengthsOf(type) : undefined;
  const range: Range | undefined = isOne && lists.length > 0 ? count : length && ofLengths(length.least, length.most * 2);
  return bound(number, { range: range ?? ofLengths(0) });
}

/** What a root name is, if it is no variable of the node's own answer or event. */
function findOwn(root: string, { names }: Scope, state: Judging): Type | undefined {
  const isAssigned = state.assigned.has(root) && !names.has(root);
  return names.get(root) ?? (isAssigned ? (state.locals.get(root) ?? unknown) : state.own.get(root));
}

/** Says what facts about a path are kept under. What has several values is not followed. */
export function findPlace(scope: Scope, state: Judging): FindPlace {
  return ([root = "", ...path]) => {
    if (state.assigned.has(root) && !scope.names.has(root) && !state.locals.has(root)) return undefined;
    if (path.some((name) => builtIn.includes(name))) return undefined;
    return findOwn(root, scope, state) ? { anchor: root, path } : { anchor: "", path: [root, ...path] };
  };
}

/** The type of a path, by schemas alone. */
export function typeWithoutFacts(token: Token, scope: Scope, state: Judging): Type {
  return typeOf(token.props ?? [], { ...scope, facts: noFacts }, { ...state, context: { report: silent }, observer: undefined });
}

/** The type of a path; reports a name that can't be there. */
export function typeOf(props: readonly Token[], scope: Scope, state: Judging): Type {
  const { names, facts } = scope;
  const [first, ...rest] = props;
  const root = first?.content;
  if (!first || typeof root !== "string") return unknown;
  const own = findOwn(root, scope, state);
  let type = own ? applyFacts(facts, root, own) : unknown;
  if (!own) {
    const found = lookUpField(applyFacts(facts, "", state.root), root);
    if ("type" in found) type = found.type;
  }
  state.observer?.name({ start: first.begin, end: first.end, name: root, type, context: undefined }, names);
  // What `input` and the node's own answer have was looked at by name.
  const isOurs = state.deep === true || (own !== undefined && !(root === "_event" && rest[0]?.content === "data"));
  for (const { content: name, begin, end, props: nested } of rest) {
    if (nested) return unknown;
    if (typeof name === "number") {
      type = itemsOf(type);
      continue;
    }
    // A `$` was told.
    if (typeof name !== "string" || state.node.value[begin] === "$") return unknown;
    if (builtIn.includes(name) && !type.objects.some(({ names: own_ }) => own_.includes(name))) {
      state.observer?.name({ start: begin, end, name, type: name === "size" ? sizeOf(type) : itemsOf(type), context: type }, names);
      if (type.any || type.objects.length > 0) return unknown;
      type = name === "size" ? sizeOf(type) : type.lists.length > 0 ? itemsOf(type) : unknown;
      continue;
    }
    if (type.lists.length > 0) return unknown;
    const context = type;
    const found = lookUpField(type, name);
    if ("type" in found) {
      if (found.type === unspoken && root === "_last") {
        const span = state.node.locate(begin, end);
        state.context.report.add("role-never-before", span, `\`${name}\` has not spoken when this is written; this is always empty.`);
        return unknown;
      }
      type = found.type;
      state.observer?.name({ start: begin, end, name, type, context }, names);
      continue;
    }
    state.observer?.name({ start: begin, end, name, type: unknown, context }, names);
    // What text and numbers have is looked at nowhere else.
    const isScalar = !type.any && type.scalars.size > 0 && type.objects.length === 0 && name !== "length";
    if (!isOurs && !isScalar) return unknown;
    const span = state.node.locate(begin, end);
    const canName = state.node.value.slice(begin, end) === name && /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(found.nearest ?? "");
    reportMissing(found, span, canName, state);
    return unknown;
  }
  return type;
}

/** Says that there is no such field. @param canName whether another name may be written there */
export function reportMissing(found: MissingField, span: Span, canName: boolean, { context }: Place): void {
  const details = suggestField(found, canName ? span : undefined);
  context.report.add("unknown-field-of-type", span, `${found.message}; this is always empty.`, details);
}
