/** Holds every expression and template against the types of what it sees there. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { describe } from "../meaning/find-field.ts";
import { infer } from "../meaning/infer.ts";
import type { Observed } from "../meaning/inference.ts";
import { judgeTemplate } from "../meaning/judge-template.ts";
import { isNothing, type Type } from "../meaning/type.ts";
import type { TextNode } from "../source/node.ts";
import type { Checked } from "./check-workflow.ts";
import { createMeaning } from "./meaning.ts";
import { listExpressions, listTemplates, type SeenExpression, type Trees, type Use } from "./sights.ts";

/** Reports what can never be, as far as schemas tell. All of it are warnings. */
export function checkMeaning(checked: Checked, report: Report): void {
  const meaning = createMeaning(checked.outline);
  for (const seen of listExpressions(checked, meaning)) {
    const type = inferExpression(seen, checked, report);
    if (type) checkUse(seen.node, type, seen.use, report);
  }
  for (const { tree, node, types } of listTemplates(checked, meaning)) judgeTemplate(tree, node, types, report);
}

/** Judges an expression that parses; gives its type. */
export function inferExpression(
  { node, view, sight }: SeenExpression,
  { parsed }: { parsed: Trees },
  report: Report,
  observe?: (seen: Observed) => void,
): Type | undefined {
  const tree = parsed.get(node.value);
  if (!tree?.ok) return undefined;
  return infer(tree.tree, {
    ...sight,
    node,
    view,
    context: { report, roles: undefined, parsed: new Map() },
    count: 0,
    stopped: false,
    observe,
  });
}

const wanted: Record<Exclude<Use, "truth" | "value">, { kinds: readonly string[]; words: string; else: string }> = {
  number: { kinds: ["number"], words: "a number", else: "it counts as 0" },
  key: { kinds: ["string", "number", "boolean"], words: "text, a number or a boolean", else: "the key counts as missing" },
  agent: { kinds: ["string"], words: "an agent's id", else: "no thread starts" },
  role: { kinds: ["object"], words: "`{role, prompt?}`", else: "the thread fails" },
};

/** Reports a result that its place can't use. */
function checkUse(node: TextNode, type: Type, use: Use, report: Report): void {
  if (use === "value" || type.any || isNothing(type)) return;
  const { scalars, objects, lists } = type;
  const kinds: string[] = [...scalars.keys(), ...(objects.length > 0 ? ["object"] : []), ...(lists.length > 0 ? ["list"] : [])];
  const span = node.locate(0, node.value.length);
  if (use !== "truth") {
    const { kinds: needed, words, else: otherwise } = wanted[use];
    if (kinds.some((kind) => needed.includes(kind))) return;
    const isText = use === "number" && kinds.includes("string");
    report.add(
      "wrong-result",
      span,
      `This gives ${describe(type)}, and ${words} is asked for: ${otherwise}.`,
      isText ? { hint: "`$number(…)` reads text" } : {},
    );
    return;
  }
  const constants = scalars.get("string");
  if (kinds.length === 1 && constants && !type.absent && !constants.has(""))
    report.add("wrong-result", span, "This gives text that is not empty, which always counts as true.", {
      hint: "compare it with something: `data.x = 'y'`",
    });
}
