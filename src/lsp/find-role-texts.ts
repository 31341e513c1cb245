/** Finds the roles that JSONata and Liquid name, as text inside a scalar. */
import { parseExpression } from "../compile/expressions/parse-expression.ts";
import { asNode, asNodes, isNode } from "../compile/expressions/walk.ts";

/** A name inside a text: offsets into the scalar's value. */
export interface RoleText {
  name: string;
  start: number;
  end: number;
}

/** The roles in an expression: `$first('x')`, `$last('x')`, `role = 'x'`, and a moderator's `{'role': 'x'}`. */
export function findRolesInExpression(source: string): RoleText[] {
  const parsed = parseExpression(source);
  if (!parsed.ok) return findByPattern(source, /(?:\$(?:first|last)\(\s*|\brole['"]?\s*(?:!?=|:)\s*)(['"])([^'"]*)\1/g);
  const found: RoleText[] = [];
  const add = (value: unknown): void => {
    const node = asNode(value);
    if (node?.type === "condition") for (const branch of [node.then, node.else]) add(branch);
    if (node?.type !== "string" || typeof node.position !== "number") return;
    const name = String(node.value);
    // A string's position lies behind its closing quote; one with escapes is longer than it says.
    const start = node.position - name.length - 1;
    if (source.slice(start, node.position - 1) === name) found.push({ name, start, end: node.position - 1 });
  };
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
      return;
    }
    if (isNode(value)) {
      const callee = asNode(value.procedure)?.value;
      if (value.type === "function" && (callee === "first" || callee === "last")) add(asNodes(value.arguments)[0]);
      if (value.type === "binary" && (value.value === "=" || value.value === "!=")) {
        const sides = [asNode(value.lhs), asNode(value.rhs)];
        const path = sides.find((side) => side?.type === "path");
        if (asNodes(path?.steps).at(-1)?.value === "role") for (const side of sides) add(side);
      }
      if (value.type === "unary" && value.value === "{" && Array.isArray(value.lhs)) {
        for (const pair of value.lhs) {
          const [key, picked] = asNodes(pair);
          if (key?.value === "role") add(picked);
        }
      }
    }
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(parsed.tree);
  return [...new Map(found.map((role) => [role.start, role])).values()].sort((a, b) => a.start - b.start);
}

/** The roles in a template: `_last.x` and `_last["x"]`, inside its tags and outputs. */
export function findRolesInTemplate(source: string): RoleText[] {
  const found: RoleText[] = [];
  for (const tag of source.matchAll(/\{\{[^}]*\}\}|\{%[^%]*%\}/g))
    for (const name of tag[0].matchAll(/(?<![\w.-])_last(?:\.([\p{L}_][\p{L}\p{M}\p{N}_-]*)|\[\s*(['"])([^'"]*)\2\s*\])/gu)) {
      const role = name[1] ?? name[3] ?? "";
      const end = tag.index + name.index + name[0].length - (name[1] === undefined ? (/['"]\s*\]$/.exec(name[0])?.[0].length ?? 0) : 0);
      found.push({ name: role, start: end - role.length, end });
    }
  return found;
}

/** The roles that `to:` addresses: `role:x`, comma-separated. */
export function findRolesInRecipients(source: string): RoleText[] {
  return [...source.matchAll(/(?<=^|,)(\s*role:)([^,\s]+)/g)].map((match) => {
    const start = match.index + (match[1]?.length ?? 0);
    const name = match[2] ?? "";
    return { name, start, end: start + name.length };
  });
}

function findByPattern(source: string, pattern: RegExp): RoleText[] {
  return [...source.matchAll(pattern)].map((match) => {
    const name = match[2] ?? "";
    const end = match.index + match[0].length - 1;
    return { name, start: end - name.length, end };
  });
}
