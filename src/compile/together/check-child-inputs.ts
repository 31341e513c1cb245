/** What is given to a child, held against the `input` schema of its workflow: fields by name, values by their type. */
import { inferExpression } from "../check/check-meaning.ts";
import { createMeaning } from "../check/meaning.ts";
import { listExpressions, type SeenExpression } from "../check/sights.ts";
import { silent } from "../diagnostics/diagnostic.ts";
import { type ExpressionNode, parseExpression } from "../expressions/parse-expression.ts";
import { asNode } from "../expressions/walk.ts";
import { describeValues, lookUpField } from "../meaning/find-field.ts";
import { createTypeReader } from "../meaning/read-type.ts";
import { type Fields, isNothing, itemsOf, nothing, type Type, unknown } from "../meaning/type.ts";
import type { SourceNode } from "../source/node.ts";
import { findValue, isText, toJson } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { listSpawns } from "./check-names.ts";
import { describeWanted, findMisfit, type Misfit, maxDepth, typeOf } from "./literal-type.ts";
import { type Group, type Member, nameSpan } from "./member.ts";

/** A field that is given, with what its value may be. */
interface Given {
  name: string;
  span: Span;
  type: Type;
}

/** What an expression gives, with the type of each of its parts. */
interface Inferred {
  tree: ExpressionNode;
  whole: Type;
  of(node: ExpressionNode): Type;
}

/** Reports inputs that a child would be refused for. */
export function checkChildInputs({ members, byName, reportOf }: Group): void {
  const types = new Map<Member, Type | undefined>();
  for (const member of members) {
    if (member.silent) continue;
    const inferInput = createInferrer(member);
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
        const inferred = isText(each) ? inferInput(each) : undefined;
        const given = readGiven(each, inferred);
        if (given) judge(given, fields, each?.span ?? workflow.span, member, child);
        else if (inferred && each) judgeWhole(itemsOf(inferred.whole), fields, each.span, member, child);
      }
    }
  }

  function judge(given: Given[], fields: Fields, whole: Span, member: Member, child: Member): void {
    const report = reportOf(member);
    const declared = nameInput(child);
    const called = `\`${child.name?.value}\``;
    for (const { name, span, type } of given) {
      const found = lookUpField({ ...nothing, objects: [fields] }, name);
      if (!("type" in found)) {
        // Extra fields pass; one that is a letter off was meant to be another.
        if (found.nearest === undefined && fields.others !== "closed") continue;
        if (found.nearest !== undefined && given.some((each) => each.name === found.nearest) && fields.others !== "closed") continue;
        report.add("child-input", span, `The \`input\` of ${called} has no \`${name}\`: see ${declared}.`, {
          hint: found.nearest === undefined ? `it has ${listNames(fields.names)}` : `did you mean \`${found.nearest}\`?`,
        });
        continue;
      }
      const misfit = findMisfit(type, found.type, name, maxDepth);
      if (misfit) report.add("child-input", span, tellMisfit(misfit, called, declared));
    }
    const missing = fields.must.filter((name) => !given.some((each) => each.name === name));
    const slips = new Set(given.map(({ name }) => name).filter((name) => !fields.names.includes(name)));
    // A slip of the name was told above.
    if (missing.length > slips.size)
      report.add("child-input", whole, `The \`input\` of ${called} must have ${listNames(missing)}: see ${declared}.`, {
        hint: `add ${listNames(missing)}`,
      });
  }

  /** A value that something else gives, as `steps[-1].output`. */
  function judgeWhole(type: Type, fields: Fields, span: Span, member: Member, child: Member): void {
    if (type.any || isNothing(type)) return;
    const report = reportOf(member);
    const declared = nameInput(child);
    const called = `\`${child.name?.value}\``;
    if (type.objects.length === 0) {
      report.add("child-input", span, `The \`input\` of ${called} is a map, and this gives ${describeValues(type)}: see ${declared}.`);
      return;
    }
    const missing = fields.must.filter((name) => !("type" in lookUpField(type, name)));
    if (missing.length > 0)
      report.add("child-input", span, `The \`input\` of ${called} must have ${listNames(missing)}, and this has none: see ${declared}.`, {
        hint: `write a map that has it: \`{ "${missing[0]}": … }\``,
      });
    for (const name of fields.names) {
      const found = lookUpField(type, name);
      const misfit = "type" in found ? findMisfit(found.type, fields.get(name), name, maxDepth) : undefined;
      if (misfit) report.add("child-input", span, tellMisfit(misfit, called, declared));
    }
  }
}

function tellMisfit({ path, given, wanted }: Misfit, called: string, declared: string): string {
  const constants = [...given.scalars.values()].flatMap((values) => (values ? [...values] : [undefined]));
  const [only, ...more] = given.objects.length + given.lists.length === 0 ? constants : [];
  return only !== undefined && more.length === 0
    ? `\`${path}\` of ${called} is never ${JSON.stringify(only)}: it is ${describeWanted(wanted)} in ${declared}.`
    : `\`${path}\` of ${called} is ${describeWanted(wanted)} in ${declared}, and this gives ${describeValues(given)}.`;
}

function nameInput(child: Member): string {
  return nameSpan(child, findValue(child.outline?.root, "input")?.span ?? { start: 0, end: 0 });
}

/** Judges the inputs of one file that are expressions; what it needs for that is made with the first of them. */
function createInferrer({ checked }: Member): (node: SourceNode) => Inferred | undefined {
  let seen: readonly SeenExpression[] | undefined;
  return (node) => {
    if (!checked) return undefined;
    seen ??= listExpressions(checked, createMeaning(checked.outline));
    // Edges may share what anchors repeat.
    const expression = seen.find((each) => each.node.span.start === node.span.start);
    if (!expression) return undefined;
    const parts = new Map<ExpressionNode, Type>();
    const whole = inferExpression(expression, checked, silent, { observe: (part) => void parts.set(part.node, part.type) });
    const tree = checked.parsed.get(expression.node.value);
    return whole && tree?.ok ? { tree: tree.tree, whole, of: (part) => parts.get(part) ?? unknown } : undefined;
  };
}

function readInput(child: Member): Type | undefined {
  const schema = findValue(child.outline?.root, "input");
  if (schema?.kind !== "map") return undefined;
  const json = toJson(schema);
  return createTypeReader(json, true).read(json, `the input of \`${child.name?.value}\``);
}

/** The fields that are surely given; undefined: they can't be told, or it is a list of inputs. */
function readGiven(input: SourceNode | undefined, inferred: Inferred | undefined): Given[] | undefined {
  if (input === undefined) return [];
  if (input.kind === "map") return input.entries.map(({ key, keyNode, value }) => ({ name: key, span: keyNode.span, type: typeOf(value) }));
  return isText(input) ? readConstructed(input, inferred) : undefined;
}

/** The fields of a JSONata object, as `{ "repo": start.event.data.repo }`. */
function readConstructed(
  input: SourceNode & { value: string; locate(start: number, end: number): Span },
  inferred: Inferred | undefined,
): Given[] | undefined {
  const tree = inferred?.tree ?? readTree(input.value);
  if (tree?.type !== "unary" || tree.value !== "{" || !Array.isArray(tree["lhs"])) return undefined;
  const given = tree["lhs"].map((pair: unknown): Given | undefined => {
    const [key, value] = Array.isArray(pair) ? [asNode(pair[0]), asNode(pair[1])] : [];
    if (key?.type !== "string" || typeof key.value !== "string") return undefined;
    const end = typeof key.position === "number" ? key.position : input.value.length;
    const start = Math.max(0, end - key.value.length - 2);
    return { name: key.value, span: input.locate(start, end), type: (value && inferred?.of(value)) ?? unknown };
  });
  return given.every((each) => each !== undefined) ? given : undefined;
}

function readTree(source: string): ExpressionNode | undefined {
  const parsed = parseExpression(source);
  return parsed.ok ? parsed.tree : undefined;
}

function listNames(names: readonly string[]): string {
  return names
    .slice(0, 12)
    .map((name) => `\`${name}\``)
    .join(", ");
}
