/** zod at the boundary: what comes in is parsed, or answered with a problem that names each fault. */
import type { Context } from "hono";
import * as z from "zod";
import type { ParameterMap, Query, ReadParameters } from "../contract/http/parameter.ts";
import { headerParameters } from "../contract/http/parameters.ts";
import type { ProblemCode } from "../contract/problem.ts";
import { problemError } from "./problem-error.ts";

/**
 * Parses what a caller gave.
 * @param what names it in the error, e.g. `query`
 * @throws ProblemError with `errors: [{path, message}]`
 */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown, what: string, code: ProblemCode = "malformed"): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join("."), message }));
  const [first] = errors;
  throw problemError(code, `The ${what} is not right: ${first?.path ? `${first.path}: ` : ""}${first?.message}.`, { errors });
}

/**
 * Refuses HEAD where GET opens a stream: nobody would read it, and what it is given would wait for nothing.
 * @throws ProblemError `method_not_allowed`
 */
export function refuseHead(c: Context): void {
  if (c.req.raw.method === "HEAD") throw problemError("method_not_allowed", "A stream is opened by GET.", { allowed: ["GET"] });
}

/**
 * Reads a query. Others' parameters may stand as often as they like; of ours, one that stands twice would lose a value without a word.
 * @throws ProblemError `malformed`
 */
export function readQuery<P extends ParameterMap>(c: Context, { parameters, schema }: Query<P>): ReadParameters<P> {
  for (const [name, values] of Object.entries(c.req.queries())) {
    if (values.length < 2 || !Object.hasOwn(parameters, name)) continue;
    const message = `it stands ${values.length} times; say it once${parameters[name]?.type["type"] === "array" ? ", with commas between" : ""}`;
    throw problemError("malformed", `The query is not right: ${name}: ${message}.`, { errors: [{ path: name, message }] });
  }
  return parseInput(schema, c.req.query(), "query");
}

/**
 * Reads a header; undefined where it is absent.
 * @throws ProblemError `malformed`
 */
export function readHeader<Name extends keyof typeof headerParameters>(
  c: Context,
  name: Name,
): z.output<(typeof headerParameters)[Name]["schema"]> {
  const value = c.req.header(name);
  return parseInput(z.object({ [name]: headerParameters[name].schema }), { [name]: value }, "header")[name] as never;
}
