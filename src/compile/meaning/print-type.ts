/** Types as people read them. */
import { isNothing, type Type } from "./type.ts";

/** Fields and constants that are shown of one type. */
const shown = 12;

/** Writes a type on one line: `'hire' | 'pass'`, `{ title: text, mark?: number }`, `list of text`. */
export function printType(type: Type, depth = 0): string {
  if (type.any) return "anything";
  if (isNothing(type)) return "nothing";
  const words = { string: "text", number: "number", boolean: "boolean", null: "null" } as const;
  const scalars = [...type.scalars].flatMap(([kind, constants]) => {
    if (!constants || (kind === "boolean" && constants.size === 2)) return [words[kind]];
    const values = [...constants].map((value) => (typeof value === "string" ? `'${value}'` : String(value)));
    return [...values.slice(0, shown), ...(values.length > shown ? ["…"] : [])];
  });
  const objects = type.objects.map((fields) => {
    if (depth > 1 || fields.names.length === 0) return "map";
    const inner = fields.names.slice(0, shown).map((name) => {
      const field = fields.get(name);
      return `${name}${field.absent ? "?" : ""}: ${printType(field, depth + 1)}`;
    });
    return `{ ${inner.join(", ")}${fields.names.length > shown ? ", …" : ""} }`;
  });
  const lists = type.lists.map((list) => {
    const items = printType(list(), depth + 1);
    return items.includes(" | ") ? `list of (${items})` : `list of ${items}`;
  });
  // A path into a list gives one item, or a list of them.
  const all = [...new Set([...scalars, ...objects, ...lists])];
  return all.length > shown ? `${all.slice(0, shown).join(" | ")} | …` : all.join(" | ");
}

/** What schemas say of the field, for people. */
export function listAbout(type: Type | undefined, name: string): string[] {
  const having = (type?.objects ?? []).filter(({ names }) => names.includes(name));
  return [...new Set(having.flatMap((fields) => fields.about?.(name) ?? []))].slice(0, 4);
}

/** What the values are called that have the field. */
export function ownersOf(type: Type | undefined, name: string): string[] {
  return [...new Set((type?.objects ?? []).filter(({ names }) => names.includes(name)).map(({ label }) => label))];
}
