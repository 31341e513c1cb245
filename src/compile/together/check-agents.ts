/** Agents, as a server has them: who could take a role, who is named, and whose own rules would drop its turns. */
import { turnKind } from "../../contract/accepts.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { RoleOutline } from "../check/outline.ts";
import { findDroppedTurns } from "../judge-turns.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import { findValue, isText, listItems } from "../source/node.ts";
import { listCapabilities } from "./check-capabilities.ts";
import type { Known } from "./known.ts";
import type { Group, Member } from "./member.ts";

/** Steps of judging one agent's rules, as a publish takes them. */
const stepsOfOne = 100_000;

/** Reports what no registered agent is or can. */
export function checkAgents(group: Group): void {
  const { known, members, reportOf } = group;
  // Without agents there is nothing to compare with: they come later.
  if (!known || known.agents.length === 0) return;
  const capabilities = new Set(known.agents.flatMap((agent) => agent.capabilities));
  for (const member of members) {
    if (member.silent) continue;
    const report = reportOf(member);
    for (const { name, span, whole } of listCapabilities(member)) {
      if (capabilities.has(name)) continue;
      const nearest = findNearestName(name, capabilities);
      report.add("capability-of-nobody", span, `No registered agent has the capability \`${name}\`.`, {
        hint:
          nearest === undefined ? `register one, as by \`nerveflare agents add ID --capability ${name}\`` : `did you mean \`${nearest}\`?`,
        fix: nearest !== undefined && whole ? { title: `Write \`${nearest}\``, span, text: nearest } : undefined,
      });
    }
    for (const role of member.outline?.roles.values() ?? []) {
      checkTogetherHad(role, known, capabilities, report);
      for (const { node, id } of listNamed(role)) tellUnknown(node, id, known, report);
    }
    checkTurns(member, known, report);
  }
}

type Report = ReturnType<Group["reportOf"]>;

/** Each is somebody's, and all of them nobody's. */
function checkTogetherHad(role: RoleOutline, { agents }: Known, capabilities: ReadonlySet<string>, report: Report): void {
  const eligibility = findValue(role.node, "eligibility");
  const all = findValue(eligibility, "all") ? listItems(eligibility, "all") : listItems(role.node, "capabilities");
  const any = findValue(eligibility, "any");
  if (role.type === "named" || (any?.kind === "scalar" && any.value === true)) return;
  const names = all.filter(isText).map(({ value }) => value);
  if (names.length < 2 || !names.every((name) => capabilities.has(name))) return;
  if (agents.some((agent) => names.every((name) => agent.capabilities.includes(name)))) return;
  const list = names.map((name) => `\`${name}\``).join(", ");
  report.add("capability-of-nobody", role.key.span, `No registered agent has all that \`${role.name}\` asks for: ${list}.`, {
    hint: "give one agent all of them, or split the role",
  });
}

function listNamed({ node }: RoleOutline): { node: TextNode; id: string }[] {
  const agent = findValue(node, "agent");
  const listed: SourceNode[] = listItems(findValue(node, "eligibility"), "agents");
  return [agent, ...listed].flatMap((each) => (isText(each) ? [{ node: each, id: each.value.replace(/^agents?\//, "") }] : []));
}

function tellUnknown(node: TextNode, id: string, { agents }: Known, report: Report): void {
  if (agents.some((agent) => agent.id === id)) return;
  const nearest = findNearestName(
    id,
    agents.map((agent) => agent.id),
  );
  report.add("unknown-agent", node.span, `There is no registered agent \`${id}\`.`, {
    hint: nearest === undefined ? `register it by \`nerveflare agents add ${id}\`` : `did you mean \`${nearest}\`?`,
    fix: nearest === undefined || node.value !== id ? undefined : { title: `Write \`${nearest}\``, span: node.span, text: nearest },
  });
}

function checkTurns({ ir, outline }: Member, { agents, accepted }: Known, report: Report): void {
  if (!ir) return;
  for (const { agent: id, schema } of accepted.filter(({ kind }) => kind === turnKind)) {
    const agent = agents.find((each) => each.id === id);
    if (!agent) continue;
    for (const { role, path, message } of findDroppedTurns(ir, agent, schema as JsonSchema, { left: stepsOfOne })) {
      const found = outline?.roles.get(role);
      if (found)
        report.add("turn-refused", found.key.span, `\`${id}\` would drop the turns of \`${role}\`: ${path} ${message}.`, {
          hint: `it says so itself: \`nerveflare schemas --agent ${id}\` shows which turns it takes`,
        });
    }
  }
}
