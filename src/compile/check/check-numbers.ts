/** Checks what roles and rounds count: whether the numbers of a file can hold together. */
import { isEngineStatus } from "../../contract/language.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listItems } from "../source/node.ts";
import type { EdgeOutline, Outline, RoleOutline } from "./outline.ts";

/** Reports roles that nobody can fill, answers that can't be had, and rounds that do not suffice. */
export function checkNumbers(outline: Outline, report: Report): void {
  for (const role of outline.roles.values()) {
    if (role.type === "named") continue;
    checkEligible(role, outline, report);
    if (role.type === "broadcast") checkNeed(role, report);
    else checkScore(role, report);
  }
  for (const role of outline.roles.values()) checkBudget(role, outline, report);
  checkRounds(outline, report);
}

/** All turns draw on the workflow's budget: what is larger is never spent. */
function checkBudget(role: RoleOutline, outline: Outline, report: Report): void {
  const [own, shared] = [findValue(role.node, "budget"), findValue(outline.root, "budget")];
  for (const what of ["tokens", "cost"]) {
    const [allowed, of] = [findValue(own, what), findValue(shared, what)];
    const [number, most] = [readNumber(allowed), readNumber(of)];
    if (!allowed || !of || number === undefined || most === undefined || number <= most) continue;
    report.add("budget-never-spent", allowed.span, `The budget of \`${role.name}\` is never spent: the workflow's is ${most} ${what}.`, {
      hint: "make it smaller, or leave it out",
      related: [{ span: of.span, message: "all turns together draw on this" }],
    });
  }
}

function readNumber(node: SourceNode | undefined): number | undefined {
  return node?.kind === "scalar" && typeof node.value === "number" ? node.value : undefined;
}

/** What `agents` leaves when `not` is taken away; undefined where any agent may be eligible. */
function listEligible(role: RoleOutline): TextNode[] | undefined {
  const eligibility = findValue(role.node, "eligibility");
  const agents = findValue(eligibility, "agents");
  if (agents?.kind !== "list" || !agents.items.every(isText)) return undefined;
  const barred = listItems(eligibility, "not").filter(isText);
  const names = new Set(barred.map(({ value }) => value.replace(/^agents\//, "")));
  return agents.items.filter(({ value }) => !names.has(value));
}

function checkEligible(role: RoleOutline, outline: Outline, report: Report): void {
  const eligible = listEligible(role);
  const eligibility = findValue(role.node, "eligibility");
  const agents = findEntry(eligibility, "agents");
  if (eligible === undefined || agents === undefined) return;
  const holders = new Map(
    listItems(eligibility, "not").flatMap((item): [string, SourceNode][] => {
      const other = isText(item) ? outline.roles.get(item.value) : undefined;
      const id = other?.type === "named" ? findText(other.node, "agent") : undefined;
      return id === undefined ? [] : [[id.value, item]];
    }),
  );
  const left = eligible.filter(({ value }) => !holders.has(value));
  if (left.length > 0) return;
  const not = findEntry(eligibility, "not");
  report.add(
    "nobody-eligible",
    agents.keyNode.span,
    `Nobody can ever take the role \`${role.name}\`: \`agents\` without \`not\` is empty.`,
    {
      hint: not ? "name another agent, or leave one out of `not`" : "name an agent, or leave `agents` out",
      related: not ? [{ span: not.keyNode.span, message: "these are taken away" }] : [],
      // An operator may give the named role to somebody else.
      ...(eligible.length > 0 ? { severity: "warning" as const } : {}),
    },
  );
}

/** The most answers that a broadcast can have, and where that is said; undefined where nobody can tell. */
function readMost(role: RoleOutline): { most: number; node: SourceNode; what: string } | undefined {
  const of = findValue(findValue(role.node, "broadcast"), "of");
  const panel = readNumber(of);
  const eligible = listEligible(role);
  const agents = findValue(findValue(role.node, "eligibility"), "agents");
  const count = eligible && new Set(eligible.map(({ value }) => value)).size;
  if (of && panel !== undefined && (count === undefined || panel <= count))
    return { most: panel, node: of, what: "the panel is this large" };
  return count === undefined || count === 0 || !agents ? undefined : { most: count, node: agents, what: "nobody else is asked" };
}

function checkNeed(role: RoleOutline, report: Report): void {
  const need = findValue(findValue(findValue(role.node, "broadcast"), "ack"), "need");
  const number = readNumber(need);
  const bound = readMost(role);
  if (need === undefined || number === undefined || bound === undefined || bound.most < 1 || number <= bound.most) return;
  const { most, node, what } = bound;
  report.add("need-too-great", need.span, `${number} answers can never be had: ${most} ${most === 1 ? "agent is" : "agents are"} asked.`, {
    hint: "`need: all` is as many as were asked",
    related: [{ span: { start: node.span.start, end: node.kind === "scalar" ? node.span.end : node.span.start + 1 }, message: what }],
    fix: { title: "Write `all`", span: need.span, text: "all" },
  });
}

/** The best of what? Without `score` the bid is it, and agents bid where they are asked to. */
function checkScore(role: RoleOutline, report: Report): void {
  const recruitment = findValue(role.node, "recruitment");
  const pick = findText(recruitment, "pick");
  if (pick?.value !== "best" || findEntry(recruitment, "score")) return;
  const asks = role.node.entries.some(({ value }) => isText(value) && /\bbids?\b|\bbidding\b/i.test(value.value));
  if (asks) return;
  report.add(
    "nothing-to-score",
    pick.span,
    `\`pick: best\` has nothing to go by: no \`score\` is given, and \`${role.name}\` asks for no bid.`,
    {
      hint: 'for example `score: "stats.success"`; or say in `procedure` which number to bid',
    },
  );
}

/** Edges for what goes wrong with a turn; answers lead along the others. */
function findFaultEdges(outline: Outline): Set<EdgeOutline> {
  const own: readonly string[] = ["$ACKED", "$PARTIAL"];
  return new Set(outline.nodes.flatMap(({ edges }) => edges.filter(({ id }) => isEngineStatus(id) && !own.includes(id))));
}

/** Turns of the shortest way to each node, with its own; to `$END` it is one more than there are. */
function countTurns(outline: Outline, isWay: (edge: EdgeOutline) => boolean): ReadonlyMap<string, number> {
  const nodes = new Map(outline.nodes.map((node) => [node.name, node]));
  const turns = new Map([["$START", 0]]);
  // A map that grows while it is walked through: breadth first.
  for (const [name, count] of turns) {
    for (const edge of nodes.get(name)?.edges ?? []) {
      const target = edge.target?.value;
      if (target !== undefined && target !== "$SUSPEND" && isWay(edge) && !turns.has(target)) turns.set(target, count + 1);
    }
  }
  return turns;
}

/** Roles that no thread reaches within its rounds. */
function tellOutOfRounds(outline: Outline, most: number, rounds: SourceNode, report: Report): void {
  // What goes wrong leads to roles as well.
  const turns = countTurns(outline, ({ id }) => id !== "resume" && id !== "$MAX_ROUNDS");
  for (const role of outline.roles.values()) {
    const first = turns.get(role.name);
    if (first === undefined || first <= most) continue;
    report.add(
      "role-out-of-rounds",
      role.key.span,
      `\`${role.name}\` is never given a turn: the shortest way to it takes ${first} with its own, and \`max_rounds\` is ${most}.`,
      {
        hint: `\`max_rounds\` must be ${first} at least`,
        related: [{ span: rounds.span, message: "the rounds are here" }],
      },
    );
  }
}

function checkRounds(outline: Outline, report: Report): void {
  const rounds = findValue(outline.root, "max_rounds", "maxRounds");
  const most = readNumber(rounds);
  if (rounds === undefined || most === undefined || most < 1 || outline.form === "moderator") return;
  const faults = findFaultEdges(outline);
  const isOwn = (edge: EdgeOutline): boolean => edge.id !== "resume" && edge.id !== "$MAX_ROUNDS" && !faults.has(edge);
  const turns = countTurns(outline, isOwn);
  const last = turns.get("$END");
  const shortest = last === undefined ? undefined : last - 1;
  if (shortest === undefined || shortest <= most) {
    tellOutOfRounds(outline, most, rounds, report);
    return;
  }
  const ending = outline.nodes.some(({ edges }) => edges.some(({ id }) => id === "$MAX_ROUNDS"));
  const then = ending ? "`$MAX_ROUNDS` ends the thread" : "the thread fails";
  report.add("rounds-too-few", rounds.span, `The shortest way of answers to \`$END\` takes ${shortest} turns; after ${most} ${then}.`, {
    hint: `\`max_rounds\` must be ${shortest} at least`,
    fix: { title: `Write \`${shortest}\``, span: rounds.span, text: String(shortest) },
  });
}
