/**
 * How a role's schema becomes a form: its `$status` is a choice of its own, and for each of these the rest is what a form library shows.
 * What that can't show is edited as JSON. Whatever the form is like, the judge is the server's. Knows no component.
 */
import type { Json } from "../../contract/event.ts";
import { checkOutput } from "../../contract/json-schema/check-output.ts";
import type { JsonSchema, Misfit } from "../../contract/json-schema/check-schema.ts";

export type Output = { [field: string]: Json };
type SchemaObject = Extract<JsonSchema, object>;

/** What a form shows once a status is chosen: no `$status`, and nothing that depends on it. */
export interface FormPart {
  /** Null: the answer says nothing but what it is. */
  status: string | null;
  title: string | undefined;
  schema: SchemaObject;
}

export type FormPlan = { kind: "form"; parts: FormPart[] } | { kind: "raw"; why: string };

const limits = {
  /** Fields of one form, and how deep they nest: beyond that people lose their way, and the page its pace. */
  fields: 100,
  depth: 5,
} as const;

/** Says how a schema is shown. */
export function planForm(schema: JsonSchema | null | undefined): FormPlan {
  if (schema === undefined || schema === null || typeof schema === "boolean")
    return { kind: "raw", why: "The role says nothing about the form of its answer." };
  const parts = listParts(schema);
  if (!parts) return { kind: "raw", why: unshown };
  const budget = { fields: limits.fields };
  const isShown = parts.every((part) => canShow(part.schema, part.schema, 0, budget));
  return isShown ? { kind: "form", parts } : { kind: "raw", why: unshown };
}

const unshown = "The role's schema has more than a form can show.";

/** What does not fit, as the server will judge it. */
export function judgeAnswer(schema: JsonSchema | null | undefined, output: Output): Misfit[] {
  return checkOutput(schema ?? undefined, output);
}

/** Undefined: the branches are no choice of a status. */
function listParts(schema: SchemaObject): FormPart[] | undefined {
  const { oneOf, anyOf, ...rest } = schema;
  const branches = (oneOf ?? anyOf) as JsonSchema[] | undefined;
  if (oneOf !== undefined && anyOf !== undefined) return undefined;
  if (branches === undefined) return splitStatuses(schema);
  if (!Array.isArray(branches) || branches.length === 0) return undefined;
  const parts: FormPart[] = [];
  for (const branch of branches) {
    if (typeof branch === "boolean") return undefined;
    const merged = mergeBranch(rest, branch);
    const split = merged && listStatuses(branch) ? splitStatuses(merged) : undefined;
    if (!split) return undefined;
    parts.push(...split);
  }
  const names = parts.map(({ status }) => status);
  return new Set(names).size === names.length ? parts : undefined;
}

/** The keywords that two object schemas may both have, joined; undefined: they say more than that. */
function mergeBranch(base: SchemaObject, branch: SchemaObject): SchemaObject | undefined {
  const shared = Object.keys(branch).filter(
    (key) => key in base && !["properties", "required", "type", "title", "description"].includes(key),
  );
  if (shared.length > 0) return undefined;
  return {
    ...base,
    ...branch,
    type: "object",
    properties: { ...(base.properties as object | undefined), ...(branch.properties as object | undefined) } as Json,
    required: [...new Set([...listRequired(base), ...listRequired(branch)])],
  };
}

/** One part for each status that the schema has; one without where it has none. */
function splitStatuses(schema: SchemaObject): FormPart[] {
  const statuses = listStatuses(schema);
  const { $status: _, ...properties } = (schema.properties ?? {}) as { [name: string]: Json };
  const rest: SchemaObject = {
    ...schema,
    type: "object",
    properties,
    required: listRequired(schema).filter((name) => name !== "$status"),
  };
  // They are said once, beside the choice.
  delete rest.title;
  const title = typeof schema.title === "string" ? schema.title : undefined;
  return (statuses ?? [null]).map((status) => ({ status, title, schema: rest }));
}

const listRequired = ({ required }: SchemaObject): string[] =>
  Array.isArray(required) ? required.filter((name): name is string => typeof name === "string") : [];

/** Undefined: it says nothing of `$status`. */
function listStatuses({ properties }: SchemaObject): string[] | undefined {
  const status = (properties as { [name: string]: Json } | undefined)?.$status;
  if (typeof status !== "object" || status === null || Array.isArray(status)) return undefined;
  const values = status.const !== undefined ? [status.const] : status.enum;
  return Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === "string")
    ? (values as string[])
    : undefined;
}

/** Keywords that a form shows, or that only judge what is in it. */
const shownKeywords = new Set(
  (
    "$schema $id $comment title description default examples deprecated readOnly writeOnly type enum const properties required items " +
    "additionalProperties minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems " +
    "uniqueItems minProperties maxProperties"
  ).split(" "),
);

function canShow(schema: Json | undefined, root: SchemaObject, depth: number, budget: { fields: number }): boolean {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return false;
  budget.fields -= 1;
  if (budget.fields < 0 || depth > limits.depth || !Object.keys(schema).every((keyword) => shownKeywords.has(keyword))) return false;
  if (schema.const !== undefined) return typeof schema.const !== "object";
  if (schema.enum !== undefined) return Array.isArray(schema.enum) && schema.enum.every((value) => typeof value !== "object");
  switch (schema.type ?? (schema.properties === undefined ? undefined : "object")) {
    case "string":
    case "number":
    case "integer":
    case "boolean":
      return true;
    case "array":
      return canShow(schema.items, root, depth + 1, budget);
    case "object": {
      // Fields of any name would need a name as well as a value.
      const { properties = {}, additionalProperties } = schema;
      if (typeof additionalProperties === "object" || typeof properties !== "object" || properties === null) return false;
      const names = Object.keys(properties);
      if (depth > 0 && names.length === 0) return false;
      return Object.values(properties).every((each) => canShow(each, root, depth + 1, budget));
    }
    default:
      return false;
  }
}

/** An answer, without fields that were left empty. */
export function makeOutput(status: string | null, fields: Output): Output {
  return { ...(status !== null && { $status: status }), ...(dropEmpty(fields) as Output) };
}

/** Items of a list stay where they are, so that what is wrong with one is told at its place. */
function dropEmpty(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map((item) => dropEmpty(item ?? ""));
  if (typeof value !== "object" || value === null) return value ?? "";
  const kept = Object.entries(value).filter(([, each]) => each !== undefined && each !== "");
  return Object.fromEntries(kept.map(([name, each]) => [name, dropEmpty(each)]));
}

/** Reads what was typed as JSON. */
export function readRaw(text: string): { output: Output } | { error: string } {
  try {
    const value = JSON.parse(text) as Json;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { output: value };
    return { error: "An answer is an object: `{ … }`." };
  } catch (error) {
    return { error: `This is no JSON yet: ${(error as Error).message}` };
  }
}

/** What to begin with where an answer is typed as JSON. */
export function sketchAnswer(schema: JsonSchema | null | undefined): string {
  const status = typeof schema === "object" && schema !== null ? (listParts(schema)?.[0]?.status ?? findStatus(schema)) : null;
  return JSON.stringify(status === null ? {} : { $status: status }, null, 2);
}

function findStatus(schema: SchemaObject): string | null {
  const branches = (schema.oneOf ?? schema.anyOf ?? [schema]) as SchemaObject[];
  return branches.flatMap((branch) => (typeof branch === "object" ? (listStatuses(branch) ?? []) : []))[0] ?? null;
}

/** A status as people read it. */
export function nameStatus(status: string): string {
  const words = status.replace(/^\$/, "").replaceAll(/[_-]+/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Errors as the form library takes them: a tree of fields. */
export interface ErrorTree {
  __errors?: string[];
  [field: string]: ErrorTree | string[] | undefined;
}

export function growErrors(misfits: readonly Misfit[]): ErrorTree {
  const root: ErrorTree = {};
  for (const { path, message } of misfits) {
    let at = root;
    for (const step of readPointer(path)) {
      const next = (Object.hasOwn(at, step) ? at[step] : undefined) as ErrorTree | undefined;
      const grown = next ?? {};
      at[step] = grown;
      at = grown;
    }
    at.__errors = [...(at.__errors ?? []), message];
  }
  return root;
}

export function readPointer(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
