/** Finds work without an end: a workflow that always starts itself, by a child or by an event that its reflexes listen to. */
import { matchesKind } from "../../contract/kinds/matches-kind.ts";
import { isEngineStatus } from "../../contract/language.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { parseExpression } from "../expressions/parse-expression.ts";
import { asNodes } from "../expressions/walk.ts";
import type { MapNode, SourceNode, TextNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listItems } from "../source/node.ts";
import type { EdgeOutline, Outline } from "./outline.ts";

/** Reports endless spawns. */
export function checkEndless(outline: Outline, report: Report): void {
  const name = findText(outline.root, "name")?.value;
  if (name === undefined) return;
  const hint = "let a way lead to `$END` that spawns none; the chain is cut off 16 deep";
  const sure = findSureSpawns(outline, name);
  for (const workflow of sure)
    report.add("endless-spawn", workflow.span, `Every thread of \`${name}\` spawns another one, without an end.`, { hint });
  for (const workflow of sure.length > 0 ? [] : findSureSpawns(outline, name, (edge) => !isFailure(edge)))
    report.add("endless-spawn", workflow.span, `Every thread of \`${name}\` in which no turn fails spawns another one, without an end.`, {
      hint,
      severity: "warning",
    });
}

/** Whether an edge is taken where something went wrong. */
function isFailure({ id }: EdgeOutline): boolean {
  return isEngineStatus(id) && id !== "$ACKED";
}

/**
 * Where a workflow is spawned, if every thread surely spawns one on its way to `$END`; else none.
 * @param counts whether an edge counts as a way
 */
export function findSureSpawns(outline: Outline, name: string, counts = (_: EdgeOutline) => true): TextNode[] {
  const spawning = new Map(
    outline.nodes.flatMap(({ edges }) =>
      edges.flatMap((edge): [EdgeOutline, TextNode][] => {
        const one = listItems(edge.node, "spawn").find(
          (spawn) => findText(spawn, "workflow")?.value === name && isOne(findValue(spawn, "input")),
        );
        const workflow = findText(one, "workflow");
        return workflow ? [[edge, workflow]] : [];
      }),
    ),
  );
  return spawning.size > 0 && !reachesEnd(outline, (edge) => counts(edge) && !spawning.has(edge)) ? [...spawning.values()] : [];
}

/** Whether an input surely gives one child: a list gives as many as it has items, which may be none. */
function isOne(input: SourceNode | undefined): boolean {
  if (!isText(input)) return input?.kind !== "list";
  const parsed = parseExpression(input.value);
  if (!parsed.ok) return false;
  const { type, value, ...tree } = parsed.tree;
  if (type === "unary") return value === "{" || (value === "[" && asNodes(tree["expressions"]).some((item) => item.type !== "path"));
  // Outputs and events are maps.
  return type === "string" || type === "number" || /^(steps\[-1\]\.output|start\.event|\$event)$/.test(input.value.trim());
}

/** Whether some way leads from a new thread to its end by the edges that are left. */
function reachesEnd(outline: Outline, isLeft: (edge: EdgeOutline) => boolean): boolean {
  const nodes = new Map(outline.nodes.map((node) => [node.name, node]));
  const reached = new Set(["$START"]);
  for (const name of reached)
    for (const edge of nodes.get(name)?.edges ?? [])
      if (edge.id !== "resume" && edge.target && isLeft(edge)) reached.add(edge.target.value);
  return reached.has("$END") || outline.form === "moderator";
}

/** A reflex, with what an event that it answers surely leads to. */
export interface Reaction {
  node: MapNode;
  on: string[];
  /** Only an event that passes its data on surely meets the condition again. */
  guarded: boolean;
  to: Source;
}

/** What emits: a thread of this workflow, or one of its reflexes. */
export type Source = "thread" | MapNode;

/** The reflexes of a file that start threads or emit. */
export function readReactions(outline: Outline): Reaction[] {
  return outline.reflexes.flatMap((node): Reaction[] => {
    const does = findText(node, "kind")?.value;
    const begins = does === "signal" && findText(node, "signal")?.value === "resume" && hasResume(outline);
    if (does !== "workflow" && does !== "emit" && !begins) return [];
    const on = listItems(node, "on").flatMap((item) => (isText(item) ? [item.value] : []));
    return [{ node, on, guarded: begins || findEntry(node, "when") !== undefined, to: does === "emit" ? node : "thread" }];
  });
}

/** Whether a thread that has ended may be begun anew by a signal. */
function hasResume(outline: Outline): boolean {
  return outline.nodes.some(({ name, edges }) => name === "$START" && edges.some(({ id }) => id === "resume"));
}

/** Reports endless chains of events. All of it are warnings. */
export function checkChains(outline: Outline, report: Report): void {
  const reactions = readReactions(outline);
  const emits = reactions.length === 0 ? new Map<Source, SourceNode[]>() : readEmits(outline, reactions);
  const answers = new Map([...emits.values()].flat().map((emit) => [emit, reactions.filter((reaction) => isAnswered(emit, reaction))]));
  const next = new Map(
    [...emits].map(([source, list]) => [source, new Set(list.flatMap((emit) => (answers.get(emit) ?? []).map(({ to }) => to)))]),
  );
  for (const [source, list] of emits) {
    for (const emit of list) {
      const kind = findText(emit, "kind");
      const back = answers.get(emit)?.find(({ to }) => leadsTo(source, to, next));
      if (kind === undefined || back === undefined) continue;
      const does = back.to === "thread" ? "starts a thread, which may emit it again" : "answers with what leads to it again";
      report.add("endless-chain", kind.span, `\`${kind.value}\` leads back to itself: a reflex of this workflow ${does}.`, {
        hint: "emit another kind, or tell the two apart by `when`; the chain is cut off 16 deep",
        related: [{ span: findEntry(back.node, "on")?.keyNode.span ?? back.node.span, message: "it listens here" }],
      });
    }
  }
}

/** What a file's threads and reflexes emit. */
export function readEmits(outline: Outline, reactions: readonly Reaction[]): Map<Source, SourceNode[]> {
  return new Map<Source, SourceNode[]>([
    ["thread", outline.nodes.flatMap(({ edges }) => edges.flatMap((edge) => listItems(edge.node, "emit")))],
    ...reactions.flatMap(({ node, to }): [Source, SourceNode[]][] => (to === "thread" ? [] : [[to, listItems(node, "emit")]])),
  ]);
}

function leadsTo(source: Source, from: Source, next: Map<Source, Set<Source>>): boolean {
  const reached = new Set([from]);
  for (const each of reached) {
    if (each === source) return true;
    for (const to of next.get(each) ?? []) reached.add(to);
  }
  return false;
}

/** Whether a reflex surely takes what is emitted, as often as it is. */
export function isAnswered(emit: SourceNode, { on, guarded }: Pick<Reaction, "on" | "guarded">): boolean {
  const kind = findText(emit, "kind")?.value ?? "";
  if (!matchesKind(on, kind)) return false;
  return !guarded || /^(start\.event|\$event)\.data$/.test(findText(emit, "data")?.value.trim() ?? "");
}
