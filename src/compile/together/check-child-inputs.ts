/** What is given to a child, held against the `input` schema of its workflow: fields by name, constants by their value. */
import type { Json } from "../../contract/event.ts";
import { parseExpression } from "../expressions/parse-expression.ts";
import { asNode } from "../expressions/walk.ts";
import { describe, lookUpField } from "../meaning/find-field.ts";
import { createTypeReader } from "../meaning/read-type.ts";
import { type Fields, kindOf, mayBe, nothing, type Type } from "../meaning/type.ts";
import type { SourceNode } from "../source/node.ts";
import { findValue, isText, toJson } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { listSpawns } from "./check-names.ts";
import { type Group, type Member, nameSpan } from "./member.ts";

/** A field that is given, with its value where that is a constant. */
interface Given {
  name: string;
  span: Span;
  constant?: Json;
}

/** Reports inputs that a child would be refused for. */
export function checkChildInputs({ members, byName, reportOf }: Group): void {
  const types = new Map<Member, Type | undefined>();
  for (const member of members) {
    if (member.silent) continue;
    for (const { workflow, input } of listSpawns(member)) {
      const [child] = byName.get(workflow.value) ?? [];
      if (!child) continue;
      if (!types.has(child)) types.set(child, readInput(child));
      const type = types.get(child);
      const [fields, ...others] = type && !type.any ? type.objects : [];
      // Of alternatives nobody knows which is meant.
      if (!fields || others.length > 0) continue;
      // A list is an input each.
      for (const each of input?.kind === "list" ? input.items : [input]) {
        const given = readGiven(each);
        if (given) judge(given, fields, each?.span ?? workflow.span, member, child);
      }
    }
  }

  function judge(given: Given[], fields: Fields, whole: Span, member: Member, child: Member): void {
    const report = reportOf(member);
    const declared = nameSpan(child, findValue(child.outline?.root, "input")?.span ?? { start: 0, end: 0 });
    const called = `\`${child.name?.value}\``;
    for (const { name, span, constant } of given) {
      const found = lookUpField({ ...nothing, objects: [fields] }, name);
      if (!("type" in found)) {
        // Extra fields pass; one that is a letter off was meant to be another.
        if (found.nearest === undefined && fields.others !== "closed") continue;
        if (found.nearest !== undefined && given.some((each) => each.name === found.nearest) && fields.others !== "closed") continue;
        report.add("child-input", span, `The \`input\` of ${called} has no \`${name}\`: see ${declared}.`, {
          hint: found.nearest === undefined ? `it has ${listNames(fields.names)}` : `did you mean \`${found.nearest}\`?`,
        });
      } else if (constant !== undefined && !mayBeConstant(found.type, constant))
        report.add(
          "child-input",
          span,
          `\`${name}\` of ${called} is never ${JSON.stringify(constant)}: it is ${describeType(found.type)} in ${declared}.`,
        );
    }
    const missing = fields.must.filter((name) => !given.some((each) => each.name === name));
    const slips = new Set(given.map(({ name }) => name).filter((name) => !fields.names.includes(name)));
    // A slip of the name was told above.
    if (missing.length > slips.size)
      report.add("child-input", whole, `The \`input\` of ${called} must have ${listNames(missing)}: see ${declared}.`, {
        hint: `add ${listNames(missing)}`,
      });
  }
}

function readInput(child: Member): Type | undefined {
  const schema = findValue(child.outline?.root, "input");
  if (schema?.kind !== "map") return undefined;
  const json = toJson(schema);
  return createTypeReader(json, true).read(json, `the input of \`${child.name?.value}\``);
}

/** The fields that are surely given; undefined: they can't be told, or it is a list of inputs. */
function readGiven(input: SourceNode | undefined): Given[] | undefined {
  if (input === undefined) return [];
  if (input.kind === "map")
    return input.entries.map(({ key, keyNode, value }) => ({
      name: key,
      span: keyNode.span,
      ...(isConstant(value) && { constant: toJson(value) }),
    }));
  return isText(input) ? readConstructed(input) : undefined;
}

/** Text may be a template, whose value nobody knows. */
function isConstant(value: SourceNode): boolean {
  return value.kind === "scalar" && !value.hole && !(isText(value) && value.value.includes("{{"));
}

/** The fields of a JSONata object, as `{ "repo": start.event.data.repo }`. */
function readConstructed(input: SourceNode & { value: string; locate(start: number, end: number): Span }): Given[] | undefined {
  const parsed = parseExpression(input.value);
  const tree = parsed.ok ? asNode(parsed.tree) : undefined;
  if (tree?.type !== "unary" || tree.value !== "{" || !Array.isArray(tree["lhs"])) return undefined;
  const given = tree["lhs"].map((pair: unknown): Given | undefined => {
    const [key, value] = Array.isArray(pair) ? [asNode(pair[0]), asNode(pair[1])] : [];
    if (key?.type !== "string" || typeof key.value !== "string") return undefined;
    const end = typeof key.position === "number" ? key.position : input.value.length;
    const start = Math.max(0, end - key.value.length - 2);
    const isLiteral = value !== undefined && ["string", "number", "value"].includes(value.type);
    return { name: key.value, span: input.locate(start, end), ...(isLiteral && { constant: value.value as Json }) };
  });
  return given.every((each) => each !== undefined) ? given : undefined;
}

function mayBeConstant(type: Type, constant: Json): boolean {
  return kindOf(constant) === undefined || mayBe(type, constant);
}

function describeType(type: Type): string {
  const constants = [...type.scalars.values()].flatMap((values) => [...(values ?? [])]);
  return constants.length > 0 && type.objects.length === 0 && type.lists.length === 0
    ? `one of ${constants.map((value) => JSON.stringify(value)).join(", ")}`
    : describe(type) || "something else";
}

function listNames(names: readonly string[]): string {
  return names
    .slice(0, 12)
    .map((name) => `\`${name}\``)
    .join(", ");
}
