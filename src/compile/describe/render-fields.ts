/** The fields of one object of the language as a table: type, default and meaning, from the editor's schema. */
import { createEditorSchema, type EditorSchema } from "../schema/create-editor-schema.ts";
import { enumerations } from "./enumerations.ts";

/** An object of the language: its fields, and the address that the page names it by. */
interface LanguageObject {
  address: string;
  schema: EditorSchema;
}

/** What a map's names stand for, by the map's address. */
const placeholders: Readonly<Record<string, string>> = {
  roles: "<role>",
  conditions: "<name>",
  graph: "<node>",
  "graph.<node>": "<status>",
};

/** Every object with fields of its own, outermost first. An address is a path: `roles.<role>.turn`, `graph.<node>[].emit[]`. */
export function listObjects(): LanguageObject[] {
  const found: LanguageObject[] = [];
  const visit = (schema: EditorSchema, address: string): void => {
    for (const alternative of schema.anyOf ?? schema.oneOf ?? []) visit(alternative, address);
    if (schema.items) visit(schema.items, `${address}[]`);
    const { additionalProperties: values, properties } = schema;
    if (typeof values === "object" && placeholders[address] !== undefined) visit(values, `${address}.${placeholders[address]}`);
    if (properties === undefined) return;
    const named = nameObject(schema, address);
    if (!found.some((object) => object.address === named)) found.push({ address: named, schema });
    for (const [field, inner] of Object.entries(properties)) visit(inner, address === "" ? field : `${address}.${field}`);
  };
  visit(createEditorSchema(), "");
  return found;
}

/** The alternatives of a reflex are told apart by their kind; what edges and reflexes have alike is one object. */
function nameObject(schema: EditorSchema, path: string): string {
  const kind = schema.properties?.["kind"]?.["const"];
  return (typeof kind === "string" ? `${path} ${kind}` : path).replace(/^.*\.(?=(?:emit|spawn)\[\])/, "");
}

/** The table's lines, under a heading that can be linked to. */
export function renderFields({ address, schema }: LanguageObject): string[] {
  const required = new Set(schema["required"] as string[] | undefined);
  const rows = Object.entries(schema.properties ?? {}).map(([field, inner]) => {
    const path = `${address.split(" ")[0]}${address === "" ? "" : "."}${field}`;
    const [, meaning = "", byDefault] = /^(.*?)(?:; default (.*))?\.$/s.exec(inner.description ?? "") ?? [];
    const absent = required.has(field) ? "**required**" : (byDefault ?? "–");
    return `| \`${field}\` | ${nameType(inner, path)} | ${absent} | ${escapeCell(meaning)}. |`;
  });
  return [...head(address), "| field | type | if absent | meaning |", "|---|---|---|---|", ...rows];
}

function head(address: string): string[] {
  return address === "" ? [] : [`#### \`${address}\``, ""];
}

/** What authors call JSON's types. */
const typeNames: Readonly<Record<string, string>> = { string: "text", null: "`null`", object: "map" };

/** A type in a few words; what has a table of its own is linked. */
function nameType(schema: EditorSchema, path: string): string {
  const words = findEnumeration(path);
  if (schema["title"] === "JSON Schema") return "JSON Schema";
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return [...new Set(alternatives.map((each) => nameType(each, path)))].join(" or ");
  if (schema["enum"] !== undefined) return words === undefined ? "word" : `[word](#${slug(words)})`;
  if (schema["const"] !== undefined) return `\`${String(schema["const"])}\``;
  switch (schema["title"]) {
    case "JSONata":
      return "[JSONata](#what-an-expression-sees)";
    case "Duration":
      return "[duration](#durations)";
  }
  if (schema.items) return `list of ${nameType(schema.items, `${path}[]`)}`;
  if (schema.properties) return `[fields](#${slug(nameObject(schema, path))})`;
  const inner = schema.additionalProperties;
  if (typeof inner === "object" && Object.keys(inner).length > 0) {
    const name = placeholders[path];
    return `map to ${nameType(inner, name === undefined ? path : `${path}.${name}`)}`;
  }
  const types = schema["type"] === undefined ? ["any value"] : [schema["type"]].flat().map(String);
  return types.map((type) => typeNames[type] ?? type).join(" or ");
}

function findEnumeration(path: string): string | undefined {
  return Object.entries(enumerations).find(([field, { also }]) => field === path || also?.includes(path))?.[0];
}

/** The anchor that code hosts give to a heading. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(/\s/g, "-");
}

/** Text inside a table's cell. */
export function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
