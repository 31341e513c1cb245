/** What is to be said of files only together: each finding stands at one place of one file. */
import { createReport, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { checkAgents } from "./check-agents.ts";
import { checkCapabilities } from "./check-capabilities.ts";
import { checkChildInputs } from "./check-child-inputs.ts";
import { checkChildOutputs } from "./check-child-outputs.ts";
import { checkCircles } from "./check-circles.ts";
import { checkKinds } from "./check-kinds.ts";
import { checkNames } from "./check-names.ts";
import type { Known } from "./known.ts";
import type { Group, Member } from "./member.ts";

/** Checks files together; gives the findings of each, in the order of the files. What each says by itself is not among them. */
export function checkTogether(members: readonly Member[], known?: Known): Diagnostic[][] {
  const reports = members.map(({ text }) => createReport(text.length));
  const byMember = new Map(members.map((member, index) => [member, reports[index] ?? createReport(0)]));
  const nowhere = createReport(0);
  const byName = new Map<string, Member[]>();
  for (const member of [...members].sort((a, b) => Number(a.silent ?? false) - Number(b.silent ?? false)))
    if (member.name) byName.set(member.name.value, [...(byName.get(member.name.value) ?? []), member]);
  const group: Group = {
    members,
    byName,
    reportOf: (member) => (member.silent ? nowhere : (byMember.get(member) ?? nowhere)),
    known,
  };
  checkNames(group);
  checkChildInputs(group);
  checkChildOutputs(group);
  checkKinds(group);
  checkCapabilities(group);
  checkCircles(group);
  checkAgents(group);
  return reports.map((report) => report.list());
}
