/** Takes the decisions of a workflow: which edge, with its prompt, events and children. Pure: the same view gives the same. */

import type { Moderated } from "../../../machines/messages.ts";
import { countBytes, exceedsBytes, limits } from "../../contract/limits.ts";
import type { EdgeIr, NodeIr, Payload, WorkflowIr } from "../ir.ts";
import { chooseAtOnce, chooseEdge } from "./choose-edge.ts";
import { evaluateEmits, evaluateSpawns, type PayloadContext } from "./effects.ts";
import { readsSteps } from "./reads-steps.ts";
import { buildTemplateScope, evaluateOverThread, readLatest, readsLatest } from "./scope.ts";
import { type Rendered, renderTemplate, type TemplateScope } from "./template.ts";
import type { Decision, DecisionError, DecisionResult, DecisionView, EvaluatedEmit, EvaluatedSpawn } from "./view.ts";

/** Decides for one workflow. Never throws, but for what the view's own functions throw. */
export interface Moderator {
  /**
   * @param status the engine's own status (`$MAX_ROUNDS`), which decides in place of the last output's
   */
  decide(node: string, view: DecisionView, status?: string): Promise<DecisionResult>;
  /**
   * The prompt of an edge whose children were waited for, written anew now that they have ended.
   * @returns null where it says the same as before: it was spoken by the moderator, or is no template
   */
  renderPrompt(
    node: string,
    edge: string,
    view: DecisionView,
  ): Promise<{ ok: true; prompt: string | null } | { ok: false; error: DecisionError }>;
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

/** Bytes of what one edge makes of its templates, each beside its reason. */
const edgeLimits = {
  /** Of an emit's data or a child's input: with its envelope it fits an event. */
  payload: limits.eventBytes - 8 * 1024,
  /** Of the prompt: the turn that carries it has the last output and the procedure beside it, in one row of 2 MB. */
  prompt: limits.eventBytes,
  /** Of all together: they are one row until they are on their way. */
  total: 1_500_000,
} as const;

/** What of an edge is too large, in words; undefined: all of it fits. */
function findTooLarge(prompt: string | null, emits: EvaluatedEmit[], spawns: EvaluatedSpawn[]): string | undefined {
  if (!emits.length && !spawns.length && !exceedsBytes(prompt ?? "", edgeLimits.prompt)) return undefined;
  let total = 0;
  const exceeds = (text: string, most: number): boolean => {
    const bytes = countBytes(text);
    total += bytes;
    return bytes > most;
  };
  if (exceeds(prompt ?? "", edgeLimits.prompt)) return `its prompt has more than ${edgeLimits.prompt} bytes`;
  for (const { kind, data } of emits)
    if (exceeds(JSON.stringify(data ?? null), edgeLimits.payload))
      return `the data of its event ${kind} has more than ${edgeLimits.payload} bytes`;
  for (const { workflow, input } of spawns)
    if (exceeds(JSON.stringify(input ?? null), edgeLimits.payload))
      return `the input of its child ${workflow} has more than ${edgeLimits.payload} bytes`;
  return total > edgeLimits.total ? `all that it says has ${total} bytes, and ${edgeLimits.total} is the most` : undefined;
}

/** Children of one edge: their parent's turn sees them all in one prompt, and each is a thread of its own. */
const childrenAtMost = 100;

function awaitsChildren(edge: EdgeIr): boolean {
  return edge.spawn.some((spawn) => spawn.await !== undefined);
}

function isBlank(prompt: string | null): boolean {
  return prompt === null || prompt.trim() === "";
}

function describeBlank(node: NodeIr, edge: EdgeIr): DecisionError {
  return { code: "blank_prompt", message: `the prompt of "${node.name}" to "${edge.target}" (${edge.label}) comes out blank` };
}

const sourcesOf = new WeakMap<EdgeIr, string>();

/** All templates and expressions of an edge as one text, which says what they may name. */
function readSources(edge: EdgeIr): string {
  const known = sourcesOf.get(edge);
  if (known !== undefined) return known;
  const { prompt, emit, spawn, location } = edge;
  const sources = JSON.stringify([prompt, emit, spawn, location]);
  sourcesOf.set(edge, sources);
  return sources;
}

const noEmits = { ok: true as const, emits: [] };
const noSpawns = { ok: true as const, spawns: [] };

async function takeEdge(
  ir: WorkflowIr,
  node: NodeIr,
  edge: EdgeIr,
  view: DecisionView,
  spoken: string | undefined,
): Promise<DecisionResult | Omit<Decision, "because">> {
  const latest = readsLatest(readSources(edge)) ? await readLatest(view, ir) : {};
  const scope = buildTemplateScope(view, node.name, latest);
  const rendered = edge.prompt ? await renderTemplate(edge.prompt, scope) : undefined;
  if (rendered && !rendered.ok) return rendered;
  const prompt = spoken ?? rendered?.text ?? null;
  // What children are waited for may say is written when they have ended.
  if (ir.form === "status" && !awaitsChildren(edge) && isBlank(prompt)) return { ok: false, error: describeBlank(node, edge) };
  const location = edge.location === undefined ? undefined : await renderLocation(ir, edge.location, scope);
  if (location && !location.ok) return location;
  const context: PayloadContext = { evaluate: (source) => evaluateOverThread(source, view), scope };
  const emits = edge.emit.length ? await evaluateEmits(edge.emit, context) : noEmits;
  if (!emits.ok) return emits;
  const spawns = edge.spawn.length ? await evaluateSpawns(edge.spawn, context) : noSpawns;
  if (!spawns.ok) return spawns;
  if (spawns.spawns.length > childrenAtMost)
    return {
      ok: false,
      error: {
        code: "too_many_children",
        message: `the edge of "${node.name}" to "${edge.target}" (${edge.label}) would spawn ${spawns.spawns.length} children, and ${childrenAtMost} is the most`,
      },
    };
  const tooLarge = findTooLarge(prompt, emits.emits, spawns.spawns);
  if (tooLarge !== undefined)
    return {
      ok: false,
      error: {
        code: "edge_too_large",
        message: `the edge of "${node.name}" to "${edge.target}" (${edge.label}) cannot be taken: ${tooLarge}`,
      },
    };
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
async function renderLocation(ir: WorkflowIr, location: string, scope: TemplateScope): Promise<Rendered> {
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
    async renderPrompt(name, id, view) {
      const node = nodes.get(name);
      const edge = node?.edges.find((each) => each.id === id);
      if (!node || !edge || edge.prompt?.kind !== "liquid" || ir.form === "moderator") return { ok: true, prompt: null };
      const latest = readsLatest(edge.prompt.source) ? await readLatest(view, ir) : {};
      const scope = buildTemplateScope(view, node.name, latest);
      const rendered = await renderTemplate(edge.prompt, scope);
      if (!rendered.ok) return rendered;
      const tooLarge = findTooLarge(rendered.text, [], []);
      if (tooLarge !== undefined)
        return {
          ok: false,
          error: { code: "edge_too_large", message: `the edge of "${name}" to "${edge.target}" cannot be taken: ${tooLarge}` },
        };
      return isBlank(rendered.text) ? { ok: false, error: describeBlank(node, edge) } : { ok: true, prompt: rendered.text };
    },
    async decide(name, view, status) {
      const node = nodes.get(name);
      if (!node) return { ok: false, error: { code: "no_node", message: `the graph has no entry for "${name}"` } };
      const suspension = status === undefined ? readSuspension(node, view) : undefined;
      if (suspension) return { ok: true, decision: suspension };
      const choice = chooseAtOnce(ir, node, view, status) ?? (await chooseEdge(ir, node, view, status));
      if (!choice.ok) return choice;
      const taken = await takeEdge(ir, node, choice.edge, view, choice.prompt);
      return "ok" in taken ? taken : { ok: true, decision: { ...taken, because: choice.because } };
    },
  };
}
