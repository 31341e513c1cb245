/** Finds edges that the engine can never take: it gives their status to no step, or an earlier edge always holds. */
import { type EngineStatus, engineStatuses, isEngineStatus } from "../../contract/language.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { type ExpressionNode, parseExpression } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { findText, findValue, listItems } from "../source/node.ts";
import type { ConditionOutline, EdgeOutline, GraphNodeOutline, Outline, RoleOutline } from "./outline.ts";

/** Reports edges that can never be taken. */
export function checkDeadEdges(outline: Outline, report: Report): void {
  for (const node of outline.nodes) {
    if (node.value.kind === "list") checkListed(node, outline, report);
    else {
      const role = outline.roles.get(node.name);
      if (role) checkKeyed(node, role, report);
    }
  }
}

function awaits(node: GraphNodeOutline | undefined): boolean {
  return (node?.edges ?? []).some((edge) =>
    listItems(edge.node, "spawn").some((spawn) => {
      const wait = findValue(spawn, "await");
      return wait?.kind === "map" || (wait?.kind === "scalar" && wait.value === true);
    }),
  );
}

function readNeed(role: RoleOutline): string | undefined {
  return findText(findValue(findValue(role.node, "broadcast"), "ack"), "need")?.value;
}

function checkKeyed(node: GraphNodeOutline, role: RoleOutline, report: Report): void {
  for (const { key, id } of node.edges) {
    if (key === undefined || !isEngineStatus(id)) continue;
    const why = explainKeyed(id, node, role);
    if (why !== undefined)
      report.add("edge-never-taken", key.span, `This edge can never be taken, because ${why}.`, { hint: "leave it out" });
  }
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

function checkListed(node: GraphNodeOutline, outline: Outline, report: Report): void {
  const seen = new Map<string, EdgeOutline>();
  for (const edge of node.edges) {
    const condition = edge.condition && outline.conditions.get(edge.condition.value);
    const source = condition?.expression?.value.trim();
    if (edge.condition === undefined || condition?.expression === undefined || source === undefined) continue;
    const earlier = seen.get(source);
    if (earlier) {
      report.add("edge-never-taken", edge.condition.span, "This edge can never be taken, because an earlier one has the same condition.", {
        related: earlier.condition ? [{ span: earlier.condition.span, message: "this one is taken" }] : [],
      });
      continue;
    }
    seen.set(source, edge);
    const dead = findDead(condition, node, outline);
    if (dead)
      report.add("edge-never-taken", edge.condition.span, `This edge can never be taken, because ${dead.why}.`, {
        ...(dead.hint === undefined ? {} : { hint: dead.hint }),
        related: [{ span: condition.expression.span, message: "this is never true" }],
      });
  }
}

interface Dead {
  why: string;
  hint?: string;
}

function findDead({ expression }: ConditionOutline, node: GraphNodeOutline, outline: Outline): Dead | undefined {
  const source = expression?.value ?? "";
  // Most conditions are about answers: only those that name a status of the engine, or are one word, are looked into.
  if (/^\s*(false|null|0|''|"")\s*$/.test(source)) return { why: `\`${source.trim()}\` is never true` };
  if (!Object.keys(engineStatuses).some((status) => source.includes(status))) return undefined;
  const parsed = parseExpression(source);
  return parsed.ok ? judge(parsed.tree, node, outline) : undefined;
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
