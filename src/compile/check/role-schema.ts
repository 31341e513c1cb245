/** What a role's JSON Schema says about its answers: which statuses there are, and which fields come with each. */

import type { MapNode, ScalarNode, SourceNode } from "../source/node.ts";
import { findEntry, findValue, isText, listEntries, listItems } from "../source/node.ts";

/** One shape of answer: schemas that all hold together. */
interface Branch {
  parts: SourceNode[];
  /** The branch takes fields that it does not name, or says more than we read. */
  open: boolean;
}

/** A status that the schema names, and where. */
export interface NamedStatus {
  status: string;
  node: ScalarNode;
}

export interface RoleSchema {
  branches: Branch[];
  /** `$status`, or `status` in older files; undefined if the schema names neither. */
  statusKey: "$status" | "status" | undefined;
  /** In the order of the schema, each once. */
  statuses: NamedStatus[];
  /** Some answer of this shape has no constant status. */
  incomplete: boolean;
}

/** Alternatives that are read; beyond, a schema counts as saying nothing. */
const maxBranches = 256;

/** Reads a schema. */
export function readRoleSchema(schema: SourceNode): RoleSchema {
  const branches = readBranches(schema, schema);
  const statusKey = (["$status", "status"] as const).find((key) =>
    branches.some((branch) => readConstants(branch, key, schema) !== undefined),
  );
  const statuses = new Map<string, NamedStatus>();
  let incomplete = false;
  if (statusKey) {
    for (const branch of branches) {
      const constants = readConstants(branch, statusKey, schema);
      if (constants === undefined) incomplete = true;
      for (const node of constants ?? []) if (!statuses.has(node.value)) statuses.set(node.value, { status: node.value, node });
    }
  }
  return { branches, statusKey, statuses: [...statuses.values()], incomplete };
}

/** What was read of a schema's parts so far, by the schema: references lead to one part on many ways, whose number doubles with each. */
const read = new WeakMap<SourceNode, Map<SourceNode, Branch[]>>();

function readBranches(schema: SourceNode, root: SourceNode, depth = 0): Branch[] {
  const known = read.get(root) ?? new Map<SourceNode, Branch[]>();
  read.set(root, known);
  const earlier = known.get(schema);
  if (earlier) return earlier;
  // Of what leads back to itself nothing more is read.
  known.set(schema, [{ parts: [schema], open: true }]);
  const branches = readAnew(schema, root, depth);
  known.set(schema, branches);
  return branches;
}

function readAnew(schema: SourceNode, root: SourceNode, depth: number): Branch[] {
  const unread: Branch = { parts: [schema], open: true };
  if (schema.kind !== "map" || depth > 16) return [unread];
  const reference = findValue(schema, "$ref");
  if (reference) {
    const target = isText(reference) ? resolveReference(root, reference.value) : undefined;
    return target ? readBranches(target, root, depth + 1) : [unread];
  }
  const additional = findValue(schema, "additionalProperties");
  const open =
    (additional !== undefined && !(additional.kind === "scalar" && additional.value === false)) ||
    ["patternProperties", "if", "not", "dependentSchemas", "unevaluatedProperties"].some((key) => findEntry(schema, key));
  let branches: Branch[] = [{ parts: [schema], open }];
  for (const part of listItems(schema, "allOf")) branches = combine(branches, readBranches(part, root, depth + 1));
  for (const key of ["oneOf", "anyOf"]) {
    const alternatives = listItems(schema, key);
    if (alternatives.length > 0)
      branches = combine(
        branches,
        alternatives.flatMap((alternative) => readBranches(alternative, root, depth + 1)),
      );
    if (branches.length > maxBranches) return [unread];
  }
  return branches;
}

function combine(left: Branch[], right: Branch[]): Branch[] {
  if (left.length * right.length > maxBranches * 4) return [{ parts: [], open: true }];
  return left.flatMap((a) => right.map((b) => ({ parts: [...a.parts, ...b.parts], open: a.open || b.open })));
}

/** Follows a reference within the schema, as `#/$defs/x`. */
export function resolveReference(root: SourceNode, reference: string): SourceNode | undefined {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let node: SourceNode | undefined = root;
  for (const step of reference.slice(2).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    node = node?.kind === "list" ? node.items[Number(key)] : findValue(node, key);
  }
  return node;
}

/** A schema with all that must hold beside it: what it refers to, and the parts of `allOf`. */
export function gatherParts(schema: SourceNode | undefined, root: SourceNode, depth = 0): MapNode[] {
  if (schema?.kind !== "map" || depth > 16) return [];
  const reference = findValue(schema, "$ref");
  const target = isText(reference) ? resolveReference(root, reference.value) : undefined;
  const behind = [...(target ? [target] : []), ...listItems(schema, "allOf")];
  return [schema, ...behind.flatMap((part) => gatherParts(part, root, depth + 1))];
}

type ConstantNode = ScalarNode & { value: string };

/** The constants of a property in a branch; undefined if it has none. */
function readConstants(branch: Branch, key: string, root: SourceNode): ConstantNode[] | undefined {
  for (const part of branch.parts) {
    let property = findValue(findValue(part, "properties"), key);
    const reference = findValue(property, "$ref");
    if (isText(reference)) property = resolveReference(root, reference.value);
    const constant = findValue(property, "const");
    if (isText(constant)) return [constant];
    const options = findValue(property, "enum");
    if (options?.kind === "list") return options.items.filter(isText);
  }
  return undefined;
}

/** What a schema says of a field: it has it, it has not, or it leaves it open. */
export type FieldVerdict = "known" | "unknown" | "open";

/** Looks a path up in the answers of a status (of all, where it is undefined). */
export function findField(schema: RoleSchema, root: SourceNode, status: string | undefined, path: (string | number)[]): FieldVerdict {
  const branches = status === undefined ? schema.branches : listBranches(schema, root, status);
  if (branches.length === 0) return "open";
  let verdict: FieldVerdict = "unknown";
  for (const branch of branches) {
    const found = findInBranch(branch, root, path, 0);
    if (found === "known") return "known";
    if (found === "open") verdict = "open";
  }
  return verdict;
}

/** Names of all fields that an answer with the status may have, at the end of a path. */
export function listFields(
  schema: RoleSchema,
  root: SourceNode,
  status: string | undefined,
  path: readonly (string | number)[] = [],
): string[] {
  let branches = status === undefined ? schema.branches : listBranches(schema, root, status);
  for (const step of path)
    branches = branches.flatMap(({ parts }) =>
      parts.flatMap((part) => {
        const property = typeof step === "string" ? findValue(findValue(part, "properties"), step) : undefined;
        const inner = property ?? (typeof step === "number" || builtIn.has(step) ? findValue(part, "items") : undefined);
        return inner ? readBranches(inner, root) : [];
      }),
    );
  return [
    ...new Set(
      branches.flatMap((branch) => branch.parts.flatMap((part) => listEntries(findValue(part, "properties")).map((entry) => entry.key))),
    ),
  ];
}

function listBranches(schema: RoleSchema, root: SourceNode, status: string): Branch[] {
  const { statusKey } = schema;
  if (statusKey === undefined) return schema.branches;
  return schema.branches.filter((branch) => {
    const constants = readConstants(branch, statusKey, root);
    return constants === undefined || constants.some((node) => node.value === status);
  });
}

/** Properties that Liquid gives to lists and text. */
const builtIn = new Set(["size", "first", "last"]);

function findInBranch(branch: Branch, root: SourceNode, path: (string | number)[], depth: number): FieldVerdict {
  const [step, ...rest] = path;
  if (step === undefined) return "known";
  if (depth > 16) return "open";
  let named = false;
  let verdict: FieldVerdict = "unknown";
  for (const part of branch.parts) {
    if (part.kind !== "map") return "open";
    const properties = findValue(part, "properties");
    if (properties) named = true;
    const property = typeof step === "string" ? findValue(properties, step) : undefined;
    const items = findValue(part, "items");
    const isList =
      items !== undefined ||
      findValue(part, "type")?.kind !== "scalar" ||
      !(findValue(part, "type") as ScalarNode | undefined)?.value?.toString().startsWith("object");
    if (property === undefined && depth > 0 && isList && (typeof step === "number" || builtIn.has(step))) return "open";
    if (property === undefined) continue;
    const inner = readBranches(property, root);
    for (const next of inner) {
      const found = rest.length === 0 ? "known" : findInBranch(next, root, rest, depth + 1);
      if (found === "known") return "known";
      if (found === "open") verdict = "open";
    }
    if (verdict === "unknown") return "unknown";
  }
  if (verdict === "open" || branch.open || !named) return "open";
  return depth > 0 && typeof step === "string" && builtIn.has(step) ? "open" : "unknown";
}
