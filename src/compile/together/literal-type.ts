/** The types of values as a file writes them, and where they can't be what another file asks for. */
import { describeValues, lookUpField } from "../meaning/find-field.ts";
import { text as anyText, join, mayEqual, nothing, ofConstants, type Type, unknown } from "../meaning/type.ts";
import type { SourceNode } from "../source/node.ts";
import { isText } from "../source/node.ts";

/** How deep maps within maps are compared. */
export const maxDepth = 8;

export interface Misfit {
  path: string;
  given: Type;
  wanted: Type;
}

/** The first value that can't be what is wanted. */
export function findMisfit(given: Type, wanted: Type, path: string, depth: number): Misfit | undefined {
  if (!mayEqual(given, wanted)) return { path, given, wanted };
  const [fields, ...others] = wanted.any || given.any || depth === 0 ? [] : wanted.objects;
  if (!fields || others.length > 0 || wanted.scalars.size + wanted.lists.length > 0 || given.objects.length === 0) return undefined;
  for (const name of fields.names) {
    const found = lookUpField({ ...nothing, objects: given.objects }, name);
    const misfit = "type" in found ? findMisfit(found.type, fields.get(name), `${path}.${name}`, depth - 1) : undefined;
    if (misfit) return misfit;
  }
  return undefined;
}

/** The type of a value as it stands. What a template gives is text, whatever it is made of. */
export function typeOf(value: SourceNode): Type {
  if (value.kind === "scalar") {
    if (value.hole) return unknown;
    return isText(value) && /\{[{%]/.test(value.value) ? anyText : ofConstants([value.value]);
  }
  if (value.kind === "list") return { ...nothing, lists: [() => join(value.items.map(typeOf))] };
  const fields = new Map(value.entries.map((entry) => [entry.key, entry.value]));
  const names = [...fields.keys()];
  const get = (name: string): Type => {
    const field = fields.get(name);
    return field ? typeOf(field) : unknown;
  };
  return { ...nothing, objects: [{ label: "this map", names, must: names, get, others: "closed" }] };
}

export function describeWanted(type: Type): string {
  const constants = [...type.scalars.values()].flatMap((values) => [...(values ?? [])]);
  return constants.length > 0 && type.objects.length === 0 && type.lists.length === 0
    ? `one of ${constants.map((value) => JSON.stringify(value)).join(", ")}`
    : describeValues(type) || "something else";
}

/** Says what is wrong with a value. */
export function describeMisfit({ path, given, wanted }: Misfit): string {
  return `\`${path}\` is ${describeWanted(wanted)} to it, and this gives ${describeValues(given)}`;
}
