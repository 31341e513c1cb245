/** The types of a workflow's values, by its schemas; each is made when it is asked for. */
import * as z from "zod";
import type { Json } from "../../contract/event.ts";
import { threadEnded, threadGoing } from "../../contract/kinds/thread.ts";
import { isEngineStatus } from "../../contract/language.ts";
import { broadcastOf, childrenOf, engineOutput, eventOf, stepOf } from "../meaning/engine-types.ts";
import { createTypeReader } from "../meaning/read-type.ts";
import { type Fields, join, narrow, nothing, ofFields, ofList, type Type, unknown, unspoken, withAbsence } from "../meaning/type.ts";
import type { MapNode, SourceNode } from "../source/node.ts";
import { findText, findValue, isText, listEntries, listItems, withoutHoles } from "../source/node.ts";
import { createHistory } from "./history.ts";
import type { EdgeOutline, Outline, RoleOutline } from "./outline.ts";

export interface Meaning {
  /** The data of the event that starts a thread. */
  input: Type;
  /** The event that starts a thread. */
  event: Type;
  /** What a reflex sees. */
  eventAt(reflex: MapNode): Type;
  /** An agent's answer. */
  answerOf(role: string): Type;
  /** What a role's turn gives in the end: of a broadcast all answers. */
  outputOf(role: string): Type;
  /** What a role said last, or first, when a place of the graph is reached; undefined node: any. */
  spokenAt(node: string | undefined, edge: string | undefined, role: string, which: "first" | "last"): Type;
  /** The latest outputs of all roles at a place. */
  latestAt(node: string | undefined, edge: string | undefined): Type;
  steps: Type;
  /** The last step at an edge; undefined edge: at any of the node. */
  lastAt(node: string, edge?: string): Type;
  /** The children that a prompt of an edge may tell of. */
  childrenAt(node: string | undefined, edge: string | undefined): Type;
}

/** What a thread of another workflow gives in the end; undefined: the workflow is not known. */
export type OutputOfWorkflow = (workflow: string) => Type | undefined;

/** Makes the types of a file. */
export function createMeaning(outline: Outline, outputOfWorkflow: OutputOfWorkflow = () => undefined): Meaning {
  const history = createHistory(outline);
  const answers = new Map<string, Type>();
  const answerOf = remember(answers, (name) => readAnswer(outline.roles.get(name)));
  const outputOf = remember(new Map<string, Type>(), (name) => {
    const answer = answerOf(name);
    const role = outline.roles.get(name);
    return role?.type === "broadcast" ? broadcastOf(answer, readAsked(role)) : answer;
  });
  const childrenBy = (edges: readonly EdgeOutline[]): Type => {
    const outputs = listSpawned(edges).map((name) => (name === undefined ? undefined : outputOfWorkflow(name)) ?? unknown);
    return childrenOf(outputs.length === 0 ? unknown : join(outputs));
  };
  const every = outline.nodes.flatMap(({ edges }) => edges);
  const everyChild = childrenBy(every);
  /** Those that a node's step may have: started by the edges that lead to it; by its own where one of those failed it, or suspended. */
  const listBefore = (node: string, edge: string | undefined): EdgeOutline[] => {
    const own = outline.nodes.find(({ name }) => name === node)?.edges ?? [];
    const isAnswer = edge !== undefined && own.some(({ id, key }) => key && id === edge && !isEngineStatus(id));
    return [
      ...every.filter(({ target }) => target?.value === node),
      ...own.filter(({ target }) => !isAnswer || target?.value === "$SUSPEND"),
    ];
  };
  const step = remember(new Map<string, Type>(), (name) => stepOf(name, withEngine(outputOf(name)), everyChild));
  const input = findValue(outline.root, "input");
  const data = input?.kind === "map" ? createReader(input, true).read("`input`") : unknown;
  const all = join([...outline.roles.keys()].map(step));

  const spokenAt: Meaning["spokenAt"] = (node, edge, role, which) => {
    const output = outputOf(role);
    if (node === undefined) return output;
    const { when, statuses } = history.look(node, edge, role);
    if (when === "never") return unspoken;
    const isNarrowed = which === "last" && statuses !== undefined && outline.roles.get(role)?.type !== "broadcast";
    const said = isNarrowed ? join([...statuses].map((status) => narrow(output, ["$status"], status))) : output;
    return said.any ? said : withAbsence(said, when === "maybe" && node !== role);
  };
  const dataOf = remember(new Map<string, Type>(), (kind) => readKind(kind, outline, data));

  return {
    input: data,
    event: eventOf(data),
    eventAt(reflex) {
      const kinds = listItems(reflex, "on")
        .filter(isText)
        .map(({ value }) => value);
      const isExact = kinds.length > 0 && kinds.every((kind) => !kind.includes("*"));
      const starts = findText(reflex, "kind")?.value === "workflow" && input !== undefined;
      const about = starts ? data : isExact ? join(kinds.map(dataOf)) : unknown;
      return eventOf(about, isExact ? kinds : undefined);
    },
    answerOf,
    outputOf,
    spokenAt,
    latestAt(node, edge) {
      const names = [...outline.roles.keys()];
      const get = (name: string): Type => (outline.roles.has(name) ? spokenAt(node, edge, name, "last") : unknown);
      const latest: Fields = { label: "`_last`", names, must: [], get, others: "free" };
      return { ...nothing, objects: [latest] };
    },
    steps: outline.rolesUnknown ? unknown : ofList(() => all),
    lastAt(node, edge) {
      if (!outline.roles.has(node)) return unknown;
      if (edge === undefined)
        return outline.form === "moderator" ? step(node) : stepOf(node, withEngine(outputOf(node)), childrenBy(listBefore(node, edge)));
      const output = outputOf(node);
      return stepOf(
        node,
        isEngineStatus(edge) ? withEngine(output) : narrow(output, ["$status"], edge),
        childrenBy(listBefore(node, edge)),
      );
    },
    childrenAt(node, edge) {
      if (node === undefined || node === "$START" || outline.form === "moderator") return everyChild;
      const own = outline.nodes.find(({ name }) => name === node)?.edges.filter(({ id }) => id === edge) ?? [];
      return childrenBy([...new Set([...own, ...listBefore(node, edge)])]);
    },
  };
}

/** The workflows that edges start; undefined: one that can't be told. */
function listSpawned(edges: readonly EdgeOutline[]): (string | undefined)[] {
  return edges.flatMap(({ node }) => listItems(node, "spawn").map((spawn) => findText(spawn, "workflow")?.value));
}

/** What a thread gives in the end: the output of its last step. */
export function readFinalOutput({ outputOf, lastAt }: Meaning, { form, nodes, roles }: Outline): Type {
  if (form === "moderator") return join([...roles.keys()].map((name) => withEngine(outputOf(name))));
  const last = nodes.flatMap(({ name, edges }) =>
    edges.flatMap(({ id, key, target }) => (target?.value === "$END" && roles.has(name) ? [lastAt(name, key && id)] : [])),
  );
  const outputs = last.map((type) => (type.any ? unknown : join(type.objects.map((fields) => fields.get("output")))));
  return outputs.length === 0 ? unknown : join(outputs);
}

/** An answer, or what the engine says in its place. */
function withEngine(output: Type): Type {
  return output.any ? output : join([output, engineOutput]);
}

function remember(known: Map<string, Type>, make: (name: string) => Type): (name: string) => Type {
  return (name) => {
    const type = known.get(name) ?? make(name);
    known.set(name, type);
    return type;
  };
}

/** Agents that a broadcast asks at most: `of`, or those that `agents` names. */
function readAsked({ node }: RoleOutline): number | undefined {
  const of = findValue(findValue(node, "broadcast"), "of");
  const agents = findValue(findValue(node, "eligibility"), "agents");
  const counts = [
    ...(of?.kind === "scalar" && typeof of.value === "number" && of.value > 0 ? [of.value] : []),
    ...(agents?.kind === "list" && agents.items.length > 0 ? [agents.items.length] : []),
  ];
  return counts.length > 0 ? Math.min(...counts) : undefined;
}

function readAnswer(role: RoleOutline | undefined): Type {
  if (role?.schema?.kind !== "map") return unknown;
  return createReader(role.schema, false).read(`an answer of \`${role.name}\``);
}

/** Data of the orchestrator's kinds that reflexes hear of. */
export const engineData: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(
    ["queued", "started", "suspended", "resumed", "dropped"].map((name): [string, z.ZodType] => [`nerve.thread.${name}`, threadGoing]),
  ),
  ...Object.fromEntries(["completed", "failed", "cancelled"].map((name): [string, z.ZodType] => [`nerve.thread.${name}`, threadEnded])),
};

/** The data of a kind: the orchestrator's own, what starts this workflow, or what this workflow sends itself. */
function readKind(kind: string, outline: Outline, input: Type): Type {
  const data = Object.hasOwn(engineData, kind) ? engineData[kind] : undefined;
  if (data) {
    const schema = z.toJSONSchema(data, { io: "input", unrepresentable: "any" }) as Json;
    return createTypeReader(schema, false).read(schema, `the data of \`${kind}\``);
  }
  const isStart = (reflex: MapNode): boolean =>
    findText(reflex, "kind")?.value === "workflow" && listItems(reflex, "on").some((each) => isText(each) && each.value === kind);
  if (outline.reflexes.some(isStart)) return input;
  const edges = outline.nodes.flatMap((node) => node.edges.map((edge) => edge.node));
  const sent = [...edges, ...outline.reflexes]
    .flatMap((owner) => listItems(owner, "emit"))
    .filter((emit) => findText(emit, "kind")?.value === kind);
  const literals = sent.map((emit) => findValue(emit, "data"));
  if (literals.length === 0 || literals.some((literal) => literal?.kind !== "map")) return unknown;
  const names = literals.flatMap((literal) => listEntries(literal).map(({ key }) => key));
  // Others may send the kind too.
  return ofFields(`the data of \`${kind}\``, Object.fromEntries(names.map((name) => [name, unknown])), "open");
}

function createReader(schema: SourceNode, strict: boolean): { read(label: string): Type } {
  const json = withoutHoles(schema);
  const reader = createTypeReader(json, strict);
  return { read: (label) => reader.read(json, label) };
}
