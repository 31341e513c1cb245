/** zod at the boundary: what comes in is parsed, or answered with a problem that names each fault. */
import type { Context } from "hono";
import * as z from "zod";
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
