/** How long the log keeps each kind of event: turns NERVEFLARE_RETENTION into rules that SQL can apply. Knows no database. */
import * as z from "zod";
import { parseDuration } from "../../compile/source/duration.ts";
import { kindPattern } from "../../contract/event.ts";

export interface Retention {
  /** Milliseconds for which events without a rule are kept, and threads after their end. */
  default: number;
  /** By kind or by prefix (`debug.*`). Of several rules that match, the longest pattern applies. */
  rules: { pattern: string; keep: number }[];
  /** Milliseconds that an ended thread stays in its objects, where it can be restarted and forked; absent: the default. */
  threads?: number;
  /** Milliseconds that the page of an archived thread and its row in the index are kept; absent: the default. */
  archive?: number;
}

/** Rules at most: each is a statement of every run, with the others as its exceptions. */
const rulesAtMost = 40;

const millisecondsPerDay = 86_400_000;

export const defaultRetention: Retention = { default: 30 * millisecondsPerDay, rules: [] };

const duration = z
  .string()
  .transform((text) => parseDuration(text))
  .refine((keep) => keep !== undefined && keep > 0, "not a duration like 12h or 30d")
  .transform((keep) => keep as number);

const shape = z.record(
  z
    .string()
    .refine(
      (key) => key === "default" || key === "$threads" || key === "$archive" || kindPattern.test(key.replace(/\.\*$/, "")),
      "is no kind: give one like `review.done`, a prefix like `debug.*`, `default`, `$threads` or `$archive`",
    ),
  duration,
);

/**
 * Reads what the variable says.
 * @param text JSON, e.g. `{"default": "30d", "nerve.turn.progress": "3d", "debug.*": "1d"}`; undefined: 30 days of everything
 * @returns the retention, or what is wrong with the text
 */
export function parseRetention(text: string | undefined): { ok: true; retention: Retention } | { ok: false; error: string } {
  if (text === undefined || text.trim() === "") return { ok: true, retention: defaultRetention };
  const wrong = (detail: string) => ({ ok: false as const, error: `NERVEFLARE_RETENTION ${detail}` });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return wrong(`is not JSON: ${(error as Error).message}. Give e.g. {"default": "30d", "debug.*": "1d"}.`);
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = issue?.path.join(".") ?? "";
    const said = issue?.code === "invalid_key" ? (issue.issues[0]?.message ?? "is no kind") : issue?.message;
    return wrong(`does not fit: ${key ? `${JSON.stringify(key)} ` : ""}${said}.`);
  }
  const { default: base = defaultRetention.default, $threads: threads, $archive: archive, ...kinds } = parsed.data;
  const rules = Object.entries(kinds).map(([pattern, keep]) => ({ pattern, keep }));
  if (rules.length > rulesAtMost) return wrong(`has ${rules.length} kinds; at most ${rulesAtMost} fit.`);
  const own = { ...(threads !== undefined && { threads }), ...(archive !== undefined && { archive }) };
  return { ok: true, retention: { default: base, ...own, rules: rules.sort((a, b) => b.pattern.length - a.pattern.length) } };
}

/** A condition on `type`, and what it binds. */
export function matchPattern(pattern: string): { sql: string; values: string[] } {
  if (!pattern.endsWith(".*")) return { sql: "e.type = ?", values: [pattern] };
  const prefix = pattern.slice(0, -1);
  // A range uses the index; "/" is what follows ".".
  return { sql: "(e.type >= ? AND e.type < ?)", values: [prefix, `${prefix.slice(0, -1)}/`] };
}
