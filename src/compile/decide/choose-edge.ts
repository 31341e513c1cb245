/** Picks a node's edge: by the last output's status, by the first condition that holds, or by the moderator's word. */
import type { Json } from "../../contract/event.ts";
import type { EdgeIr, NodeIr, WorkflowIr } from "../ir.ts";
import { isTruthy } from "./expression.ts";
import { evaluateOverThread } from "./scope.ts";
import type { Because, DecisionError, DecisionView } from "./view.ts";

/** The edge, why, and what the moderator said of the prompt. */
export type Choice = { ok: true; edge: EdgeIr; because: Because; prompt?: string } | { ok: false; error: DecisionError };

/** Characters of a value that an explanation keeps. */
const sawLength = 200;

function clip(value: Json | undefined): Json {
  const text = JSON.stringify(value ?? null);
  return text.length <= sawLength ? (value ?? null) : `${text.slice(0, sawLength)}…`;
}

function fail(code: DecisionError["code"], message: string): { ok: false; error: DecisionError } {
  return { ok: false, error: { code, message } };
}

function findEdge(node: NodeIr, status: string): EdgeIr | undefined {
  return node.edges.find(({ guard }) => guard.type === "status" && guard.status === status);
}

/** The status that picks the edge; `_` where the node knows no other. */
function readStatus(node: NodeIr, view: DecisionView): string | undefined {
  if (node.name === "$START") return findEdge(node, view.start.which) || !findEdge(node, "_") ? view.start.which : "_";
  const output = view.last?.output ?? {};
  const written = output["$status"] ?? output["status"];
  if (typeof written === "string") return written;
  const [only, ...others] = node.edges;
  return only && others.length === 0 && only.id === "_" ? "_" : undefined;
}

function chooseByStatus(node: NodeIr, view: DecisionView, status: string | undefined): Choice {
  const key = status ?? readStatus(node, view);
  if (key === undefined) return fail("no_status", `the output of "${node.name}" has no "$status" that is a string`);
  const edge = findEdge(node, key);
  return edge
    ? { ok: true, edge, because: { form: "status", status: key } }
    : fail("no_edge", `"${node.name}" has no edge for the status "${key}"`);
}

async function chooseByCondition(node: NodeIr, view: DecisionView): Promise<Choice> {
  const tried: { condition: string; expression: string; saw: Json }[] = [];
  for (const edge of node.edges) {
    const { guard } = edge;
    if (guard.type === "always") return { ok: true, edge, because: { form: "list", tried } };
    if (guard.type === "status") continue;
    const seen = await evaluateOverThread(guard.expression, view);
    if (!seen.ok) return fail(seen.error.code, `condition "${guard.name}" of "${node.name}": ${seen.error.message}`);
    tried.push({ condition: guard.name, expression: guard.expression, saw: clip(seen.value) });
    if (isTruthy(seen.value)) return { ok: true, edge, because: { form: "list", tried } };
  }
  return fail("no_edge", `no condition of "${node.name}" holds`);
}

async function chooseByModerator(ir: WorkflowIr, node: NodeIr, view: DecisionView): Promise<Choice> {
  const said = await evaluateOverThread(ir.moderator ?? "", view);
  if (!said.ok) return fail(said.error.code, `the moderator: ${said.error.message}`);
  const { value } = said;
  const answer = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  const role = answer["role"];
  if (typeof role !== "string") return fail("bad_moderator", "the moderator gave no {role}");
  const target = role === "__end__" ? "$END" : role;
  const edge = node.edges.find((candidate) => candidate.target === target);
  if (!edge) return fail("bad_moderator", `the moderator picked "${role}", which is no role`);
  const prompt = answer["prompt"];
  return { ok: true, edge, because: { form: "moderator", saw: clip(value) }, ...(typeof prompt === "string" ? { prompt } : {}) };
}

/** Picks the edge where nothing has to be evaluated for that: by a status. */
export function chooseAtOnce(ir: WorkflowIr, node: NodeIr, view: DecisionView, status: string | undefined): Choice | undefined {
  return status !== undefined || ir.form === "status" ? chooseByStatus(node, view, status) : undefined;
}

/**
 * Picks the edge.
 * @param status the engine's own status, which decides in place of the last output's
 */
export async function chooseEdge(ir: WorkflowIr, node: NodeIr, view: DecisionView, status?: string): Promise<Choice> {
  const chosen = chooseAtOnce(ir, node, view, status);
  if (chosen) return chosen;
  switch (ir.form) {
    case "status":
      return chooseByStatus(node, view, status);
    case "list":
      return chooseByCondition(node, view);
    case "moderator":
      return chooseByModerator(ir, node, view);
    default:
      return ir.form satisfies never;
  }
}
