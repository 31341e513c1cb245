/** Takes the decisions of a workflow: which edge, with its prompt, events and children. Pure: the same view gives the same. */
import type { Moderated } from "../../../machines/messages.ts";
import type { EdgeIr, NodeIr, Payload, WorkflowIr } from "../ir.ts";
import { chooseEdge } from "./choose-edge.ts";
import { evaluateEmits, evaluateSpawns, type PayloadContext } from "./effects.ts";
import { readsSteps } from "./reads-steps.ts";
import { buildTemplateScope, evaluateOverThread } from "./scope.ts";
import { renderTemplate } from "./template.ts";
import type { Decision, DecisionResult, DecisionView } from "./view.ts";

/** Decides for one workflow. Never throws, but for what the view's own functions throw. */
export interface Moderator {
  /**
   * @param status the engine's own status (`$MAX_ROUNDS`), which decides in place of the last output's
   */
  decide(node: string, view: DecisionView, status?: string): Promise<DecisionResult>;
  /** Whether deciding at the node may load the whole history. */
  needsSteps(node: string): boolean;
}

function listExpressions(ir: WorkflowIr, node: NodeIr): string[] {
  const ofPayload = (payload: Payload | undefined): string[] => (payload?.kind === "expression" ? [payload.source] : []);
  return [
    ...(ir.moderator === undefined ? [] : [ir.moderator]),
    ...node.edges.flatMap(({ guard, emit, spawn }) => [
      ...(guard.type === "condition" ? [guard.expression] : []),
      ...emit.flatMap(({ data }) => ofPayload(data)),
      ...spawn.flatMap(({ input }) => ofPayload(input)),
    ]),
  ];
}

/** A role's own wish to stop: from any role, whatever its schema says. */
function readSuspension(node: NodeIr, view: DecisionView): Decision | undefined {
  const output = view.last?.output;
  if (node.name === "$START" || output?.["$status"] !== "$SUSPEND" || node.edges.some((edge) => edge.id === "$SUSPEND")) return undefined;
  const reason = typeof output["reason"] === "string" ? output["reason"] : "";
  return {
    edge: "$SUSPEND",
    target: "$SUSPEND",
    prompt: reason,
    suspend: { reason },
    emits: [],
    spawns: [],
    because: { form: "status", status: "$SUSPEND" },
  };
}

async function takeEdge(
  ir: WorkflowIr,
  node: NodeIr,
  edge: EdgeIr,
  view: DecisionView,
  spoken: string | undefined,
): Promise<DecisionResult | Omit<Decision, "because">> {
  const sources = JSON.stringify([edge.prompt, edge.emit, edge.spawn, edge.location]);
  const scope = await buildTemplateScope(
    view,
    node.name,
    ir.roles.map((role) => role.name),
    sources,
  );
  const rendered = edge.prompt ? await renderTemplate(edge.prompt, scope) : undefined;
  if (rendered && !rendered.ok) return rendered;
  const prompt = spoken ?? rendered?.text ?? null;
  if (ir.form === "status" && (prompt === null || prompt.trim() === ""))
    return {
      ok: false,
      error: { code: "blank_prompt", message: `the prompt of "${node.name}" to "${edge.target}" (${edge.label}) comes out blank` },
    };
  const location = edge.location === undefined ? undefined : await renderLocation(ir, edge.location, scope);
  if (location && !location.ok) return location;
  const context: PayloadContext = { evaluate: (source) => evaluateOverThread(source, view), scope };
  const emits = await evaluateEmits(edge.emit, context);
  if (!emits.ok) return emits;
  const spawns = await evaluateSpawns(edge.spawn, context);
  if (!spawns.ok) return spawns;
  return {
    edge: edge.id,
    target: edge.target,
    prompt,
    ...(location?.text ? { location: location.text } : {}),
    ...(edge.target === "$SUSPEND" ? { suspend: { reason: prompt ?? "" } } : {}),
    emits: emits.emits,
    spawns: spawns.spawns,
  };
}

// A location may name what only the thread knows, such as a worktree.
async function renderLocation(
  ir: WorkflowIr,
  location: string,
  scope: Parameters<typeof renderTemplate>[1],
): ReturnType<typeof renderTemplate> {
  return renderTemplate(
    ir.form === "status" && location.includes("{{") ? { kind: "liquid", source: location } : { kind: "literal", text: location },
    scope,
  );
}

/** The facts of a decision that the machine hears of. */
export function summariseDecision(decision: Decision): Moderated {
  const children = decision.spawns.filter((spawn) => spawn.await !== undefined).length;
  const { edge, suspend } = decision;
  return { edge, ...(suspend ? { suspend } : {}), ...(children > 0 ? { children } : {}) };
}

/** Makes the moderator of a workflow. Expressions and templates are compiled once, when first needed. */
export function createModerator(ir: WorkflowIr): Moderator {
  const nodes = new Map(ir.nodes.map((node) => [node.name, node]));
  return {
    needsSteps(name) {
      const node = nodes.get(name);
      return node !== undefined && listExpressions(ir, node).some(readsSteps);
    },
    async decide(name, view, status) {
      const node = nodes.get(name);
      if (!node) return { ok: false, error: { code: "no_node", message: `the graph has no entry for "${name}"` } };
      const suspension = status === undefined ? readSuspension(node, view) : undefined;
      if (suspension) return { ok: true, decision: suspension };
      const choice = await chooseEdge(ir, node, view, status);
      if (!choice.ok) return choice;
      const taken = await takeEdge(ir, node, choice.edge, view, choice.prompt);
      return "ok" in taken ? taken : { ok: true, decision: { ...taken, because: choice.because } };
    },
  };
}
