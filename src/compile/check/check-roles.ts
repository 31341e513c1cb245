/** Checks roles, each by itself and against one another. */

import { pickModes, readWord, targets, wordsOf } from "../../contract/language.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { readsScore } from "../lower/party.ts";
import type { MapEntry } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listEntries, listItems, writeText } from "../source/node.ts";
import { checkSchema } from "./check-schema.ts";
import type { Outline, RoleOutline } from "./outline.ts";

const reserved: readonly string[] = ["$START", ...wordsOf(targets)];

/** Letters of any script; no dots, hashes or backslashes, which mean something in a machine's targets. */
const roleName = /^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u;

/** Names that objects have of themselves, or that the moderator's answer gives a meaning. */
const unusable = new Set([
  "constructor",
  "prototype",
  "__proto__",
  "__end__",
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
  "toString",
  "valueOf",
  "toLocaleString",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
]);

/** Tells whether a text can name a role. */
export function isRoleName(name: string): boolean {
  return name.length <= compileLimits.nameLength && roleName.test(name) && !unusable.has(name);
}

/** Reports what is wrong with roles. */
export function checkRoles(outline: Outline, report: Report): void {
  const entry = findEntry(outline.root, "roles");
  const entries = listEntries(entry?.value);
  if (entry?.value.kind === "map" && entries.length === 0)
    report.add("missing-field", entry.keyNode.span, "A workflow needs at least one role.");
  if (entries.length > compileLimits.roles)
    report.add(
      "too-many",
      entry?.keyNode.span ?? outline.root.span,
      `There are ${entries.length} roles; ${compileLimits.roles} are allowed.`,
    );
  for (const role of entries) checkRoleName(role, report);
  const agents = listKnownAgents(outline);
  for (const role of outline.roles.values()) {
    checkBinding(role, report);
    checkNot(role, outline, agents, report);
    checkEffects(role, report);
    checkAliases(role, report);
    // A schema of the wrong type altogether is the shape's business.
    if (role.schema && role.schema.kind === "map") checkSchema(role.schema, report);
  }
}

function checkRoleName(entry: MapEntry, report: Report): void {
  const { key } = entry;
  const { span } = entry.keyNode;
  if (reserved.includes(key)) report.add("reserved-role-name", span, `\`${key}\` is a place of the graph, not a role.`);
  else if (!isRoleName(key)) {
    report.add("bad-role-name", span, `\`${key.slice(0, 80)}\` can not name a role.`, {
      hint: unusable.has(key)
        ? "objects, or moderators, have something of that name already: take another"
        : "letters, digits, `_` and `-`, at most 64 characters, beginning with a letter",
    });
  }
}

function checkBinding(role: RoleOutline, report: Report): void {
  const agent = findEntry(role.node, "agent");
  const type = findText(role.node, "type");
  if (role.type === "named" && agent === undefined) {
    report.add("named-without-agent", type?.span ?? role.key.span, `The role \`${role.name}\` is named, but no \`agent\` is.`, {
      hint: "`agent: some-id`, or `agent: { from: event.agent }` for the sender",
    });
  }
  if (role.type !== "named" && agent) {
    report.add("agent-on-open-role", agent.keyNode.span, `The role \`${role.name}\` is ${role.type}; \`agent\` is for named roles.`, {
      hint: "leave out `agent`, or say `type: named`; `eligibility: { agents: [...] }` says who may claim",
      related: type ? [{ span: type.span, message: `it is ${role.type} by this` }] : [],
    });
  }
}

/** Agents that the file names by id, in places that can not mean a role. */
function listKnownAgents(outline: Outline): Set<string> {
  const agents = new Set<string>();
  for (const role of outline.roles.values()) {
    const agent = findText(role.node, "agent");
    if (agent) agents.add(agent.value);
    for (const item of listItems(findValue(role.node, "eligibility"), "agents")) if (isText(item)) agents.add(item.value);
  }
  return agents;
}

function checkNot(role: RoleOutline, outline: Outline, agents: Set<string>, report: Report): void {
  const bind = findText(role.node, "bind")?.value;
  for (const item of listItems(findValue(role.node, "eligibility"), "not")) {
    if (!isText(item)) continue;
    const name = item.value;
    if (name === role.name && bind !== "turn") {
      report.add("without-effect", item.span, `\`${name}\` is this role itself.`, {
        hint: "with `bind: turn` that keeps the last holder from the next turn; with `bind: thread` it does nothing",
      });
    }
    if (outline.roles.has(name) || agents.has(name) || /^agents\/[A-Za-z0-9._:-]{1,128}$/.test(name)) continue;
    const nearest = findNearestName(name, [...outline.roles.keys(), ...agents]);
    report.add("not-names-nobody", item.span, `\`${name}\` is no role of this workflow, and no agent that the file names.`, {
      ...(nearest === undefined
        ? {
            hint: `for an agent write \`agents/${name}\``,
            fix: /^[A-Za-z0-9._:-]{1,128}$/.test(name)
              ? { title: `Write \`agents/${name}\``, span: item.span, text: `agents/${name}` }
              : undefined,
          }
        : {
            hint: `did you mean \`${nearest}\`? For an agent write \`agents/${name}\``,
            fix: { title: `Write \`${nearest}\``, span: item.span, text: writeText(nearest) },
          }),
    });
  }
}

/** Fields that nothing reads in a role of this type. */
function checkEffects(role: RoleOutline, report: Report): void {
  const say = (entry: MapEntry | undefined, message: string, hint?: string): void => {
    if (entry) report.add("without-effect", entry.keyNode.span, message, hint === undefined ? {} : { hint });
  };
  const { node, type } = role;
  if (type !== "broadcast")
    say(
      findEntry(node, "broadcast"),
      `The role \`${role.name}\` is ${type}; \`broadcast\` is for broadcast roles.`,
      "say `type: broadcast`, or leave it out",
    );
  if (type === "named") {
    say(findEntry(node, "eligibility"), "A named role is bound to its agent; nobody claims it.");
    say(findEntry(node, "recruitment"), "A named role is bound to its agent; nobody is recruited.");
  }
  if (type !== "open") {
    const turn = findValue(node, "turn");
    for (const policy of [findText(turn, "on_timeout"), findText(turn, "on_fail"), findText(findValue(node, "offline"), "then")]) {
      if (policy?.value !== "rerecruit") continue;
      report.add("without-effect", policy.span, `The role \`${role.name}\` is ${type}: there is nobody else to recruit.`, {
        hint: "`suspend` hands it to a person",
        fix: { title: "Write `suspend`", span: policy.span, text: "suspend" },
      });
    }
  }
  const recruitment = findValue(node, "recruitment");
  if (!readsScore(readWord(findText(recruitment, "pick")?.value, pickModes) ?? "first"))
    say(findEntry(recruitment, "score"), "`score` is read with `pick: best` only.", "say `pick: best`");
  const eligibility = findValue(node, "eligibility");
  const any = findValue(eligibility, "any");
  if (any?.kind === "scalar" && any.value === true) say(findEntry(eligibility, "all"), "`any: true` drops `all`.");
}

/** A field and its older name in one mapping. */
function checkAliases(role: RoleOutline, report: Report): void {
  const given = ["frontmatter", "meta", "outputSchema"].map((name) => findEntry(role.node, name)).filter((entry) => entry !== undefined);
  const [first, ...others] = given;
  for (const other of others) {
    report.add("given-twice", other.keyNode.span, `\`${other.key}\` is an older name of \`${first?.key}\`, which is given too.`, {
      related: first ? [{ span: first.keyNode.span, message: "given here" }] : [],
    });
  }
}
