/**
 * A workflow's types as a TypeScript module: of each role its turn, output and statuses, of the thread what starts it and what it emits,
 * and one constant with which an agent is typed. The same for the same workflow, whoever asks.
 */
import type { Json } from "../../contract/event.ts";
import { indexSchema } from "../../contract/json-schema/index-schema.ts";
import type { JsonSchema } from "../../contract/json-schema/json-schema.ts";
import type { EmitIr, Payload, RoleIr, WorkflowIr } from "../ir.ts";
import { fingerprintTypes } from "./fingerprint-types.ts";
import { createNames, toConstantName, toPascalCase, writeComment, writeKey, writeText } from "./names.ts";
import { outputSchema } from "./output-schema.ts";
import { createTypePrinter } from "./print-type.ts";
import { createShapeReader } from "./read-shape.ts";
import type { Shape } from "./shape.ts";

export interface RenderTypesOptions {
  /** Whence the module has the client's types. */
  from: string;
  /** The command that makes the module; stands in it. */
  command: string;
}

/** What the module has from the client, if it needs it. */
const imported = ["BroadcastOutcome", "Json", "Suspension", "TypedStep", "TypedTurn", "TypedWorkflow"];

/** Renders the module. */
export function renderTypes(ir: WorkflowIr, { from, command }: RenderTypesOptions): string {
  const constant = toConstantName(ir.name);
  const nameOnce = createNames([...imported, "Record", "Promise", "Omit", "Array"]);
  const own = {
    start: nameOnce("StartData"),
    last: nameOnce("LastStep"),
    starts: nameOnce("Starts"),
    signals: nameOnce("Signals"),
    emits: nameOnce("Emits"),
  };
  const shape = nameOnce(toPascalCase(ir.name) || "Workflow");
  const roles = ir.roles.map((role, place) => ({ role, ...nameRole(role, place, nameOnce) }));
  const print = createDeclarer(nameOnce);

  const parts = roles.map(({ role, prefix, turn, output, status }) => {
    const about = typeof role.fields["description"] === "string" ? role.fields["description"] : undefined;
    const answer = print(outputSchema(ir, role), output, prefix, `What ${showName(role)} answers.`);
    const statuses = readStatuses(outputSchema(ir, role));
    return [
      ...answer,
      ...(statuses ? [`${comment(`The statuses of ${showName(role)}.`)}export type ${status} = ${writeUnion(statuses)};`] : []),
      `${comment(`A turn of ${showName(role)}.${about ? ` ${about}` : ""}`)}export type ${turn} = TypedTurn<${writeText(ir.name)}, ${writeText(role.name)}, ${own.start}, ${own.last}>;`,
    ].join("\n\n");
  });
  const steps = roles.map(({ role, output }) => {
    const name = writeText(role.name);
    return role.type === "broadcast" ? `TypedStep<${name}, BroadcastOutcome<${output} | Suspension>>` : `TypedStep<${name}, ${output}>`;
  });
  const start =
    ir.input === undefined
      ? [`${comment("The data of the event that starts a thread: of any shape.")}export type ${own.start} = Json;`]
      : print(ir.input, own.start, "Start", "The data of the event that starts a thread.");
  const body = [
    ...parts,
    ...start,
    `${comment("The step before a turn.")}export type ${own.last} = ${writeUnion(steps)};`,
    renderKinds(
      own.starts,
      "Events that start a thread, by kind.",
      listKinds(ir, "workflow").map((kind) => [kind, own.start]),
    ),
    renderKinds(
      own.signals,
      "Events that cancel, suspend or resume a thread, by kind.",
      listKinds(ir, "signal").map((kind) => [kind, "Json"]),
    ),
    renderKinds(own.emits, "Events that the workflow sends, by kind.", renderEmits(ir, nameOnce)),
    renderShape(ir, shape, own.starts, roles),
    renderConstant(ir, constant, shape, command),
  ].join("\n\n");
  // Not what stands in comments and literals: an import that is not used is an error to some.
  const code = body.replaceAll(/\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"/g, "");
  const used = imported.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  return [
    // By this the command knows the file again.
    `// Made by \`nerveflare types\`: ${showCommand(command)}`,
    "// Do not edit: change the workflow, and run that again.",
    "/* eslint-disable */",
    `import type { ${used.join(", ")} } from ${writeText(from)};`,
    "",
    `${body}\n`,
  ]
    .join("\n")
    .replaceAll(/ +$/gm, "");
}

/** On one line, whatever is in it. */
function showCommand(command: string): string {
  return `\`${writeText(command).slice(1, -1).replaceAll('\\"', '"')}\``;
}

const comment = (text: string): string => writeComment(text, "");
const showName = ({ name }: RoleIr): string => `\`${name}\``;

function nameRole(
  role: RoleIr,
  place: number,
  nameOnce: (wished: string) => string,
): { prefix: string; turn: string; output: string; status: string } {
  const prefix = toPascalCase(role.name) || `Role${place + 1}`;
  return { prefix, output: nameOnce(`${prefix}Output`), status: nameOnce(`${prefix}Status`), turn: nameOnce(`${prefix}Turn`) };
}

/** Declares the type of a schema, with what it refers to before it. */
function createDeclarer(nameOnce: (wished: string) => string) {
  return (schema: JsonSchema, name: string, prefix: string, about: string): string[] => {
    const { print, declarations } = createTypePrinter({ index: indexSchema(schema), prefix, nameOnce });
    const text = print([schema], "");
    const said = typeof schema === "object" ? (schema["description"] ?? schema["title"]) : undefined;
    return [...declarations, `${comment(typeof said === "string" ? `${about}\n\n${said}` : about)}export type ${name} = ${text};`];
  };
}

function readStatuses(schema: JsonSchema): string[] | undefined {
  const shapes = readMember(schema, "$status") ?? readMember(schema, "status");
  if (!shapes?.every(({ strings }) => strings)) return undefined;
  return [...new Set(shapes.flatMap(({ strings }) => [...(strings ?? [])]))].map(writeText);
}

/** What alternatives of an output say of a member; undefined where one says nothing. */
function readMember(schema: JsonSchema, name: string): Shape[] | undefined {
  const reader = createShapeReader(indexSchema(schema));
  const { standing, objects } = reader.read([schema]);
  if (standing.object === "none") return undefined;
  const found = objects.flatMap(({ members }) =>
    members.get(name)?.schemas.length ? [reader.read(members.get(name)?.schemas ?? [])] : [],
  );
  return found.length > 0 && found.length === objects.length ? found : undefined;
}

function listKinds(ir: WorkflowIr, kind: "workflow" | "signal"): string[] {
  return [...new Set(ir.reflexes.flatMap((reflex) => (reflex.kind === kind ? reflex.on : [])))];
}

function renderEmits(ir: WorkflowIr, nameOnce: (wished: string) => string): [kind: string, type: string][] {
  const emits = [
    ...ir.nodes.flatMap(({ edges }) => edges.flatMap(({ emit }) => emit)),
    ...ir.reflexes.flatMap((reflex) => (reflex.kind === "emit" ? reflex.emit : [])),
  ];
  const byKind = new Map<string, EmitIr[]>();
  for (const emit of emits) byKind.set(emit.kind, [...(byKind.get(emit.kind) ?? []), emit]);
  return [...byKind].map(([kind, all]) => {
    const schemas = all.map(({ data }) => (data ? describePayload(data) : { type: "null" }));
    const schema: JsonSchema = schemas.length === 1 ? (schemas[0] ?? true) : { anyOf: schemas };
    return [kind, createTypePrinter({ index: indexSchema(schema), prefix: "", nameOnce }).print([schema], "  ")];
  });
}

/** What is known of data: of a literal its members, of an expression nothing. */
function describePayload(payload: Payload): JsonSchema {
  return payload.kind === "expression" ? true : describeLiteral(payload.value, payload.liquid);
}

function describeLiteral(value: Json, liquid: boolean): JsonSchema {
  if (typeof value === "string") return liquid && /\{[{%]/.test(value) ? { type: "string" } : { const: value };
  if (Array.isArray(value)) {
    const items = value.map((item) => describeLiteral(item, liquid));
    return { type: "array", prefixItems: items, items: false, minItems: items.length };
  }
  if (typeof value !== "object" || value === null) return { const: value };
  const properties = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, describeLiteral(inner, liquid)]));
  return { type: "object", properties, required: Object.keys(value), additionalProperties: false };
}

function renderKinds(name: string, about: string, kinds: [kind: string, type: string][]): string {
  const lines = kinds.map(
    ([kind, type]) => `  ${kind.endsWith(".*") ? `[kind: \`${kind.slice(0, -1)}\${string}\`]` : writeText(kind)}: ${type};\n`,
  );
  return `${comment(about)}export interface ${name} {${lines.length > 0 ? `\n${lines.join("")}` : ""}}`;
}

function renderShape(ir: WorkflowIr, name: string, starts: string, roles: { role: RoleIr; turn: string; output: string }[]): string {
  const lines = roles.map(({ role, turn, output }) => `    ${writeKey(role.name)}: { turn: ${turn}; output: ${output} | Suspension };\n`);
  return `${comment(ir.description)}export interface ${name} {\n  name: ${writeText(ir.name)};\n  roles: {\n${lines.join("")}  };\n  starts: ${starts};\n}`;
}

function renderConstant(ir: WorkflowIr, constant: string, shape: string, command: string): string {
  const { input, roles } = fingerprintTypes(ir);
  const lines = Object.entries(roles).map(([role, fingerprint]) => `      ${writeKey(role)}: ${writeText(fingerprint)},\n`);
  return [
    `${comment(`The workflow ${ir.name}, for \`workflows\` of \`connectAgent\`.`)}export const ${constant}: TypedWorkflow<${shape}> = {`,
    `  name: ${writeText(ir.name)},`,
    `  command: ${writeText(command)},`,
    `  fingerprints: {\n    input: ${writeText(input)},\n    roles: {\n${lines.join("")}    },\n  },`,
    "};",
  ].join("\n");
}

function writeUnion(parts: string[]): string {
  const flat = parts.join(" | ");
  return flat.length <= 100 ? flat : parts.map((part) => `\n  | ${part}`).join("");
}
