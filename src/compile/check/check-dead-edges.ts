/** Finds edges that the engine can never take: it gives their status to no step, or an earlier edge always holds. */
import { type EngineStatus, engineStatuses, isEngineStatus } from "../../contract/language.ts";
import type { Related, Report } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { mayBe } from "../meaning/type.ts";
import { type Budget, budgetOfFile, type Stage, tryConditions } from "../reach/exhaust.ts";
import { type Formula, readFormula } from "../reach/formula.ts";
import { createStages, type Player, type Thread } from "../reach/thread-scenes.ts";
import { findText, findValue, type SourceNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import type { Checked } from "./check-workflow.ts";
import type { Meaning } from "./meaning.ts";
import type { EdgeOutline, GraphNodeOutline, Outline, RoleOutline } from "./outline.ts";
import { awaits, readNeed, readThread } from "./read-thread.ts";

/** An edge that can never be taken. */
export interface NeverTaken {
  node: string;
  /** Its id: the status, or its place in the list. */
  edge: string;
  /** In words that follow "because". */
  why: string;
}

/** Reports edges that can never be taken, and last ones that may leave nothing over. */
export function checkDeadEdges({ outline, parsed }: Pick<Checked, "outline" | "parsed">, meaning: Meaning, report: Report): NeverTaken[] {
  const told = report.list();
  const thread = readThread(outline, meaning);
  const formulas = new Map<ExpressionNode, Formula>();
  const search: Search = {
    outline,
    parsed,
    thread,
    stageOf: createStages(thread),
    budget: budgetOfFile(),
    read(tree) {
      const formula = formulas.get(tree) ?? readFormula(tree);
      formulas.set(tree, formula);
      return formula;
    },
    isTold: (span) => told.some((found) => span.start <= found.span.start && found.span.end <= span.end),
  };
  return outline.nodes.flatMap((node) => {
    const role = outline.roles.get(node.name);
    const found = node.value.kind === "list" ? findListed(node, search, report) : role ? findKeyed(node, role, search) : [];
    for (const { place, why, isTold, edge: _, ...details } of found)
      if (!isTold) report.add("edge-never-taken", place.span, `This edge can never be taken, because ${why}.`, details);
    return [...found, ...listUntried(node)].map(({ edge, why }) => ({ node: node.name, edge: edge.id, why }));
  });
}

interface Search {
  outline: Outline;
  parsed: Checked["parsed"];
  thread: Thread;
  stageOf(node: string): Stage;
  budget: Budget;
  /** Conditions are shared by edges. */
  read(tree: ExpressionNode): Formula;
  /** Whether something was told of what stands there: one slip is one finding. */
  isTold(span: Span): boolean;
}

interface Found extends Dead {
  edge: EdgeOutline;
  /** Where it is told. */
  place: SourceNode;
  related?: Related[];
  /** Something was told of its condition, which is why. */
  isTold?: boolean;
}

interface Dead {
  why: string;
  hint?: string;
}

function findKeyed(node: GraphNodeOutline, role: RoleOutline, { thread, isTold }: Search): Found[] {
  return node.edges.flatMap((edge): Found[] => {
    if (!edge.key || isTold(edge.key.span)) return [];
    const isBroken = role.schema !== undefined && isTold(role.schema.span);
    const why = isEngineStatus(edge.id)
      ? explainKeyed(edge.id, node, role)
      : isBroken
        ? undefined
        : explainAnswered(edge.id, thread.players.get(role.name));
    return why === undefined ? [] : [{ edge, place: edge.key, why, hint: "leave it out" }];
  });
}

/** Why no answer that fits the role's schema has a status, although the schema names it. */
function explainAnswered(status: string, player: Player | undefined): string | undefined {
  if (!player || player.isBroadcast || player.answer.any) return undefined;
  const { objects } = player.answer;
  const refuses = objects.length > 0 && objects.every(({ names, get }) => names.includes("$status") && !mayBe(get("$status"), status));
  return refuses ? `no answer with this status fits the schema of \`${player.name}\` as a whole` : undefined;
}

/** Why the engine never gives a role the status that its node has an edge for. */
function explainKeyed(status: EngineStatus, node: GraphNodeOutline, role: RoleOutline): string | undefined {
  if (role.type === "broadcast") {
    if (status === "$TIMEOUT") return "a broadcast whose time is up gives `$PARTIAL`";
    if (status === "$OFFLINE") return "nobody holds a broadcast role";
    if (status === "$FAILED" && !awaits(node)) return "a broadcast that fails gives `$PARTIAL`, and no children are waited for here";
    if (status === "$PARTIAL" && readNeed(role) === "none") return "`need: none` waits for nobody";
  } else if (status === "$UNFILLED") {
    if (role.type === "named") return `\`${role.name}\` is bound to its agent, and nobody is recruited`;
    if (findText(findValue(role.node, "recruitment"), "on_unfilled")?.value === "retry")
      return "with `on_unfilled: retry` the role is offered for as long as it takes";
  }
  return undefined;
}

/** Edges are tried in order, up to one without a condition; those behind it are told elsewhere. */
function findListed(node: GraphNodeOutline, { outline, parsed, stageOf, budget, read, isTold }: Search, report: Report): Found[] {
  const unconditional = node.edges.findIndex((edge) => isUnconditional(edge));
  const tried = node.edges.slice(0, unconditional < 0 ? undefined : unconditional + 1);
  const conditions = tried.map((edge) => (edge.condition ? outline.conditions.get(edge.condition.value)?.expression : undefined));
  const trees = tried.map((edge, place) => {
    const source = conditions[place]?.value;
    const known = source === undefined ? undefined : parsed.get(source);
    return isUnconditional(edge) ? always : known?.ok ? known.tree : undefined;
  });
  const formulas = trees.map((tree) => tree && read(tree));
  const { dead, isExhausted } = tryConditions(formulas, stageOf(node.name), budget);
  const last = tried.at(-1);
  if (unconditional < 0 && last?.condition && !isExhausted)
    report.add("last-transition-conditional", last.condition.span, `If no condition of \`${node.name}\` holds, the thread fails.`, {
      hint: "let the last transition have no condition",
    });
  return tried.flatMap((edge, place): Found[] => {
    const [tree, expression, verdict] = [trees[place], conditions[place], dead[place]];
    const policy = tree && expression ? judge(tree, node, outline) : undefined;
    const at = edge.condition ?? edge.target;
    if (!at || (!policy && !verdict)) return [];
    const told = expression !== undefined && isTold(expression.span);
    if (policy || verdict?.kind === "never") {
      const why = policy?.why ?? (verdict?.kind === "never" ? verdict.why : undefined) ?? "its condition is never true here";
      const related = expression ? [{ span: expression.span, message: "this is never true" }] : [];
      return [{ edge, place: at, why, related, isTold: told, ...(policy?.hint === undefined ? {} : { hint: policy.hint }) }];
    }
    const earlier = (verdict?.by ?? []).flatMap((before) => tried[before] ?? []);
    return [{ ...explainBehind(edge, at, earlier, expression !== undefined), isTold: told }];
  });
}

/** Edges behind one without a condition, which are told elsewhere. */
function listUntried(node: GraphNodeOutline): { edge: EdgeOutline; why: string }[] {
  const first = node.value.kind === "list" ? node.edges.findIndex(isUnconditional) : -1;
  return first < 0 ? [] : node.edges.slice(first + 1).map((edge) => ({ edge, why: "an earlier one has no condition" }));
}

const always: ExpressionNode = { type: "value", value: true };

function isUnconditional({ node }: EdgeOutline): boolean {
  const condition = findValue(node, "condition");
  return condition === undefined || (condition.kind === "scalar" && condition.value === null);
}

/** An edge that is tried only when one of the earlier ones holds. */
function explainBehind(edge: EdgeOutline, place: SourceNode, earlier: EdgeOutline[], isConditional: boolean): Found {
  const [first] = earlier;
  const isSame = isConditional && earlier.length === 1 && first?.condition?.value === edge.condition?.value;
  const why = isSame
    ? "an earlier one has the same condition"
    : earlier.length === 1
      ? isConditional
        ? "an earlier one is taken whenever its condition holds"
        : "the condition of an earlier one always holds"
      : isConditional
        ? "earlier ones are taken whenever its condition holds"
        : "the conditions before it leave nothing over";
  const related = earlier
    .slice(0, 8)
    .flatMap(({ condition }) => (condition ? [{ span: condition.span, message: "this one is taken" }] : []));
  return {
    edge,
    place,
    why,
    related,
    hint: isConditional ? "move it up, or leave it out" : "leave it out; the last of the conditions before it may go instead",
  };
}

/** Why an expression never holds; undefined where it may. */
function judge(tree: ExpressionNode, node: GraphNodeOutline, outline: Outline): Dead | undefined {
  const [left, right] = [asNode(tree["lhs"]), asNode(tree["rhs"])];
  if (tree.type === "block") {
    const [only, ...others] = asNodes(tree["expressions"]);
    return only && others.length === 0 ? judge(only, node, outline) : undefined;
  }
  if (tree.type !== "binary" || !left || !right) return undefined;
  if (tree.value === "and") return judge(left, node, outline) ?? judge(right, node, outline);
  if (tree.value === "or") return judge(left, node, outline) && judge(right, node, outline);
  if (tree.value === "in") return judgeAll(left, asNodes(right["expressions"]), node, outline);
  return tree.value === "=" ? (judgeEqual(left, right, node, outline) ?? judgeEqual(right, left, node, outline)) : undefined;
}

function judgeAll(left: ExpressionNode, options: ExpressionNode[], node: GraphNodeOutline, outline: Outline): Dead | undefined {
  const verdicts = options.map((option) => judgeEqual(left, option, node, outline));
  return verdicts.every((verdict) => verdict !== undefined) ? verdicts[0] : undefined;
}

function judgeEqual(path: ExpressionNode, value: ExpressionNode, node: GraphNodeOutline, outline: Outline): Dead | undefined {
  if (value.type !== "string" || !isEngineStatus(value.value)) return undefined;
  const of = readStatusPath(path, node);
  const role = of && outline.roles.get(of.role);
  if (!role) return undefined;
  const ofNode = outline.nodes.find(({ name }) => name === role.name);
  return explainListed(value.value, role, ofNode, of.answers);
}

/** Whose `$status` a path reads: the last step's, or that of a role's answer. */
function readStatusPath(path: ExpressionNode, node: GraphNodeOutline): { role: string; answers: boolean } | undefined {
  if (path.type !== "path") return undefined;
  const [first, second, third, ...rest] = asNodes(path["steps"]);
  if (first?.type === "function" && second?.value === "$status" && !third) {
    const [role] = asNodes(first["arguments"]);
    const called = asNode(first["procedure"])?.value;
    return role?.type === "string" && (called === "last" || called === "first") ? { role: String(role.value), answers: true } : undefined;
  }
  if (first?.value !== "steps" || second?.value !== "output" || third?.value !== "$status" || rest.length > 0) return undefined;
  const [filter] = Array.isArray(first["stages"]) ? (first["stages"] as unknown[]) : [];
  const index = asNode(asNode(filter)?.["expr"]);
  return index?.type === "number" && index.value === -1 ? { role: node.name, answers: false } : undefined;
}

/** Why a graph of conditions never sees a role's step with the status: only `forfeit` hands one to it. */
function explainListed(status: EngineStatus, role: RoleOutline, node: GraphNodeOutline | undefined, answers: boolean): Dead | undefined {
  const turn = findValue(role.node, "turn");
  const forfeits = (field: string): boolean => findText(turn, field)?.value === "forfeit";
  const policy = (field: string, what: string): Dead | undefined =>
    forfeits(field)
      ? undefined
      : {
          why: `${what} of \`${role.name}\` does not reach the graph`,
          hint: `say \`turn: { ${field}: forfeit }\`; otherwise the role's policy acts`,
        };
  const never: Dead = {
    why: `a graph of conditions is never given \`${status}\` of \`${role.name}\``,
    hint: "the role's policy acts instead",
  };
  const skipped: Dead | undefined =
    answers && !engineStatuses[status].agents
      ? { why: `\`$first\` and \`$last\` skip steps that nobody answered`, hint: "read the step itself: steps[-1].output.`$status`" }
      : undefined;
  const broadcast = role.type === "broadcast";
  switch (status) {
    case "$ACKED":
      return broadcast ? undefined : never;
    case "$PARTIAL":
      if (!broadcast || readNeed(role) === "none") return never;
      return policy("on_timeout", "a broadcast that fails is suspended before the graph is asked: `$PARTIAL`");
    case "$TIMEOUT":
      return broadcast ? never : (policy("on_timeout", "the `$TIMEOUT`") ?? skipped);
    case "$FAILED":
      return broadcast && !awaits(node) ? never : (policy("on_fail", "the `$FAILED`") ?? skipped);
    case "$UNFILLED":
    case "$OFFLINE":
    case "$MAX_ROUNDS":
      return never;
    default:
      return status satisfies never;
  }
}
