/** Finds every template of a file, has it judged, and holds its variables against what the edge sees. */

import { engineStatuses, isEngineStatus } from "../../contract/language.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import { eventAttributes } from "../expressions/views.ts";
import type { TemplateNode } from "../meaning/judge-template.ts";
import type { MapNode, SourceNode, TextNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { TemplateContext, TemplateVariable } from "../templates/check-template.ts";
import { checkTemplate, createTemplateContext } from "../templates/check-template.ts";
import type { EdgeOutline, GraphNodeOutline, Outline, RoleOutline } from "./outline.ts";
import type { RoleSchema } from "./role-schema.ts";
import { findField, listFields, readRoleSchema } from "./role-schema.ts";

/** What every prompt sees beside the last output. */
export const ownVariables = ["_status", "_body", "_event", "_last", "_supplement", "_children"];

/** Fields of a broadcast's output. */
export const broadcastFields = ["acked", "failed", "missing", "answers", "answersLeftOut", "notAsked"];

/** What the template at a place sees. */
export type TemplateSight =
  | { kind: "event" }
  | { kind: "reflex"; reflex: MapNode }
  | { kind: "output"; role: RoleOutline; status: string }
  | { kind: "broadcast"; role: RoleOutline }
  | { kind: "anything" };

/** An edge of the graph; undefined edge: any of the node's. */
export interface GraphPlace {
  node: string;
  edge: string | undefined;
}

interface Checking {
  outline: Outline;
  report: Report;
  templates: TemplateContext;
  schemas: Map<SourceNode, RoleSchema>;
}

/** Text that may be filled in, with what it sees. */
export interface TemplateText {
  node: TextNode;
  sight: TemplateSight;
  /** The edge that it is of. */
  place: GraphPlace | undefined;
}

/** A template that parses. */
export interface SeenTemplate extends TemplateText {
  tree: readonly TemplateNode[];
}

/** Reports what is wrong with prompts and other templates. @returns those that parse */
export function checkTemplates(outline: Outline, report: Report): SeenTemplate[] {
  const local = outline.binding === "local";
  const checking: Checking = { outline, report, templates: createTemplateContext(report, local), schemas: new Map() };
  for (const { edges } of outline.nodes)
    for (const edge of edges) {
      if (edge.key === undefined) checkWritten(edge, report);
      else checkBlank(edge, report);
    }
  return [...listTemplateTexts(outline)].flatMap(({ node, sight, place }) => {
    for (const variable of checkTemplate(node, checking.templates) ?? []) if (!variable.isTold) checkVariable(variable, sight, checking);
    const tree = checking.templates.trees.get(node);
    return tree ? [{ node, tree, sight, place }] : [];
  });
}

/** Lists every text of the file that may be a template. */
export function* listTemplateTexts(outline: Outline): Iterable<TemplateText> {
  for (const node of outline.nodes)
    for (const edge of node.edges) {
      if (edge.key === undefined) continue;
      const sight = findSight(node, edge, outline);
      const place = { node: node.name, edge: edge.id };
      for (const text of listEdgeTexts(edge)) yield { node: text, sight, place };
    }
  for (const reflex of outline.reflexes)
    for (const emit of listItems(reflex, "emit"))
      for (const text of listEmitTexts(emit)) yield { node: text, sight: { kind: "reflex", reflex }, place: undefined };
}

function* listEdgeTexts({ prompt, node }: EdgeOutline): Iterable<TextNode> {
  if (prompt && prompt.value.trim() !== "") yield prompt;
  const location = findText(node, "location");
  if (location) yield location;
  for (const emit of listItems(node, "emit")) yield* listEmitTexts(emit);
  for (const spawn of listItems(node, "spawn")) yield* listLiteralTexts(findValue(spawn, "input"));
}

function* listEmitTexts(emit: SourceNode): Iterable<TextNode> {
  yield* listLiteralTexts(findValue(emit, "data"));
  const to = findText(emit, "to");
  if (to) yield to;
}

/** Text at the top is JSONata; strings inside a literal are templates. */
function* listLiteralTexts(node: SourceNode | undefined): Iterable<TextNode> {
  if (node === undefined || node.kind === "scalar") return;
  for (const child of node.kind === "list" ? node.items : node.entries.map((entry) => entry.value)) {
    if (isText(child)) yield child;
    else yield* listLiteralTexts(child);
  }
}

/** List form: prompts and strings of literals are sent as written. */
function checkWritten(edge: EdgeOutline, report: Report): void {
  // Of an address it was told that it is none.
  const addresses = new Set(listItems(edge.node, "emit").map((emit) => findText(emit, "to")));
  for (const text of listEdgeTexts(edge)) {
    const open = text.value.search(/\{\{/);
    if (open === -1 || addresses.has(text)) continue;
    const what = text === edge.prompt ? "Prompts of the list form are" : "In the list form this is";
    report.add("without-effect", text.locate(open, open + 2), `${what} sent as written; nothing fills this in.`, {
      hint:
        text === edge.prompt
          ? "templates belong to the status form"
          : "templates belong to the status form; here `data`, `input` that is text is JSONata: `\"{ 'x': steps[-1].output.x }\"`",
    });
  }
}

function findSight(node: GraphNodeOutline, edge: EdgeOutline, outline: Outline): TemplateSight {
  if (node.name === "$START") return { kind: "event" };
  const role = outline.roles.get(node.name);
  if (role === undefined) return { kind: "anything" };
  if (isEngineStatus(edge.id) && !engineStatuses[edge.id].agents) return { kind: "anything" };
  return role.type === "broadcast" ? { kind: "broadcast", role } : { kind: "output", role, status: edge.id };
}

function checkBlank({ prompt, key }: EdgeOutline, report: Report): void {
  if (prompt?.value.trim() !== "") return;
  report.add("blank-prompt", prompt.span.end > prompt.span.start ? prompt.span : (key?.span ?? prompt.span), "The prompt is blank.", {
    hint: "say what is to be done, on edges to `$END` what was",
  });
}

function checkVariable(variable: TemplateVariable, sight: TemplateSight, checking: Checking): void {
  const { path, span } = variable;
  const [root, second] = path;
  if (typeof root !== "string") return;
  const { outline, report } = checking;
  const older: DiagnosticDetails = outline.binding === "local" ? { severity: "warning" } : {};
  if (root === "_last" && typeof second === "string" && !outline.rolesUnknown && !outline.roles.has(second)) {
    const nearest = findNearestName(second, outline.roles.keys());
    const start = span.start + "_last.".length;
    const place = span.end - start >= second.length ? { start, end: start + second.length } : span;
    report.add(
      "unknown-role",
      place,
      `There is no role \`${second}\`.`,
      nearest === undefined
        ? {}
        : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span: place, text: nearest } },
    );
    return;
  }
  if (root === "_event") {
    if (second === "data" && sight.kind !== "reflex") checkInput(variable, path.slice(2), checking);
    return;
  }
  const rootSpan = { start: span.start, end: Math.min(span.end, span.start + root.length) };
  if (sight.kind === "reflex" && ownVariables.includes(root)) {
    report.add(
      "unknown-template-variable",
      rootSpan,
      `A reflex sees the event alone: there is no thread that could have \`${root}\`.`,
      older,
    );
    return;
  }
  if (ownVariables.includes(root) || sight.kind === "anything") return;
  if (checkMeantElsewhere(variable, sight, checking, older)) return;
  if (root.startsWith("_")) {
    const nearest = findNearestName(root, ownVariables);
    if (nearest !== undefined) {
      report.add("unknown-template-variable", rootSpan, `Prompts see no \`${root}\`.`, {
        ...older,
        hint: `did you mean \`${nearest}\`?`,
        fix: { title: `Write \`${nearest}\``, span: rootSpan, text: nearest },
      });
      return;
    }
  }
  if (sight.kind === "event") {
    // The event that starts a thread is held against `input`; what a reflex publishes about may be any.
    if (root === "data") checkInput(variable, path.slice(1), checking);
    checkEventVariable(root, rootSpan, checking, older);
  } else if (sight.kind === "reflex") checkEventVariable(root, rootSpan, checking, older);
  else if (sight.kind === "broadcast") {
    if (broadcastFields.includes(root)) return;
    const nearest = findNearestName(root, broadcastFields);
    report.add("unknown-template-variable", rootSpan, `A broadcast's output has no \`${root}\`.`, {
      ...older,
      ...describeNearest(nearest, rootSpan, broadcastFields),
    });
  } else checkOutputVariable(variable, sight, checking, older);
}

/** A name that prompts see under another: `event.data` is `_event.data`, `output.vote` is `vote`. */
function checkMeantElsewhere(
  { path, span }: TemplateVariable,
  sight: TemplateSight,
  { outline, report, schemas }: Checking,
  older: DiagnosticDetails,
): boolean {
  const [root, second] = path.map(String);
  if (root === undefined || outline.binding === "local") return false;
  const isEvent = sight.kind === "event" || sight.kind === "reflex";
  const fields =
    sight.kind === "broadcast"
      ? broadcastFields
      : sight.kind === "output" && sight.role.schema
        ? listFields(readSchemaOf(sight.role.schema, schemas), sight.role.schema, sight.status, [])
        : isEvent
          ? [...eventAttributes]
          : [];
  if (fields.length === 0 || fields.includes(root)) return false;
  const own = `_${root}`;
  const isPlain = span.end - span.start >= path.join(".").length;
  const rootSpan = { start: span.start, end: Math.min(span.end, span.start + root.length) };
  const tell = (hint: string, place: { start: number; end: number }, text: string): true => {
    const code = isEvent ? "unknown-event-attribute" : "unknown-template-variable";
    report.add(code, rootSpan, `\`${root}\` is none of what is seen here.`, {
      ...older,
      hint,
      ...(isPlain && { fix: { title: `Write \`${text === "" ? (second ?? "") : text}\``, span: place, text } }),
    });
    return true;
  };
  if (ownVariables.includes(own) && sight.kind !== "reflex") return tell(`did you mean \`${own}\`?`, rootSpan, own);
  if (root === "data" && !isEvent) return tell("did you mean `_event.data`?", rootSpan, "_event.data");
  const isWrapper = root === "output" || root === "event";
  if (isWrapper && second !== undefined && fields.includes(second))
    return tell(`leave it out: \`${second}\` stands there itself`, { start: span.start, end: span.start + root.length + 1 }, "");
  return false;
}

function readSchemaOf(node: SourceNode, schemas: Checking["schemas"]): RoleSchema {
  const schema = schemas.get(node) ?? readRoleSchema(node);
  schemas.set(node, schema);
  return schema;
}

function describeNearest(nearest: string | undefined, span: { start: number; end: number }, names: string[]): DiagnosticDetails {
  if (nearest === undefined)
    return names.length > 0
      ? {
          hint: `it has ${names
            .slice(0, 12)
            .map((name) => `\`${name}\``)
            .join(", ")}`,
        }
      : {};
  return { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span, text: nearest } };
}

function checkEventVariable(root: string, rootSpan: { start: number; end: number }, checking: Checking, older: DiagnosticDetails): void {
  if ((eventAttributes as readonly string[]).includes(root)) return;
  checking.report.add("unknown-event-attribute", rootSpan, `\`${root}\` is no attribute of the event.`, {
    ...older,
    hint: `what the sender wrote is under \`data\`: \`data.${root}\``,
    fix: { title: `Write \`data.${root}\``, span: rootSpan, text: `data.${root}` },
  });
}

/** `input` is a tolerant reader: a field it does not name may still come. */
function checkInput(variable: TemplateVariable, path: (string | number)[], checking: Checking): void {
  const input = findValue(checking.outline.root, "input");
  if (input === undefined || path.length === 0) return;
  const schema = readSchemaOf(input, checking.schemas);
  if (findField(schema, input, undefined, path) !== "unknown") return;
  const known = path.findIndex((_, place) => findField(schema, input, undefined, path.slice(0, place + 1)) === "unknown");
  const before = path.slice(0, known);
  const field = path[known];
  const names = listFields(schema, input, undefined, before);
  const nearest = typeof field === "string" ? findNearestName(field, names) : undefined;
  // A path that is written with dots alone says where each of its names stands.
  const start = variable.path.slice(0, variable.path.length - path.length + known).join(".").length + 1;
  const place = { start: variable.span.start + start, end: variable.span.start + start + String(field).length };
  const isPlain = before.every((step) => typeof step === "string" && liquidName.test(step)) && variable.span.end >= place.end;
  checking.report.add(
    "unknown-input-field",
    variable.span,
    `\`input\` names no field \`${path.join(".")}\`.`,
    nearest === undefined
      ? {}
      : {
          hint: `did you mean \`${nearest}\`?`,
          ...(isPlain && liquidName.test(nearest) && { fix: { title: `Write \`${nearest}\``, span: place, text: nearest } }),
        },
  );
}

/** A field that Liquid can name: a schema may call its fields anything. */
const liquidName = /^[\p{L}_][\p{L}\p{N}_-]*$/u;

function checkOutputVariable(
  variable: TemplateVariable,
  sight: TemplateSight & { kind: "output" },
  checking: Checking,
  older: DiagnosticDetails,
): void {
  const { role } = sight;
  if (role.schema === undefined) return;
  const schema = readSchemaOf(role.schema, checking.schemas);
  const status = schema.statuses.some((named) => named.status === sight.status) ? sight.status : undefined;
  if (findField(schema, role.schema, status, variable.path) !== "unknown") return;
  const known = variable.path.findIndex(
    (_, place) => findField(schema, role.schema as SourceNode, status, variable.path.slice(0, place + 1)) === "unknown",
  );
  const before = variable.path.slice(0, Math.max(0, known));
  const field = String(variable.path[before.length]);
  const names = listFields(schema, role.schema, status, before).filter((name) => liquidName.test(name));
  const elsewhere = status !== undefined && findField(schema, role.schema, undefined, variable.path) === "known";
  const name = variable.path.slice(0, before.length + 1).join(".");
  // A path that is written with dots alone says where each of its names stands.
  const isPlain =
    before.every((step) => typeof step === "string" && liquidName.test(step)) && variable.span.end - variable.span.start >= name.length;
  const start = variable.span.start + (isPlain ? name.length - field.length : 0);
  const span = isPlain ? { start, end: Math.min(variable.span.end, start + field.length) } : variable.span;
  const of = status === undefined ? `an answer of \`${role.name}\`` : `an answer \`${status}\` of \`${role.name}\``;
  const { fix, ...hint } = describeNearest(findNearestName(field, names), span, names);
  checking.report.add("unknown-template-variable", before.length > 0 ? variable.span : span, `By its schema ${of} has no \`${name}\`.`, {
    ...older,
    ...(elsewhere ? { hint: "another status of the role has it" } : { ...hint, ...(isPlain && fix && { fix }) }),
  });
}
