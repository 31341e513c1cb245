/** Agents, as a server has them: who could take a role, who is named, and whose own rules would drop its turns. */
import { turnKind } from "../../contract/accepts.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import { readEmits, readReactions } from "../check/check-endless.ts";
import type { RoleOutline } from "../check/outline.ts";
import { findDroppedTurns } from "../judge-turns.ts";
import { createTypeReader } from "../meaning/read-type.ts";
import { type Type, unknown } from "../meaning/type.ts";
import type { MapNode, SourceNode, TextNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { listCapabilities } from "./check-capabilities.ts";
import type { Known } from "./known.ts";
import { describeMisfit, findMisfit, maxDepth, typeOf } from "./literal-type.ts";
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
    for (const { node, id, span } of listAddressed(member)) tellUnknown(node, id, known, report, span);
    checkTurns(member, known, report);
    checkEvents(member, known, report);
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

/** Agents that events are sent to: what a template gives nobody knows. */
function listAddressed({ outline }: Member): { node: TextNode; id: string; span: Span }[] {
  const emits = outline ? [...readEmits(outline, readReactions(outline)).values()].flat() : [];
  return emits.flatMap((emit) => {
    const to = findText(emit, "to");
    if (!to || /\{[{%]/.test(to.value)) return [];
    return [...to.value.matchAll(/(?:^|,)(\s*agents\/)([^,\s]+)/g)].map((match) => {
      const from = match.index + match[0].length - (match[2] ?? "").length;
      return { node: to, id: match[2] ?? "", span: to.locate(from, match.index + match[0].length) };
    });
  });
}

/** @param span of the id itself, where more stands beside it */
function tellUnknown(node: TextNode, id: string, { agents }: Known, report: Report, span = node.span): void {
  if (agents.some((agent) => agent.id === id)) return;
  const nearest = findNearestName(
    id,
    agents.map((agent) => agent.id),
  );
  const isWhole = span !== node.span || node.value === id;
  report.add("unknown-agent", span, `There is no registered agent \`${id}\`.`, {
    hint: nearest === undefined ? `register it by \`nerveflare agents add ${id}\`` : `did you mean \`${nearest}\`?`,
    fix: nearest === undefined || !isWhole ? undefined : { title: `Write \`${nearest}\``, span, text: nearest },
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

/** What is sent, held against what those who hear it say that they accept: constants that no agent's schema takes. */
function checkEvents(member: Member, { agents, accepted }: Known, report: Report): void {
  const { outline } = member;
  if (!outline) return;
  for (const emit of [...readEmits(outline, readReactions(outline)).values()].flat()) {
    const kind = findText(emit, "kind");
    const data = findValue(emit, "data");
    if (!kind || data?.kind !== "map") continue;
    const given = typeOf(data);
    for (const { agent: id, schema } of accepted.filter((each) => each.kind === kind.value)) {
      if (!agents.some((agent) => agent.id === id) || !isTold(id, findText(emit, "to"), agents)) continue;
      const misfit = findEventMisfit(given, createTypeReader(schema, true).read(schema, "the data"), data);
      if (misfit)
        report.add("event-refused", misfit.span, `\`${id}\` would drop this \`${kind.value}\`: ${misfit.why}.`, {
          hint: `it says so itself: \`nerveflare schemas --agent ${id}\` shows what it takes`,
        });
    }
  }
}

/** Whether an event reaches the agent: nobody knows of a template, and of roles. */
function isTold(id: string, to: TextNode | undefined, agents: Known["agents"]): boolean {
  if (!to) return true;
  const capabilities = agents.find((agent) => agent.id === id)?.capabilities ?? [];
  return to.value
    .split(",")
    .map((each) => each.trim())
    .some((each) => each === "*" || each === `agents/${id}` || (each.startsWith("cap:") && capabilities.includes(each.slice(4))));
}

/** The first field that an agent's schema refuses, where the file says what it is. */
function findEventMisfit(given: Type, wanted: Type, data: MapNode): { span: Span; why: string } | undefined {
  const [fields, ...others] = wanted.any ? [] : wanted.objects;
  if (!fields || others.length > 0) return undefined;
  const missing = fields.must.find((name) => !data.entries.some(({ key }) => key === name));
  if (missing !== undefined) return { span: data.span, why: `it must have \`${missing}\`` };
  for (const { key, keyNode } of data.entries) {
    if (!fields.names.includes(key)) {
      if (fields.others === "closed") return { span: keyNode.span, why: `it takes no \`${key}\`` };
      continue;
    }
    const misfit = findMisfit(given.objects[0]?.get(key) ?? unknown, fields.get(key), key, maxDepth);
    if (misfit) return { span: keyNode.span, why: describeMisfit(misfit) };
  }
  return undefined;
}
