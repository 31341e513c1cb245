/** Checks the roles that an expression names: in `$first` and `$last`, in comparisons, in a moderator's answer. */
import { targets, wordsOf } from "../../contract/language.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { ExpressionNode } from "./parse-expression.ts";
import type { Walk } from "./walk.ts";
import { add, asNode, asNodes } from "./walk.ts";

/** Judges the argument of `$first` and `$last`; says whether it found fault. */
export function checkRoleArgument(call: ExpressionNode, name: string, args: ExpressionNode[], state: Walk): boolean {
  const [argument] = args;
  const { node, context } = state;
  if (argument === undefined) {
    add(state, "bad-role-argument", call, 1, `\`$${name}\` takes the name of a role.`, { hint: `\`$${name}('reviewer')\`` });
    return true;
  }
  if (argument.type === "string") {
    checkRoleText(argument, state);
    return true;
  }
  if (argument.type === "number" || argument.type === "value" || argument.type === "unary") {
    add(state, "bad-role-argument", argument, String(argument.value ?? "").length, `\`$${name}\` takes the name of a role, as text.`);
    return true;
  }
  const steps = argument.type === "path" ? asNodes(argument.steps) : [];
  const [only] = steps;
  if (only?.type !== "name" || steps.length !== 1 || !context.roles?.has(String(only.value))) return false;
  const role = String(only.value);
  const end = typeof only.position === "number" ? only.position : node.value.length;
  add(state, "bad-role-argument", only, role.length, `\`$${name}\` takes the role's name as text; \`${role}\` without quotes is a path.`, {
    fix: { title: "Put the name in quotes", span: node.locate(end - role.length, end), text: `'${role}'` },
  });
  return true;
}

/** `role = 'x'`: a step's role compared with a name that is none. */
export function checkComparison(node: ExpressionNode, state: Walk): void {
  const sides = [asNode(node.lhs), asNode(node.rhs)];
  const path = sides.find((side) => side?.type === "path");
  const text = sides.find((side) => side?.type === "string");
  const last = asNodes(path?.steps).at(-1);
  const names = asNodes(path?.steps).map((step) => step.value);
  if (text && last?.type === "name" && last.value === "role" && !names.includes("output") && !names.includes("data"))
    checkRoleText(text, state, "warning");
}

/** What a moderator may pick beside a role. */
const endings: readonly string[] = ["__end__", ...wordsOf(targets)];

/** The moderator's `{role: 'x'}`. */
export function checkPick(node: ExpressionNode, state: Walk): void {
  for (const pair of Array.isArray(node.lhs) ? node.lhs : []) {
    const [key, value] = asNodes(pair);
    if (key?.value !== "role" || value === undefined) continue;
    for (const picked of value.type === "condition" ? [asNode(value.then), asNode(value.else)] : [value]) {
      if (picked?.type === "string" && !endings.includes(String(picked.value))) checkRoleText(picked, state);
    }
  }
}

function checkRoleText(argument: ExpressionNode, state: Walk, severity: "error" | "warning" = "error"): void {
  const role = String(argument.value);
  const { node, context } = state;
  if (context.roles === undefined || context.roles.has(role)) return;
  const nearest = findNearestName(role, context.roles);
  // The string token's position lies behind its closing quote.
  const end = typeof argument.position === "number" ? argument.position : node.value.length;
  const written = node.value.slice(end - role.length - 1, end - 1) === role;
  const span = written ? node.locate(end - role.length - 1, end - 1) : node.locate(Math.max(0, end - 1), end);
  context.report.add("unknown-role", span, `There is no role \`${role}\`.`, {
    severity,
    ...(nearest === undefined
      ? {}
      : { hint: `did you mean \`${nearest}\`?`, ...(written ? { fix: { title: `Write \`${nearest}\``, span, text: nearest } } : {}) }),
  });
}
