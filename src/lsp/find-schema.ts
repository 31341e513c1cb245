/** Looks fields up in the language's JSON Schema. */
import { createEditorSchema, type EditorSchema } from "../compile/schema/create-editor-schema.ts";
import { findText, findValue, type SourceNode } from "../compile/source/node.ts";
import type { Path } from "./locate-cursor.ts";

let editorSchema: EditorSchema | undefined;

/** The schemas of what a path leads to: several where the language has alternatives that the file has not yet chosen between. */
export function findSchemas(root: SourceNode | undefined, path: Path): EditorSchema[] {
  editorSchema ??= createEditorSchema();
  let schemas = [editorSchema];
  let node = root;
  for (const step of path) {
    const inner = typeof step === "number" ? (node?.kind === "list" ? node.items[step] : undefined) : findValue(node, step);
    schemas = choose(schemas, node).flatMap((schema) => {
      const next =
        typeof step === "number"
          ? schema.items
          : Object.hasOwn(schema.properties ?? {}, step)
            ? schema.properties?.[step]
            : schema.additionalProperties;
      return typeof next === "object" ? [next] : [];
    });
    node = inner;
  }
  return choose(schemas, node);
}

/** Alternatives one by one; of those only the ones that the node may be, if there is any. */
function choose(schemas: EditorSchema[], node: SourceNode | undefined): EditorSchema[] {
  const all = schemas.flatMap(expand);
  const kind = findText(node, "kind")?.value;
  const fitting = all.filter(
    (schema) =>
      (node?.kind !== "map" || schema["type"] === "object") &&
      (node?.kind !== "list" || schema["type"] === "array") &&
      (kind === undefined || schema.properties?.["kind"]?.["const"] === undefined || schema.properties["kind"]["const"] === kind),
  );
  return fitting.length > 0 ? fitting : all;
}

function expand(schema: EditorSchema): EditorSchema[] {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives === undefined) return [schema];
  const { description } = schema;
  return alternatives.flatMap(expand).map((inner) => (description === undefined || inner.description ? inner : { ...inner, description }));
}

/** The field's documentation, with the words that it takes. */
export function describeField(schemas: EditorSchema[]): string | undefined {
  const description = schemas.find((schema) => schema.description)?.description;
  const words = new Map(schemas.flatMap(listWords).map(({ word, meaning }) => [word, meaning]));
  const list = [...words].map(([word, meaning]) => `- \`${word}\`${meaning === undefined ? "" : `: ${meaning}`}`);
  const parts = [description, ...(list.length > 0 ? [`One of:\n\n${list.join("\n")}`] : [])];
  const said = parts.filter((part) => part !== undefined);
  return said.length > 0 ? said.join("\n\n") : undefined;
}

/** A word that may be written, with what it means where the language says so. */
export interface Word {
  word: string;
  meaning?: string;
}

/** The words that a schema takes. */
export function listWords(schema: EditorSchema): Word[] {
  const meanings = Array.isArray(schema["enumDescriptions"]) ? schema["enumDescriptions"] : [];
  if (Array.isArray(schema["enum"]))
    return schema["enum"].map((word, index) => ({ word: String(word), ...(meanings[index] ? { meaning: String(meanings[index]) } : {}) }));
  if (schema["const"] !== undefined) return [{ word: String(schema["const"]) }];
  return schema["type"] === "boolean" ? [{ word: "true" }, { word: "false" }] : [];
}
