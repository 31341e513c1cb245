/** What can be written inside JSONata and Liquid: roles, fields of what stands before, functions. */
import { broadcastFields } from "../compile/check/check-templates.ts";
import { type Outline, readOutline } from "../compile/check/outline.ts";
import { listFields, readRoleSchema } from "../compile/check/role-schema.ts";
import { type FieldAt, listFieldsAt } from "../compile/check/values-at.ts";
import { allowedFunctions, eventAttributes } from "../compile/expressions/views.ts";
import type { EditorSchema } from "../compile/schema/create-editor-schema.ts";
import { findValue, isText, listEntries } from "../compile/source/node.ts";
import { allowedFilters } from "../compile/templates/create-template-engine.ts";
import { type Cursor, placeholder } from "./locate-cursor.ts";
import type { Suggestion } from "./suggestion.ts";

/** Suggests by what stands before the cursor in its scalar. */
export function completeText(cursor: Cursor, schemas: EditorSchema[], outline: Outline | undefined, roles: Suggestion[]): Suggestion[] {
  const { before, path } = cursor;
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (open !== -1 && !/[%}]\}/.test(before.slice(open))) return completeTemplate(before.slice(open + 2), cursor, outline, roles);
  const payload = path.some((step) => step === "data" || step === "input");
  if (!payload && path[0] !== "moderator" && !schemas.some((schema) => schema["title"] === "JSONata")) return [];
  if (/(?:\$(?:first|last)\(\s*|\brole['"]?\s*(?:!?=|:)\s*)['"][^'"]*$/.test(before)) return roles;
  if (!/\$\w*$/.test(before)) return listTyped(cursor);
  return [
    { label: "$last", kind: "function", documentation: "`$last(role)`: that role's latest output." },
    { label: "$first", kind: "function", documentation: "`$first(role)`: that role's earliest output." },
    { label: "$event", kind: "variable", documentation: "The event that started the thread." },
    ...[...allowedFunctions].map((name): Suggestion => ({ label: `$${name}`, kind: "function" })),
  ];
}

/** What types tell of the place, with the names of fields and constants. */
function listTyped({ root, node }: Cursor): Suggestion[] {
  if (root.kind !== "map" || !isText(node)) return [];
  return (listFieldsAt(readOutline(root), node, placeholder) ?? []).map(describe);
}

function describe({ name, kind, type, optional, of, insert }: FieldAt): Suggestion {
  const said = `\`${type}\`${optional ? ", may be absent" : ""}${of.length > 0 ? `\n\nOf ${of.join(", ")}.` : ""}`;
  return {
    label: name,
    kind: kind === "value" ? "word" : "field",
    ...(kind === "field" && { documentation: said }),
    ...(insert !== undefined && { insert }),
  };
}

/** Names that every prompt sees. */
const ownVariables: Record<string, string> = {
  _status: "The last output's `$status`.",
  _body: "The free text under the output.",
  _event: "The initiating event.",
  _last: "`_last.<role>`: that role's latest output.",
  _supplement: "What a resume added.",
  _children: "The awaited children.",
};

function completeTemplate(before: string, cursor: Cursor, outline: Outline | undefined, roles: Suggestion[]): Suggestion[] {
  const variable = (label: string): Suggestion => ({ label, kind: "variable" });
  if (/(?<![\w.-])_last(?:\.|\[\s*['"])[\p{L}\p{N}_-]*$/u.test(before)) return roles;
  if (/\|\s*\w*$/.test(before)) return [...allowedFilters].map((label) => ({ label, kind: "function" }));
  const { path } = cursor;
  const typed = listTyped(cursor);
  if (typed.length > 0 && /(?:\.|\[\s*['"]|(?:[=!]=|when|contains|,)\s*['"])[^'"\s]*$/.test(before)) return typed;
  const node = path[0] === "graph" ? path[1] : "$START";
  // What a reflex publishes is about any event, and of no thread.
  const reflex = path[0] === "reflexes";
  if (/(?<![\w.-])(?:data|_event\.data)\.[\w-]*$/.test(before)) {
    if (reflex) return [];
    const names = listEntries(findValue(findValue(outline?.root, "input"), "properties")).map(({ key }) => variable(key));
    return node === "$START" || before.includes("_event") ? names : [];
  }
  if (/(?<![\w.-])_event\.\w*$/.test(before)) return eventAttributes.map(variable);
  if (!/(?<![\w.-])[\w$-]*$/.test(before)) return [];
  const role = typeof node === "string" ? outline?.roles.get(node) : undefined;
  const own =
    node === "$START"
      ? [...eventAttributes]
      : role?.type === "broadcast"
        ? broadcastFields
        : role?.schema
          ? listFields(readRoleSchema(role.schema), role.schema, typeof path[2] === "string" ? path[2] : undefined)
          : [];
  return [
    ...typed,
    ...own.filter((name) => !name.startsWith("$")).map(variable),
    ...Object.entries(ownVariables)
      .filter(([label]) => !reflex || label === "_event")
      .map(([label, documentation]): Suggestion => ({ label, kind: "variable", documentation })),
  ];
}
