/** Checks what edges and reflexes send and start. */

import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import { findText, listItems } from "../source/node.ts";
import type { Outline } from "./outline.ts";

/** Reports emits to nowhere or of kinds that are not the author's. */
export function checkEffects(outline: Outline, report: Report): void {
  for (const node of outline.nodes)
    for (const edge of node.edges)
      for (const emit of listItems(edge.node, "emit")) checkEmit(emit, edge.key !== undefined, outline, report);
  for (const reflex of outline.reflexes) for (const emit of listItems(reflex, "emit")) checkEmit(emit, true, outline, report);
}

/** `filled`: templates are filled in; the list form sends what is written. */
function checkEmit(emit: SourceNode, filled: boolean, outline: Outline, report: Report): void {
  const kind = findText(emit, "kind");
  if (kind && /^(nerve|xstate)(\.|$)/.test(kind.value)) {
    report.add("reserved-kind", kind.span, `\`${kind.value}\` is the orchestrator's to send.`, {
      hint: "give your event a kind of your own, as `review.approved`",
    });
  }
  const to = findText(emit, "to");
  if (to && to.value.trim() !== "" && !(filled && to.value.includes("{{"))) checkRecipients(to, outline, report);
}

function checkRecipients(to: TextNode, outline: Outline, report: Report): void {
  let start = 0;
  for (const part of to.value.split(",")) {
    const address = part.trim();
    const from = start + part.indexOf(address);
    start += part.length + 1;
    if (address === "*" || /^agents\/[A-Za-z0-9._:-]{1,128}$/.test(address) || /^cap:[^\s,]{1,128}$/.test(address)) continue;
    const span = to.locate(from, from + Math.max(1, address.length));
    const role = /^role:(.+)$/.exec(address)?.[1];
    if (role === undefined) {
      const agent = /^(?:agent[/:]|agents:|@)?([A-Za-z0-9._-]{1,128})$/.exec(address)?.[1];
      const text = agent === undefined ? undefined : outline.roles.has(agent) ? `role:${agent}` : `agents/${agent}`;
      report.add("bad-recipient", span, `\`${address}\` addresses nobody.`, {
        hint:
          text === undefined ? "`*`, or `agents/<id>`, `cap:<capability>`, `role:<role>`, comma-separated" : `did you mean \`${text}\`?`,
        ...(text === undefined ? {} : { fix: { title: `Write \`${text}\``, span, text } }),
      });
    } else if (!outline.rolesUnknown && !outline.roles.has(role)) {
      const nearest = findNearestName(role, outline.roles.keys());
      const place = to.locate(from + "role:".length, from + address.length);
      report.add(
        "unknown-role",
        place,
        `There is no role \`${role}\`.`,
        nearest === undefined
          ? {}
          : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span: place, text: nearest } },
      );
    }
  }
}
