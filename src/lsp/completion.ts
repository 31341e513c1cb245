/** What can be written at the cursor: fields, and the names that the file itself gives. */
import { type Outline, readOutline } from "../compile/check/outline.ts";
import { readRoleSchema } from "../compile/check/role-schema.ts";
import type { EditorSchema } from "../compile/schema/create-editor-schema.ts";
import { findEntry, findText, findValue, isText, listEntries, listItems, type SourceNode } from "../compile/source/node.ts";
import type { Includes } from "../compile/source/read-include.ts";
import type { Span } from "../compile/source/span.ts";
import { engineStatuses, startKeys, targets } from "../contract/language.ts";
import { completeText } from "./complete-text.ts";
import { describeField, findSchemas, listWords } from "./find-schema.ts";
import { type Cursor, locateCursor, type Path, placeholder } from "./locate-cursor.ts";
import type { Suggestion } from "./suggestion.ts";

/** Suggestions, and the word that one of them replaces. */
export interface Suggestions {
  items: Suggestion[];
  replaced: Span;
}

/**
 * Says what can be written at an offset.
 * @param earlier the parts of an earlier text, for one in which no roles can be made out
 */
export function suggestAt(text: string, offset: number, includes: Includes | undefined, earlier: Outline | undefined): Suggestions {
  const cursor = locateCursor(text, offset, includes);
  if (cursor === undefined) return { items: [], replaced: { start: offset, end: offset } };
  const own = cursor.root.kind === "map" ? readOutline(cursor.root) : undefined;
  const outline = own && own.roles.size > 0 ? own : (earlier ?? own);
  const items = new Map<string, Suggestion>();
  // What is being typed is no name yet.
  for (const item of suggest(cursor, outline)) if (!items.has(item.label) && !item.label.includes(placeholder)) items.set(item.label, item);
  return { items: [...items.values()], replaced: cursor.word };
}

function suggest(cursor: Cursor, outline: Outline | undefined): Suggestion[] {
  const { path, root } = cursor;
  if (cursor.on === "key") {
    const owner = path.slice(0, -1);
    const schemas = findSchemas(root, owner);
    // A word alone on a line may be an item of a list of words.
    const word = cursor.entry?.value.kind === "scalar" && schemas.length > 0 && schemas.every((schema) => schema["type"] !== "object");
    if (!word) return [...suggestNames(cursor, owner, outline), ...suggestFields(cursor, owner, schemas)];
    return suggestValues({ ...cursor, path: owner }, schemas, outline);
  }
  const schemas = findSchemas(root, path);
  // Behind a key a field would stand on the key's own line.
  const fields = cursor.alone ? suggestFields(cursor, path, schemas) : [];
  const names = cursor.alone && schemas.some((schema) => schema["type"] === "object") ? suggestNames(cursor, path, outline) : [];
  return [...suggestValues(cursor, schemas, outline), ...names, ...fields];
}

function suggestFields(cursor: Cursor, owner: Path, schemas: EditorSchema[]): Suggestion[] {
  const written = new Set(listEntries(follow(cursor.root, owner)).map(({ key }) => key));
  return schemas.flatMap((schema) =>
    Object.entries(schema.properties ?? {})
      .filter(([name]) => !written.has(name))
      .map(([name, field]) => writeKey(cursor, { label: name, kind: "field", ...document(describeField(findAlternatives(field))) })),
  );
}

function findAlternatives(schema: EditorSchema): EditorSchema[] {
  const inner = schema.anyOf ?? schema.oneOf;
  return inner ? [schema, ...inner.flatMap(findAlternatives)] : [schema];
}

function document(documentation: string | undefined): { documentation?: string } {
  return documentation === undefined ? {} : { documentation };
}

function writeKey(cursor: Cursor, suggestion: Suggestion): Suggestion {
  return cursor.colon ? suggestion : { ...suggestion, insert: `${suggestion.label}: ` };
}

/** Keys that are names: nodes of the graph, and the statuses that lead on from them. */
function suggestNames(cursor: Cursor, owner: Path, outline: Outline | undefined): Suggestion[] {
  const [first, node] = owner;
  const written = new Set(listEntries(follow(cursor.root, owner)).map(({ key }) => key));
  const offer = (items: Suggestion[]): Suggestion[] =>
    items.filter(({ label }) => !written.has(label)).map((item) => writeKey(cursor, item));
  if (first === "roles" && owner.length === 1)
    return offer((outline?.nodes ?? []).filter(({ name }) => !name.startsWith("$")).map(({ name }) => ({ label: name, kind: "role" })));
  if (first !== "graph") return [];
  if (owner.length === 1) return offer([{ label: "$START", kind: "role", documentation: "Where a thread begins." }, ...listRoles(outline)]);
  if (owner.length !== 2 || typeof node !== "string") return [];
  if (node === "$START")
    return offer(Object.entries(startKeys).map(([label, documentation]) => ({ label, kind: "status", documentation })));
  const role = outline?.roles.get(node);
  const own = role?.schema && role.type !== "broadcast" ? readRoleSchema(role.schema).statuses : [];
  const engine = Object.entries(engineStatuses).filter(([, { to }]) => to === "any" || role?.type === "broadcast");
  return offer([
    ...own.map(({ status }): Suggestion => ({ label: status, kind: "status" })),
    ...engine.map(([label, { meaning }]): Suggestion => ({ label, kind: "status", documentation: meaning })),
  ]);
}

function listRoles(outline: Outline | undefined): Suggestion[] {
  return [...(outline?.roles.values() ?? [])].map(({ name, node }) => ({
    label: name,
    kind: "role",
    ...document(findText(node, "description")?.value),
  }));
}

function suggestValues(cursor: Cursor, schemas: EditorSchema[], outline: Outline | undefined): Suggestion[] {
  const { path } = cursor;
  const field = path.findLast((step) => typeof step === "string");
  const [first] = path;
  const words = schemas.flatMap(listWords).map(({ word, meaning }): Suggestion => ({ label: word, kind: "word", ...document(meaning) }));
  if (first === "graph" && field === "role")
    return [
      ...listRoles(outline),
      ...Object.entries(targets).map(([label, documentation]): Suggestion => ({ label, kind: "role", documentation })),
    ];
  if (first === "graph" && field === "condition")
    return [...(outline?.conditions.values() ?? [])].map(({ name, expression }) => ({
      label: name,
      kind: "condition",
      ...document(expression && `\`${expression.value.trim()}\``),
    }));
  if (first === "roles" && path[2] === "eligibility" && field === "not")
    return [...listRoles(outline).filter(({ label }) => label !== path[1]), ...listAgents(outline)];
  if (first === "roles" && (path[2] === "capabilities" || (path[2] === "eligibility" && field === "all"))) return listCapabilities(outline);
  if (first === "roles" && (field === "agents" || (path[2] === "agent" && path.length === 3))) return listAgents(outline);
  if (first === "roles" && field === "group") return listWritten(outline, (node) => [findValue(findValue(node, "recruitment"), "group")]);
  return [...words, ...completeText(cursor, schemas, outline, listRoles(outline))];
}

function listCapabilities(outline: Outline | undefined): Suggestion[] {
  return listWritten(outline, (node) => [...listItems(node, "capabilities"), ...listItems(findValue(node, "eligibility"), "all")]);
}

function listAgents(outline: Outline | undefined): Suggestion[] {
  return listWritten(outline, (node) => [findValue(node, "agent"), ...listItems(findValue(node, "eligibility"), "agents")]);
}

/** Words that the file's roles use. */
function listWritten(outline: Outline | undefined, find: (role: SourceNode) => (SourceNode | undefined)[]): Suggestion[] {
  const words = [...(outline?.roles.values() ?? [])].flatMap(({ node }) => find(node).filter(isText));
  return words.map(({ value }) => ({ label: value, kind: "word" }));
}

function follow(root: SourceNode, path: Path): SourceNode | undefined {
  let node: SourceNode | undefined = root;
  for (const step of path)
    node = typeof step === "number" ? (node?.kind === "list" ? node.items[step] : undefined) : findEntry(node, step)?.value;
  return node;
}
