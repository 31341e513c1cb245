/**
 * Building blocks of the language's shape: zod types whose messages name the catalogue's entry (`tags.ts`), so that the check
 * can word the diagnostic itself.
 */
import * as z from "zod";
import { wordsOf } from "../../contract/language.ts";
import { compileLimits } from "../limits.ts";
import { durationPattern, parseDuration } from "../source/duration.ts";
import { tag, unknownField } from "./tags.ts";

/** A mapping that knows all its fields; unknown ones are reported together with the known names. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? `${unknownField}${Object.keys(shape).join(" ")}` : undefined),
  });
}

/** Text of any length that says something. */
export const text = z.string().refine((value) => value.trim() !== "", tag("blank-text"));

/** JSONata source. */
export const expression = z
  .string()
  .refine((value) => value.trim() !== "", tag("blank-text"))
  .meta({ title: "JSONata" });

const longest = compileLimits.durationDays * 86_400_000;

/** A duration, as `30s`; it may be nothing. */
export const duration = z
  .string({ error: ({ input }) => (typeof input === "number" ? tag("bad-duration") : undefined) })
  .regex(durationPattern, { error: tag("bad-duration"), abort: true })
  .refine((value) => (parseDuration(value) ?? 0) <= longest, tag("out-of-range", `a duration up to ${compileLimits.durationDays}d`))
  .meta({ title: "Duration" });

/** A duration that is longer than nothing: something is waited for. */
export const wait = z
  .string({ error: ({ input }) => (typeof input === "number" ? tag("bad-duration") : undefined) })
  .regex(durationPattern, { error: tag("bad-duration"), abort: true })
  .refine(
    (value) => (parseDuration(value) ?? 1) > 0 && (parseDuration(value) ?? 0) <= longest,
    tag("out-of-range", `a duration longer than nothing, up to ${compileLimits.durationDays}d`),
  )
  .meta({ title: "Duration" });

/** One of the language's words; editors are told what each means. */
export function word<Word extends string>(meanings: Readonly<Record<Word, string>>) {
  const words = wordsOf(meanings);
  return z.enum(words).meta({ enumDescriptions: words.map((each) => meanings[each]) });
}

/** A whole number between two bounds. */
export function integer(min: number, max: number) {
  const message = tag("out-of-range", `a whole number from ${min} to ${max}`);
  return z.number().refine(Number.isSafeInteger, message).min(min, message).max(max, message).meta({ type: "integer" });
}

/** A number greater than nothing. */
export function amount(max: number) {
  const message = tag("out-of-range", `a number greater than 0, at most ${max}`);
  return z.number().positive(message).max(max, message);
}

/** A list of bounded length. */
export function list<T extends z.ZodType>(item: T, max: number = compileLimits.listItems) {
  return z.array(item).max(max, tag("too-many", max));
}

/** An event kind, as `pr.ready_for_review`. */
export const kind = z.string().regex(/^(?=.{1,128}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/, tag("bad-kind"));

/** An agent's id. */
export const agentId = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/, tag("bad-agent-id"));

/** A JSON Schema; it is checked for being one elsewhere. */
export const jsonSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()]).meta({ title: "JSON Schema" });
