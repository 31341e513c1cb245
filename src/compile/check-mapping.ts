/** Checks the map of an incoming hook: JSONata that stands alone, in no file. */
import { createReport, type Diagnostic } from "./diagnostics/diagnostic.ts";
import { checkExpression } from "./expressions/check-expression.ts";
import type { ExpressionView } from "./expressions/views.ts";
import type { TextNode } from "./source/node.ts";

/** What a map sees. */
const delivery: ExpressionView = { title: "the delivery", names: ["event", "body", "headers", "delivery"] };

/** What is wrong with a map, with offsets into it. Never throws. */
export function checkMapping(map: string): Diagnostic[] {
  const report = createReport(map.length);
  const span = { start: 0, end: map.length };
  if (map.trim() === "")
    report.add("bad-expression", span, "The map is empty.", { hint: 'write what an event is made of: `{"kind": "a.b", "data": body}`' });
  const node: TextNode = { kind: "scalar", value: map, span, style: "plain", locate: (start, end) => ({ start, end }) };
  checkExpression(node, delivery, { report, roles: undefined, parsed: new Map() });
  return report.list();
}
