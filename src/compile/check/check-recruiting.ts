/** Checks that roles can be filled together, and that what is said of times, retries and policies can ever count. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { parseDuration } from "../source/duration.ts";
import type { MapEntry, SourceNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listItems } from "../source/node.ts";
import type { Outline, RoleOutline } from "./outline.ts";

/** Reports it. All of it are warnings. */
export function checkRecruiting(outline: Outline, report: Report): void {
  checkTogether(outline, report);
  for (const role of outline.roles.values()) {
    if (role.type === "broadcast") checkBroadcast(role, report);
    checkPool(role, outline, report);
    checkBackoff(role, report);
    checkPolicies(role, outline, report);
  }
}

/** The agents that may have a role; undefined where that can be any. */
function listAgents(role: RoleOutline): string[] | undefined {
  if (role.type === "named") {
    const agent = findText(role.node, "agent");
    return agent ? [agent.value] : undefined;
  }
  const eligibility = findValue(role.node, "eligibility");
  const agents = findValue(eligibility, "agents");
  if (agents?.kind !== "list" || !agents.items.every(isText)) return undefined;
  const barred = new Set(listItems(eligibility, "not").flatMap((item) => (isText(item) ? [item.value.replace(/^agents\//, "")] : [])));
  return [...new Set(agents.items.map(({ value }) => value))].filter((agent) => !barred.has(agent));
}

/** Whether two roles may not have the same agent: of one group either side says it for both. */
function isApart(one: RoleOutline, other: RoleOutline): boolean {
  const names = (role: RoleOutline): (string | undefined)[] =>
    listItems(findValue(role.node, "eligibility"), "not").map((item) => (isText(item) ? item.value : undefined));
  return names(one).includes(other.name) || names(other).includes(one.name);
}

/** Assignments that are tried, at most. */
const triesAtMost = 2000;

/** Roles whose agents are named, and that may not have the same one: is there an agent for each? */
function checkTogether(outline: Outline, report: Report): void {
  const held = [...outline.roles.values()].filter(
    (role) => role.type === "named" || (role.type === "open" && findText(role.node, "bind")?.value !== "turn"),
  );
  const known = held.flatMap((role) => {
    const agents = listAgents(role);
    return agents && agents.length > 0 ? [{ role, agents }] : [];
  });
  const tries = { left: triesAtMost };
  const taken: typeof known = [];
  for (const candidate of known.slice(0, 16)) {
    const together = [...taken, candidate];
    if (canFill(together, new Map(), tries)) {
      taken.push(candidate);
      continue;
    }
    if (tries.left < 0) return;
    const { role } = candidate;
    const rival = taken.find((other) => isApart(role, other.role));
    // What `not` takes away of one role alone is told elsewhere.
    const entry = findEntry(findValue(role.node, "eligibility"), "agents") ?? findEntry(role.node, "agent");
    if (!rival || !entry || (role.type === "named" && rival.role.type === "named")) continue;
    const pair = [role, rival.role];
    if (pair.some(({ type }) => type === "named") && pair.some((each) => listAgents(each)?.length === 1)) continue;
    report.add(
      "nobody-eligible",
      entry.keyNode.span,
      `\`${role.name}\` and \`${rival.role.name}\` may not be one agent, and there are too few for both.`,
      {
        severity: "warning",
        hint: "name another agent",
        related: [{ span: rival.role.key.span, message: "the other role" }],
      },
    );
  }
}

function canFill(roles: { role: RoleOutline; agents: string[] }[], holders: Map<RoleOutline, string>, tries: { left: number }): boolean {
  const [first, ...rest] = roles;
  if (!first) return true;
  for (const agent of first.agents) {
    tries.left -= 1;
    if (tries.left < 0) return false;
    if ([...holders].some(([other, holder]) => holder === agent && isApart(first.role, other))) continue;
    if (canFill(rest, new Map([...holders, [first.role, agent]]), tries)) return true;
  }
  return false;
}

/** A pool whose last holder may not have the next turn needs two. */
function checkPool(role: RoleOutline, outline: Outline, report: Report): void {
  const own = listItems(findValue(role.node, "eligibility"), "not").find((item) => isText(item) && item.value === role.name);
  if (role.type !== "open" || findText(role.node, "bind")?.value !== "turn" || !own) return;
  const agents = listAgents(role);
  const node = outline.nodes.find(({ name }) => name === role.name);
  if (agents?.length !== 1 || !node || !comesBack(role.name, outline)) return;
  report.add(
    "nobody-eligible",
    own.span,
    `Nobody can take a second turn of \`${role.name}\`: \`${agents[0]}\` alone is eligible, and had the first.`,
    {
      severity: "warning",
      hint: "name another agent, or leave this out of `not`",
    },
  );
}

function comesBack(name: string, outline: Outline): boolean {
  const reached = new Set<string>();
  const open = [name];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const edge of outline.nodes.find((node) => node.name === at)?.edges ?? []) {
      const target = edge.target?.value;
      if (target === name) return true;
      if (target === undefined || reached.has(target)) continue;
      reached.add(target);
      open.push(target);
    }
  return false;
}

function readMilliseconds(node: SourceNode | undefined): number | undefined {
  return isText(node) ? parseDuration(node.value) : undefined;
}

function checkBroadcast(role: RoleOutline, report: Report): void {
  const broadcast = findValue(role.node, "broadcast");
  const [of, ttl] = [findValue(broadcast, "of"), findEntry(broadcast, "ttl")];
  const agents = listAgents(role);
  if (of?.kind === "scalar" && typeof of.value === "number" && agents && agents.length > 0 && of.value > agents.length)
    report.add("panel-too-large", of.span, `The panel can never have ${of.value}: \`agents\` leaves ${agents.length}.`, {
      fix: { title: `Write \`${agents.length}\``, span: of.span, text: String(agents.length) },
      hint: `\`of: ${agents.length}\`, or name more agents`,
    });
  const timeout = findEntry(findValue(broadcast, "ack"), "timeout");
  const [waits, lasts] = [readMilliseconds(timeout?.value) ?? 3_600_000, readMilliseconds(ttl?.value) ?? 604_800_000];
  if (lasts < waits && (ttl ?? timeout))
    report.add(
      "timer-never-counts",
      (ttl ?? timeout)?.value.span ?? role.key.span,
      "After `ttl` no answer is taken any more, and `ack.timeout` waits longer than that.",
      {
        hint: "let `ttl` be no shorter than `ack.timeout`",
        related: ttl && timeout ? [{ span: timeout.value.span, message: "it is waited for this long" }] : [],
      },
    );
  const unread = (entry: MapEntry | undefined, hint?: string): void => {
    if (entry)
      report.add(
        "without-effect",
        entry.keyNode.span,
        `\`${entry.key}\` does nothing in a broadcast role.`,
        hint === undefined ? {} : { hint },
      );
  };
  const turn = findValue(role.node, "turn");
  unread(findEntry(turn, "timeout"), "`broadcast: { ack: { timeout: … } }` says how long answers are waited for");
  unread(findEntry(turn, "retries"));
  unread(findEntry(role.node, "heartbeat"), "nobody holds a broadcast role");
  unread(findEntry(role.node, "offline"), "nobody holds a broadcast role");
}

/** A wait between offers, where there is one offer. */
function checkBackoff(role: RoleOutline, report: Report): void {
  const recruitment = role.type === "open" ? findValue(role.node, "recruitment") : undefined;
  const backoff = findEntry(recruitment, "backoff");
  const retries = findValue(recruitment, "retries");
  const isOnce = retries === undefined || (retries.kind === "scalar" && retries.value === 0);
  if (!backoff || !isOnce || findText(recruitment, "on_unfilled")?.value === "retry") return;
  report.add("without-effect", backoff.keyNode.span, "`backoff` is the wait before a further offer, and there is none.", {
    hint: "say `retries: 3`, or `on_unfilled: retry`",
  });
}

/** A policy for what the graph has an edge for: the edge is taken. */
function checkPolicies(role: RoleOutline, outline: Outline, report: Report): void {
  const node = outline.nodes.find(({ name }) => name === role.name);
  if (node?.value.kind !== "map") return;
  const policies = [
    ["turn", "on_timeout", role.type === "broadcast" ? "$PARTIAL" : "$TIMEOUT"],
    ["turn", "on_fail", "$FAILED"],
    ["offline", "then", "$OFFLINE"],
    ["recruitment", "on_unfilled", "$UNFILLED"],
  ] as const;
  for (const [part, field, status] of policies) {
    const entry = findEntry(findValue(role.node, part), field);
    const edge = node.edges.find(({ id }) => id === status);
    if (!entry || !edge?.key || !isText(entry.value)) continue;
    // `forfeit` asks for the edge, with `retry` nobody is ever unfilled, and `wait` says that nothing is done.
    if (["forfeit", "wait", field === "on_unfilled" ? "retry" : ""].includes(entry.value.value)) continue;
    // Who is lost while another role has the turn is replaced, and so is whoever the edge was taken for.
    if (field === "then" && entry.value.value === "rerecruit" && role.type === "open") continue;
    report.add("without-effect", entry.keyNode.span, `\`${field}\` never acts: the graph has an edge for \`${status}\`, which is taken.`, {
      hint: "leave it out, or the edge",
      related: [{ span: edge.key.span, message: "the edge is here" }],
    });
  }
}
