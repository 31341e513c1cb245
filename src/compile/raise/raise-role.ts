/** One role with every default filled in. */
import type { Json } from "../../contract/event.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import { ackNeeds, bindModes, lossPolicies, pickModes, readWord, turnPolicies, unfilledPolicies } from "../../contract/language.ts";
import type { Outline, RoleOutline } from "../check/outline.ts";
import { defaults } from "../defaults.ts";
import type { BudgetIr, RoleIr } from "../ir.ts";
import { parseDuration } from "../source/duration.ts";
import type { SourceNode } from "../source/node.ts";
import { findText, findValue, isText, listItems, toJson } from "../source/node.ts";

/** Fields that say how the engine treats the role; all others say what the role is and travel in the turn. */
const engineFields = new Set([
  "type",
  "agent",
  "eligibility",
  "recruitment",
  "bind",
  "heartbeat",
  "turn",
  "offline",
  "broadcast",
  "budget",
  "frontmatter",
  "meta",
  "outputSchema",
]);

/** Raises a sound role. */
export function raiseRole(role: RoleOutline, outline: Outline): RoleIr {
  const { node, type } = role;
  const eligibility = findValue(node, "eligibility");
  const recruitment = findValue(node, "recruitment");
  const heartbeat = findValue(node, "heartbeat");
  const turn = findValue(node, "turn");
  const offline = findValue(node, "offline");
  const where = findText(eligibility, "where");
  const score = findText(recruitment, "score");
  const capabilities = readTexts(node, "capabilities");
  const any = readValue(eligibility, "any") === true;
  const all = findValue(eligibility, "all") ? readTexts(eligibility, "all") : capabilities;
  const not = readTexts(eligibility, "not");
  const named = type === "named";
  const loss = defaults.offline[named ? "named" : "others"];
  const ir: RoleIr = {
    name: role.name,
    type,
    eligibility: {
      all: any ? [] : all,
      notRoles: not.filter((name) => outline.roles.has(name)),
      notAgents: not.filter((name) => !outline.roles.has(name)).map((name) => name.replace(/^agents?\//, "")),
    },
    recruitment: {
      timeout: readDuration(recruitment, "timeout", defaults.recruitment.timeout),
      retries: readNumber(recruitment, "retries") ?? defaults.recruitment.retries,
      backoff: readDuration(recruitment, "backoff", defaults.recruitment.backoff),
      group: findText(recruitment, "group")?.value ?? defaults.recruitment.group,
      pick: readWord(readValue(recruitment, "pick"), pickModes) ?? defaults.recruitment.pick,
      onUnfilled: readWord(readValue(recruitment, "on_unfilled"), unfilledPolicies) ?? defaults.recruitment.onUnfilled,
    },
    bind: readWord(readValue(node, "bind"), bindModes) ?? defaults.bind,
    heartbeat: {
      every: readDuration(heartbeat, "every", defaults.heartbeat.every),
      miss: readNumber(heartbeat, "miss") ?? defaults.heartbeat.miss,
    },
    turn: {
      timeout: readDuration(turn, "timeout", defaults.turn.timeout),
      retries: readNumber(turn, "retries") ?? defaults.turn.retries,
      onTimeout: readWord(readValue(turn, "on_timeout"), turnPolicies) ?? defaults.turn.onTimeout,
      onFail: readWord(readValue(turn, "on_fail"), turnPolicies) ?? defaults.turn.onFail,
    },
    offline: {
      grace: readDuration(offline, "grace", loss.grace),
      then: readWord(readValue(offline, "then"), lossPolicies) ?? loss.then,
    },
    fields: readFields(role),
  };
  const agent = raiseAgent(findValue(node, "agent"));
  if (named && agent) ir.agent = agent;
  if (findValue(eligibility, "agents")) ir.eligibility.agents = readTexts(eligibility, "agents");
  if (where) ir.eligibility.where = where.value;
  if (score) ir.recruitment.score = score.value;
  const budget = raiseBudget(findValue(node, "budget"));
  if (budget) ir.budget = budget;
  if (type === "broadcast") ir.broadcast = raiseBroadcast(findValue(node, "broadcast"));
  if (role.schema) ir.schema = toJson(role.schema) as JsonSchema;
  return ir;
}

function raiseAgent(node: SourceNode | undefined): RoleIr["agent"] {
  if (isText(node)) return { id: node.value };
  const from = findText(node, "from");
  return from ? { from: from.value } : undefined;
}

/** A budget of a role or of the workflow. */
export function raiseBudget(node: SourceNode | undefined): BudgetIr | undefined {
  const tokens = readNumber(node, "tokens");
  const cost = readNumber(node, "cost");
  if (tokens === undefined && cost === undefined) return undefined;
  return { ...(tokens !== undefined && { tokens }), ...(cost !== undefined && { cost }) };
}

function raiseBroadcast(node: SourceNode | undefined): NonNullable<RoleIr["broadcast"]> {
  const ack = findValue(node, "ack");
  const need = readValue(ack, "need");
  const of = readNumber(node, "of");
  const ok = findText(ack, "ok");
  return {
    need: typeof need === "number" ? need : (readWord(need, ackNeeds) ?? defaults.broadcast.need),
    timeout: readDuration(ack, "timeout", defaults.broadcast.timeout),
    ttl: readDuration(node, "ttl", defaults.broadcast.ttl),
    ...(of === undefined ? {} : { of }),
    ...(ok === undefined ? {} : { ok: ok.value }),
  };
}

function readFields(role: RoleOutline): Record<string, Json> {
  const fields: Record<string, Json> = {};
  for (const entry of role.node.entries) if (!engineFields.has(entry.key)) fields[entry.key] = toJson(entry.value);
  return fields;
}

function readValue(node: SourceNode | undefined, key: string): unknown {
  const value = findValue(node, key);
  return value?.kind === "scalar" ? value.value : undefined;
}

function readNumber(node: SourceNode | undefined, key: string): number | undefined {
  const value = readValue(node, key);
  return typeof value === "number" ? value : undefined;
}

function readDuration(node: SourceNode | undefined, key: string, byDefault: string): number {
  return parseDuration(findText(node, key)?.value ?? byDefault) ?? 0;
}

function readTexts(node: SourceNode | undefined, key: string): string[] {
  return listItems(node, key)
    .filter(isText)
    .map((item) => item.value);
}
