/** Tells whether an expression needs the whole history, or only its last step. */
import { parseExpression } from "../expressions/parse-expression.ts";
import type { Expression } from "../ir.ts";

interface Tree {
  type?: unknown;
  value?: unknown;
  [key: string]: unknown;
}

const known = new Map<Expression, boolean>();

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `steps[-1]`, at the beginning of a path. */
function isLastStep(step: unknown): boolean {
  if (!isTree(step) || step.type !== "name" || step.value !== "steps" || !Array.isArray(step["stages"])) return false;
  const [first] = step["stages"] as unknown[];
  return isTree(first) && first.type === "filter" && isTree(first["expr"]) && first["expr"].type === "number" && first["expr"].value === -1;
}

function reads(tree: unknown): boolean {
  if (Array.isArray(tree)) return tree.some(reads);
  if (!isTree(tree)) return false;
  if (tree.type === "name" && tree.value === "steps") return true;
  // What stands for the whole input may reach the steps by any way.
  if (tree.type === "variable" && (tree.value === "" || tree.value === "$")) return true;
  if (tree.type === "descendant" || tree.type === "wildcard" || tree.type === "parent") return true;
  if (tree.type === "function" && Array.isArray(tree["arguments"]) && tree["arguments"].length === 0) return true;
  if (tree.type === "path" && Array.isArray(tree["steps"])) {
    const [first, ...rest] = tree["steps"] as unknown[];
    const { steps: _, ...others } = tree;
    const inFirst = isLastStep(first) ? (first as Tree & { stages: unknown[] }).stages.slice(1).some(reads) : reads(first);
    return inFirst || reads(rest) || Object.values(others).some(reads);
  }
  return Object.values(tree).some(reads);
}

/**
 * Whether the expression reads `steps` beyond `$first`, `$last` and `steps[-1]`. Errs on the side of yes: then the
 * history is loaded for nothing.
 */
export function readsSteps(source: Expression): boolean {
  const found = known.get(source);
  if (found !== undefined) return found;
  const parsed = parseExpression(source);
  const answer = parsed.ok ? reads(parsed.tree) : true;
  if (known.size > 2_000) known.clear();
  known.set(source, answer);
  return answer;
}
