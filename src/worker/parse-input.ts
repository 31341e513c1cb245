/** zod at the boundary: what comes in is parsed, or answered with a problem that names each fault. */
import * as z from "zod";
import { limits } from "../contract/limits.ts";
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

/** A number in a query. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, "a whole number")
  .transform(Number);

/** `limit`: at least 1; more than a page holds is taken as a full page, since `next` goes on from there. */
export const pageLimit = wholeNumber
  .refine((limit) => limit > 0, "at least 1")
  .transform((limit) => Math.min(limit, limits.pageMax))
  .default(limits.page);

/** A moment in a query: RFC 3339, or a date that begins at midnight UTC. @returns milliseconds since the epoch */
export const moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/, "an RFC 3339 time, like 2026-11-20T12:00:00Z, or a date")
  .transform((text) => Date.parse(text))
  .refine((at) => !Number.isNaN(at), "no such day or time");
