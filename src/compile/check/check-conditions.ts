/** Checks list-form nodes and the conditions they name. */

import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { findEntry, findValue, writeText } from "../source/node.ts";
import type { Outline } from "./outline.ts";

/** Reports conditions that are not there, not used, or in the way of one another. */
export function checkConditions(outline: Outline, report: Report): void {
  const used = new Set<string>();
  for (const node of outline.nodes) {
    if (node.value.kind !== "list") continue;
    let always: number | undefined;
    node.edges.forEach((edge, index) => {
      const condition = findValue(edge.node, "condition");
      const unconditional = condition === undefined || (condition.kind === "scalar" && condition.value === null);
      if (always !== undefined) {
        const first = node.edges[always];
        report.add(
          "transition-never-tried",
          edge.target?.span ?? edge.node.span,
          "This transition is never tried: an earlier one has no condition.",
          {
            related: first ? [{ span: first.target?.span ?? first.node.span, message: "this one always matches" }] : [],
          },
        );
      }
      if (unconditional) always ??= index;
      if (edge.condition) used.add(addCondition(edge.condition, outline, report));
    });
  }
  const entry = findEntry(outline.root, "conditions");
  if (outline.conditions.size > compileLimits.conditions)
    report.add(
      "too-many",
      entry?.keyNode.span ?? outline.root.span,
      `There are ${outline.conditions.size} conditions; ${compileLimits.conditions} are allowed.`,
    );
  for (const condition of outline.conditions.values()) {
    if (!used.has(condition.name)) {
      const hint = outline.form === "list" ? "leave it out, or name it in a transition" : "only list-form graphs use conditions";
      report.add("unused-condition", condition.key.span, `Nothing uses the condition \`${condition.name}\`.`, { hint });
    }
  }
}

/** Reports an unknown condition; returns the one that was meant. */
function addCondition(node: { value: string; span: { start: number; end: number } }, outline: Outline, report: Report): string {
  const name = node.value;
  if (outline.conditions.has(name)) return name;
  const nearest = findNearestName(name, outline.conditions.keys());
  const looksLikeCode = /[\s.=<>$()[\]]/.test(name);
  report.add("unknown-condition", node.span, `There is no condition \`${name}\`.`, {
    ...(nearest === undefined
      ? {
          hint: looksLikeCode
            ? "`condition` takes a name; the expression stands under `conditions`"
            : "name it under `conditions:` with its `expression`",
        }
      : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span: node.span, text: writeText(nearest) } }),
  });
  return nearest ?? name;
}
