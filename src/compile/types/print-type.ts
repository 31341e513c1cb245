/** Prints shapes as TypeScript. What refers to itself, and what the author named, becomes a declaration of its own. */
import type { SchemaIndex } from "../../contract/json-schema/index-schema.ts";
import type { JsonSchema, SchemaObject } from "../../contract/json-schema/json-schema.ts";
import { toPascalCase, writeComment, writeKey, writeText } from "./names.ts";
import { createShapeReader } from "./read-shape.ts";
import {
  type ArrayShape,
  isAnything,
  isClosed,
  isNothing,
  type ObjectShape,
  type Shape,
  type Sort,
  sorts,
  type Together,
  together,
} from "./shape.ts";

export interface TypePrinter {
  /** The type of values that fit the schemas, as it is written after `=`. */
  print(schemas: Together, indent: string): string;
  /** What such types refer to, in the order in which it came up. */
  declarations: string[];
}

export interface TypePrinterOptions {
  index: Pick<SchemaIndex, "targets">;
  /** Begins the names of declarations. */
  prefix: string;
  nameOnce(wished: string): string;
}

/** Types inside one another and side by side that are printed; past it the rest is any JSON. A file of the largest size has fewer. */
const maxPrinted = 20_000;

/** Keywords that say nothing of the value, or hold what others refer to. */
const saysNothing = new Set(
  "$ref $defs definitions $schema $id $anchor title description $comment default examples deprecated readOnly writeOnly".split(" "),
);

export function createTypePrinter({ index, prefix, nameOnce }: TypePrinterOptions): TypePrinter {
  const reader = createShapeReader(index);
  const declarations: string[] = [];
  const numbers = new Map<JsonSchema, number>();
  const names = new Map<string, string>();
  const open = new Map<string, string>();
  let printed = 0;

  function identify(schemas: Together): string {
    for (const schema of schemas) if (!numbers.has(schema)) numbers.set(schema, numbers.size);
    return schemas
      .map((schema) => numbers.get(schema) ?? 0)
      .sort((a, b) => a - b)
      .join();
  }

  function print(given: Together, indent: string): string {
    const followed = given.map((schema) => follow(schema, index.targets));
    const schemas = together(followed.map(({ schema }) => schema));
    if (schemas.length === 0) return "Json";
    printed += 1;
    if (printed > maxPrinted) return "Json";
    const key = identify(schemas);
    const name = names.get(key);
    if (name !== undefined) return name;
    const wished = `${prefix}${(followed.length === 1 && followed[0]?.called) || "Part"}`;
    if (open.has(key)) {
      names.set(key, nameOnce(wished));
      return names.get(key) ?? "Json";
    }
    if (followed.length === 1 && followed[0]?.called !== undefined) names.set(key, nameOnce(wished));
    open.set(key, wished);
    const place = declarations.length;
    const at = names.has(key) ? "" : indent;
    const text = printShape(reader.read(schemas), at);
    open.delete(key);
    const own = names.get(key);
    if (own === undefined) return text;
    // What came to be named while it was printed stands on its own, without the indentation of where it was met.
    const body = text.replaceAll(`\n${at}`, "\n");
    declarations.splice(place, 0, `${writeComment(describe(schemas), "")}export type ${own} = ${body};`);
    return own;
  }

  function printShape(shape: Shape, indent: string): string {
    if (isAnything(shape)) return "Json";
    if (isNothing(shape)) return "never";
    const asked = sorts.filter((sort) => shape.standing[sort] === "asked");
    const shown = asked.length > 0 ? asked : sorts.filter((sort) => shape.standing[sort] !== "none");
    const parts = new Set(shown.flatMap((sort) => printSort[sort](shape, indent)));
    return writeUnion([...parts], indent);
  }

  const printSort: Record<Sort, (shape: Shape, indent: string) => string[]> = {
    string: ({ strings }) => (strings ? [...strings].map(writeText) : ["string"]),
    number: ({ numbers: own }) => (own ? [...own].map((value) => JSON.stringify(value)) : ["number"]),
    boolean: ({ booleans }) => (booleans && booleans.size < 2 ? [...booleans].map(String) : ["boolean"]),
    null: () => ["null"],
    object: ({ objects }, indent) => objects.map((object) => printObject(object, indent)),
    array: ({ arrays }, indent) => arrays.map((array) => printArray(array, indent)),
  };

  function printObject({ members, patterns, rest }: ObjectShape, indent: string): string {
    const inner = `${indent}  `;
    const types = new Set<string>();
    let optional = false;
    const lines = [...members].flatMap(([name, { schemas, required }]) => {
      const type = print(schemas, inner);
      // Where others are none either, one that can't be there need not be told of.
      if (type === "never" && !required && isClosed({ rest }) && patterns.size === 0) return [];
      types.add(type);
      optional ||= !required;
      const mark = required ? "" : "?";
      return `${writeComment(describe(schemas), inner)}${inner}${writeKey(name)}${mark}: ${required ? type : orUndefined(type)};\n`;
    });
    lines.push(...printOthers({ patterns, rest }, types, optional, inner));
    return lines.length === 0 ? "Record<string, never>" : `{\n${lines.join("")}${indent}}`;
  }

  /** Members that have no name of their own. */
  function printOthers(
    { patterns, rest }: Pick<ObjectShape, "patterns" | "rest">,
    named: Set<string>,
    optional: boolean,
    indent: string,
  ): string[] {
    const lines: string[] = [];
    const others: string[] = [];
    for (const [pattern, schemas] of patterns) {
      const type = print(schemas, indent);
      const start = /^\^([\w-]+)$/.exec(pattern)?.[1];
      if (type === "never") continue;
      if (start === undefined) others.push(type);
      else lines.push(`${indent}[field: \`${start}\${string}\`]: ${named.size > 0 ? orUndefined(type) : type};\n`);
    }
    if (rest.length === 0) return [...lines, `${indent}[field: string]: unknown;\n`];
    if (!isClosed({ rest })) others.push(print(rest, indent));
    if (others.length === 0) return lines;
    // An index says the type of named members too.
    const all = [...new Set([...others, ...named])].filter((type) => type !== "never");
    if (lines.length > 0 || (named.size > 0 && all.some((type) => type.includes("\n")))) return [`${indent}[field: string]: unknown;\n`];
    return [`${indent}[field: string]: ${[...all, ...(optional ? ["undefined"] : [])].join(" | ")};\n`];
  }

  function printArray({ first, rest, least, most }: ArrayShape, indent: string): string {
    if (most === 0) return "[]";
    if (first.length === 0) return writeList(print(rest, indent));
    const inner = `${indent}  `;
    const items = first.slice(0, most).map((schemas, place) => {
      const type = print(schemas, inner);
      return place < least ? type : `${wrap(type)}?`;
    });
    const endless = most > first.length && !isClosed({ rest });
    return `[${[...items, ...(endless ? [`...${writeList(print(rest, inner))}`] : [])].join(", ")}]`;
  }

  return { print, declarations };
}

/** Follows what is a reference and nothing else; its last step is what the author called it. */
function follow(schema: JsonSchema, targets: SchemaIndex["targets"]): { schema: JsonSchema; called?: string } {
  if (typeof schema !== "object" || typeof schema["$ref"] !== "string") return { schema };
  const [target, ...others] = targets.get(schema) ?? [];
  if (target === undefined || others.length > 0 || Object.keys(schema).some((keyword) => !saysNothing.has(keyword))) return { schema };
  const inner = follow(target, targets);
  return { schema: inner.schema, called: inner.called ?? toPascalCase(schema["$ref"].split(/[/#]/).at(-1) ?? "") };
}

function describe(schemas: Together): string | undefined {
  const said = schemas
    .filter((schema): schema is SchemaObject => typeof schema === "object")
    .map(({ description, title }) => description ?? title)
    .find((text) => typeof text === "string" && text.trim() !== "");
  return typeof said === "string" ? said : undefined;
}

const wrap = (type: string): string => (/[|&]/.test(type) ? `(${type})` : type);
const writeList = (type: string): string => `${wrap(type)}[]`;
const orUndefined = (type: string): string => (type === "never" ? "never" : `${type} | undefined`);

/** Characters up to which a union stays on one line. */
const lineWidth = 100;

function writeUnion(parts: string[], indent: string): string {
  const flat = parts.join(" | ");
  if (parts.length < 2 || (!flat.includes("\n") && flat.length <= lineWidth)) return flat;
  return parts.map((part) => `\n${indent}  | ${part.replaceAll("\n", "\n    ")}`).join("");
}
