/**
 * How a parameter of the HTTP API is declared: once. A route parses by `schema`, and the description says `type`, `description`
 * and `example`; the functions here make the two of one and the same words.
 */
import * as z from "zod";
import { isRealTime, type Json } from "../event.ts";

/** One parameter of a query, a header or a path. `Out` is what the route gets. */
export interface Parameter<Out = unknown> {
  /** Takes the text that travels, or undefined where there is none. */
  schema: z.ZodType<Out>;
  /** What it is, as JSON Schema: a number travels as its digits, a list with commas between. */
  type: { [keyword: string]: Json };
  description: string;
  example: Json;
  required: boolean;
}

/** ParameterMap by name. */
export interface ParameterMap {
  [name: string]: Parameter;
}

/** What a route gets of its parameters. */
export type ReadParameters<P extends ParameterMap> = { [Name in keyof P]: P[Name] extends Parameter<infer Out> ? Out : never };

/** A query: its parameters, and the schema of all of them. */
export interface Query<P extends ParameterMap = ParameterMap> {
  parameters: P;
  schema: z.ZodType<ReadParameters<P>>;
}

/** A query in which a parameter that is not declared is refused: misspelt, it would be lost without a word. */
export function strictQuery<P extends ParameterMap>(parameters: P): Query<P> {
  return { parameters, schema: z.strictObject(schemasOf(parameters)) as z.ZodType as Query<P>["schema"] };
}

/** A query in which others may stand: clients and proxies add parameters of their own to what they poll. */
export function looseQuery<P extends ParameterMap>(parameters: P): Query<P> {
  return { parameters, schema: z.object(schemasOf(parameters)) as z.ZodType as Query<P>["schema"] };
}

function schemasOf(parameters: ParameterMap): { [name: string]: z.ZodType } {
  return Object.fromEntries(Object.entries(parameters).map(([name, { schema }]) => [name, schema]));
}

/** The same, and it must be there. */
export function required<Out>(parameter: Parameter<Out>): Parameter<Exclude<Out, undefined>> {
  const { schema } = parameter;
  return {
    ...parameter,
    required: true,
    schema: (schema instanceof z.ZodOptional ? schema.unwrap() : schema) as Parameter<never>["schema"],
  };
}

/** The same, and what is taken where it is absent. */
export function withDefault<Out>(parameter: Parameter<Out>, value: Exclude<Out, undefined> & Json): Parameter<Exclude<Out, undefined>> {
  const { schema } = required(parameter);
  return { ...parameter, type: { ...parameter.type, default: value }, schema: schema.default(() => value as never) };
}

/** Text, as it is. */
export function text(
  description: string,
  { example, pattern, hint, least = 0, most }: { example: string; pattern?: RegExp; hint?: string; least?: number; most?: number },
): Parameter<string | undefined> {
  let schema = z.string().min(least);
  if (most !== undefined) schema = schema.max(most);
  if (pattern) schema = schema.regex(pattern, hint);
  const type = {
    type: "string",
    ...(least > 0 && { minLength: least }),
    ...(most !== undefined && { maxLength: most }),
    ...(pattern && { pattern: pattern.source }),
  };
  return { schema: schema.optional(), type, description, example, required: false };
}

/** One of a few words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  description: string,
  example: NoInfer<Word>,
): Parameter<Word | undefined> {
  return { schema: z.enum(words).optional(), type: { type: "string", enum: [...words] }, description, example, required: false };
}

/** A whole number of at most 15 digits. @param most beyond which it is taken as this: an answer may hold less than was asked for */
export function wholeNumber(
  description: string,
  { example, least = 0, most }: { example: number; least?: number; most?: number },
): Parameter<number | undefined> {
  const schema = z
    .string()
    .regex(/^\d{1,15}$/, "a whole number")
    .transform(Number)
    .refine((number) => number >= least, `at least ${least}`)
    .transform((number) => (most === undefined ? number : Math.min(number, most)));
  return { schema: schema.optional(), type: { type: "integer", minimum: least }, description, example, required: false };
}

const momentPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A moment: RFC 3339, or a date that begins at midnight UTC. The route gets milliseconds since the epoch. */
export function moment(description: string): Parameter<number | undefined> {
  const schema = z
    .string()
    .regex(momentPattern, "an RFC 3339 time, like 2026-11-20T12:00:00Z, or a date")
    .refine(isRealTime, "no such day or time")
    .transform((text) => Date.parse(text));
  const type = {
    anyOf: [
      { type: "string", format: "date-time" },
      { type: "string", format: "date" },
    ],
  };
  return { schema: schema.optional(), type, description, example: "2026-11-20T12:00:00Z", required: false };
}

/** The same, and what is there and empty counts as absent. */
export function emptyIsAbsent<Out>(parameter: Parameter<Out>): Parameter<Out> {
  return { ...parameter, schema: z.preprocess((text) => (text === "" ? undefined : text), parameter.schema) };
}

/** Yes or no. The bare name, as in `?follow`, and `1` say yes too; the route gets yes or nothing. */
export function flag(description: string): Parameter<boolean> {
  const schema = z.enum(["", "1", "true", "0", "false"]).transform((text) => text !== "0" && text !== "false");
  return {
    schema: schema.optional().transform((is) => is === true),
    type: { type: "boolean" },
    description,
    example: true,
    required: false,
  };
}

/** Several words or names with commas between; one that stands twice counts once. */
export function list<Item extends string>(
  description: string,
  item: z.ZodType<Item, string>,
  { example, type, least = 0, most }: { example: Item[]; type: Parameter["type"]; least?: number; most: number },
): Parameter<Item[] | undefined> {
  const schema = z
    .string()
    .transform((text) => [...new Set(text === "" ? [] : text.split(","))])
    .pipe(z.array(item).min(least).max(most));
  const array = { type: "array", items: type, ...(least > 0 && { minItems: least }), maxItems: most };
  return { schema: schema.optional(), type: array, description, example, required: false };
}
