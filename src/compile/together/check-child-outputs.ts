/** What a parent reads of its children's outputs, held against what their workflows give in the end. */
import { checkMeaning } from "../check/check-meaning.ts";
import { createMeaning, type OutputOfWorkflow, readFinalOutput } from "../check/meaning.ts";
import { createReport, type Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Type } from "../meaning/type.ts";
import { listSpawns } from "./check-names.ts";
import { type Group, type Member, nameSpan } from "./member.ts";

/** Reports fields and values of children's outputs that there can't be. */
export function checkChildOutputs({ members, byName, reportOf }: Group): void {
  const outputs = new Map<Member, Type | undefined>();
  const outputOf: OutputOfWorkflow = (name) => {
    const [child, ...others] = byName.get(name) ?? [];
    // Of two of one name nobody knows which is meant.
    if (!child?.checked || others.length > 0) return undefined;
    if (!outputs.has(child)) outputs.set(child, readOutput(child));
    return outputs.get(child);
  };
  for (const member of members) {
    const { checked, text, silent } = member;
    if (silent || !checked || !text.includes("children")) continue;
    if (!listSpawns(member).some(({ workflow }) => outputOf(workflow.value))) continue;
    const told = new Set(listMeaning(member).map(identify));
    for (const diagnostic of listMeaning(member, outputOf)) {
      const { span, message, hint, fix } = diagnostic;
      if (!told.has(identify(diagnostic)))
        reportOf(member).add("child-output", span, message, { ...(hint !== undefined && { hint }), fix });
    }
  }
}

/** All that types tell of a file. */
function listMeaning({ checked, text }: Member, outputOf?: OutputOfWorkflow): Diagnostic[] {
  if (!checked) return [];
  const report = createReport(text.length);
  for (const { tell } of checkMeaning(checked, createMeaning(checked.outline, outputOf), report)) tell();
  return report.list();
}

function identify({ code, span }: Diagnostic): string {
  return `${code} ${span.start} ${span.end}`;
}

/** Named so that a message tells which file to look at. */
function readOutput(child: Member): Type | undefined {
  const { checked, name } = child;
  if (!checked || !name) return undefined;
  const type = readFinalOutput(createMeaning(checked.outline), checked.outline);
  if (type.any) return undefined;
  const label = `the output of \`${name.value}\` (${nameSpan(child, name.span)})`;
  return { ...type, objects: type.objects.map((fields) => ({ ...fields, label })) };
}
