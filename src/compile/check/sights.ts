/** Every place of a file where an expression or a template stands, with the types of what it sees there. */
import { type ExpressionView, expressionViews } from "../expressions/views.ts";
import { compileLimits } from "../limits.ts";
import { bidOf, card } from "../meaning/engine-types.ts";
import { addFacts, type Facts, joinFacts, noFacts, readTest } from "../meaning/facts.ts";
import type { ExpressionSight } from "../meaning/inference.ts";
import type { TemplateSight as TemplateTypes } from "../meaning/template-scope.ts";
import { join, narrow, ofConstants, ofFields, type Type, text, unknown } from "../meaning/type.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { GraphPlace, SeenTemplate, TemplateSight, TemplateText } from "./check-templates.ts";
import type { Checked } from "./check-workflow.ts";
import type { Meaning } from "./meaning.ts";
import type { Outline } from "./outline.ts";
import { readRoleSchema } from "./role-schema.ts";

/** Trees of expressions, by source. */
export type Trees = Pick<Checked["parsed"], "get">;

/** What a place makes of the result. */
export type Use = "truth" | "condition" | "number" | "key" | "agent" | "role" | "value";

/** An expression where it stands. */
export interface SeenExpression {
  node: TextNode;
  view: ExpressionView;
  sight: ExpressionSight;
  use: Use;
}

type Add = (node: SourceNode | undefined, use: Use, view: ExpressionView, sight: ExpressionSight) => void;

/** Lists all expressions. */
export function listExpressions({ outline, parsed }: { outline: Outline; parsed: Trees }, meaning: Meaning): SeenExpression[] {
  const listed: SeenExpression[] = [];
  const add: Add = (node, use, view, sight) => {
    if (isText(node)) listed.push({ node, use, view, sight });
  };
  const { event, steps } = meaning;
  const start = ofFields("`start`", { workflow: text, prompt: unknown, event });
  const bare = { event, steps, last: unknown };
  for (const role of outline.roles.values()) {
    const { node } = role;
    const from = { ...bare, root: ofFields("`{event, start}`", { event, start }) };
    add(findText(findValue(node, "agent"), "from"), "agent", expressionViews.start, from);
    add(findText(findValue(node, "eligibility"), "where"), "truth", expressionViews.card, { ...bare, root: card });
    add(findText(findValue(node, "recruitment"), "score"), "number", expressionViews.bid, { ...bare, root: bidOf(event) });
    const ok = findText(findValue(findValue(node, "broadcast"), "ack"), "ok");
    add(ok, "truth", expressionViews.output, { ...bare, root: meaning.answerOf(role.name) });
  }
  const thread = (last: Type, facts: Facts, places: readonly GraphPlace[]): ExpressionSight => ({
    ...bare,
    root: ofFields("`{start, steps}`", { start, steps }),
    last,
    facts,
    answerOf: (role, which) => joinSpoken(places, meaning, role, which),
  });
  const failed = listFailed(outline, parsed);
  addConditions(outline, failed, meaning, thread, add);
  add(outline.moderator, "role", expressionViews.moderator, thread(unknown, noFacts, []));
  addEffects(outline, parsed, failed, meaning, thread, add);
  for (const reflex of outline.reflexes) {
    const seen = meaning.eventAt(reflex);
    const sight = { ...bare, root: seen, event: seen };
    add(findText(reflex, "when"), "truth", expressionViews.event, sight);
    add(findText(reflex, "priority"), "number", expressionViews.event, sight);
    for (const part of [findText(reflex, "key"), ...listItems(reflex, "key")]) add(part, "key", expressionViews.event, sight);
    for (const emit of listItems(reflex, "emit")) add(findText(emit, "data"), "value", expressionViews.event, sight);
  }
  return listed;
}

type Thread = (last: Type, facts: Facts, places: readonly GraphPlace[]) => ExpressionSight;

function joinSpoken(places: readonly GraphPlace[], meaning: Meaning, role: string, which: "first" | "last"): Type {
  if (places.length === 0) return meaning.spokenAt(undefined, undefined, role, which);
  const types = places.map(({ node, edge }) => meaning.spokenAt(node, edge, role, which));
  return types[0] !== undefined && types.every((type) => type === types[0]) ? types[0] : join(types);
}

function testOf(expression: SourceNode | undefined, parsed: Trees): ReturnType<typeof readTest> {
  const tree = isText(expression) ? parsed.get(expression.value) : undefined;
  return readTest(tree?.ok ? tree.tree : undefined);
}

/** Of a node's transitions: what the conditions before it tell, which all failed. */
function listFailed(outline: Outline, parsed: Trees): Map<SourceNode, Facts> {
  const known = new Map<SourceNode, Facts>();
  for (const { edges } of outline.nodes) {
    let failed = noFacts;
    for (const { node, condition } of edges) {
      known.set(node, failed);
      if (condition) failed = addFacts(failed, testOf(outline.conditions.get(condition.value)?.expression, parsed).failed);
    }
  }
  return known;
}

type Failed = ReadonlyMap<SourceNode, Facts>;

function addConditions(outline: Outline, failed: Failed, meaning: Meaning, thread: Thread, add: Add): void {
  const uses = new Map<string, { place: GraphPlace; facts: Facts }[]>();
  for (const { name, edges } of outline.nodes)
    for (const { node, condition } of edges) {
      if (!condition) continue;
      const use = { place: { node: name, edge: undefined }, facts: failed.get(node) ?? noFacts };
      uses.set(condition.value, [...(uses.get(condition.value) ?? []), use]);
    }
  for (const { name, expression } of [...outline.conditions.values()].slice(0, compileLimits.conditions)) {
    const used = uses.get(name) ?? [];
    const places = used.map(({ place }) => place);
    const last = used.length === 0 ? unknown : join([...new Set(places.map(({ node }) => node))].map((node) => meaning.lastAt(node)));
    const [first, ...others] = used.map(({ facts }) => facts);
    add(expression, "condition", expressionViews.steps, thread(last, others.reduce(joinFacts, first ?? noFacts), places));
  }
}

function addEffects(outline: Outline, parsed: Trees, failed: Failed, meaning: Meaning, thread: Thread, add: Add): void {
  // Edges may share what anchors repeat: what one never sees another may.
  const shared = new Map<number, { node: SourceNode; last: Type[]; facts: Facts[]; places: GraphPlace[] }>();
  for (const { name, edges } of outline.nodes)
    for (const { id, key, node, condition } of edges) {
      const held = condition ? testOf(outline.conditions.get(condition.value)?.expression, parsed).held : noFacts;
      const texts = [
        ...listItems(node, "emit").map((emit) => findText(emit, "data")),
        ...listItems(node, "spawn").map((spawn) => findText(spawn, "input")),
      ];
      for (const effect of texts.filter(isText)) {
        const at = shared.get(effect.span.start) ?? { node: effect, last: [], facts: [], places: [] };
        shared.set(effect.span.start, at);
        at.last.push(meaning.lastAt(name, key && id));
        at.facts.push(addFacts(failed.get(node) ?? noFacts, held));
        at.places.push({ node: name, edge: key && id });
      }
    }
  for (const { node, last, facts, places } of shared.values()) {
    const [first, ...others] = facts;
    add(node, "value", expressionViews.steps, thread(join(last), others.reduce(joinFacts, first ?? noFacts), places));
  }
}

/** A template with the types of what it sees. */
export interface TypedTemplate extends SeenTemplate {
  types: TemplateTypes;
}

/** Lists all templates that parse, each once. */
export function listTemplates({ templates }: Pick<Checked, "templates">, meaning: Meaning): TypedTemplate[] {
  const byPlace = new Map<number, SeenTemplate[]>();
  for (const seen of templates) byPlace.set(seen.node.span.start, [...(byPlace.get(seen.node.span.start) ?? []), seen]);
  return [...byPlace.values()].flatMap((same) => {
    const [seen] = same;
    return seen ? [{ ...seen, types: typeTemplates(same, meaning) }] : [];
  });
}

/** The types of what a template sees that stands at these places. */
export function typeTemplates(texts: readonly Omit<TemplateText, "node">[], meaning: Meaning): TemplateTypes {
  return joinSights(texts.map((each) => typeTemplate(each, meaning)));
}

function joinSights(types: readonly TemplateTypes[]): TemplateTypes {
  const [first, ...others] = types;
  if (!first || others.length === 0) return first ?? { root: unknown, own: new Map() };
  const own = new Map([...first.own].map(([name]) => [name, join(types.map((each) => each.own.get(name) ?? unknown))]));
  return { root: join(types.map(({ root }) => root)), own, deep: types.every(({ deep }) => deep === true) };
}

function typeTemplate({ sight, place }: Omit<TemplateText, "node">, meaning: Meaning): TemplateTypes {
  if (sight.kind === "reflex") {
    const event = meaning.eventAt(sight.reflex);
    return { root: event, own: new Map([["_event", event]]), deep: true };
  }
  const { root, status } = typeSight(sight, place?.edge, meaning);
  return {
    root,
    own: new Map([
      ["_last", meaning.latestAt(place?.node, place?.edge)],
      ["_event", meaning.event],
      ["_children", meaning.childrenAt(place?.node, place?.edge)],
      ["_body", text],
      ["_status", status],
    ]),
  };
}

/** What a template sees by name, and its `_status`. */
function typeSight(
  sight: Exclude<TemplateSight, { kind: "reflex" }>,
  edge: string | undefined,
  meaning: Meaning,
): { root: Type; status: Type } {
  const status = edge === undefined || edge === "_" ? unknown : ofConstants([edge]);
  switch (sight.kind) {
    case "event":
      return { root: meaning.event, status };
    case "output": {
      const { role } = sight;
      // Older files have their status elsewhere.
      const isNew = role.schema !== undefined && readRoleSchema(role.schema).statusKey === "$status";
      return { root: narrow(meaning.outputOf(role.name), ["$status"], sight.status), status: isNew ? status : unknown };
    }
    case "broadcast":
      return { root: meaning.outputOf(sight.role.name), status };
    case "anything":
      return { root: unknown, status };
    default:
      return sight satisfies never;
  }
}
