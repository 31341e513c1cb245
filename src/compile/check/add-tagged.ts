/** Makes diagnostics of the faults that the language's shape names itself. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { ShapeTag } from "../schema/tags.ts";
import { describeType, type SourceNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";

interface Fault {
  node: SourceNode;
  /** The value as messages quote it. */
  written: string;
  /** What the shape says beside the tag. */
  details: string;
}

const adders: Record<ShapeTag, (fault: Fault, report: Report) => void> = {
  "bad-agent-id": ({ node, written }, report) =>
    report.add("bad-agent-id", node.span, `${written} is no agent id.`, { hint: "1 to 128 characters of `A-Z a-z 0-9 . _ : -`" }),
  "bad-duration"({ node, written }, report) {
    const text = readDuration(node);
    report.add("bad-duration", node.span, `${written} is no duration.`, {
      hint:
        text !== undefined
          ? `write \`${text}\``
          : node.kind === "scalar" && /^\d{1,12}$/.test(String(node.value))
            ? `a unit is missing: \`${node.value}s\` is seconds, \`${node.value}m\` minutes`
            : node.kind === "scalar" && /^\d+:\d+$/.test(String(node.value))
              ? "a time of day is none: `90s`, or `90m`"
              : "a whole number and a unit: `500ms`, `30s`, `10m`, `24h`, `7d`",
      ...suggest(text, node),
    });
  },
  "bad-kind": ({ node, written }, report) =>
    report.add("bad-kind", node.span, `${written} is no event kind.`, { hint: "dotted words of `a-z 0-9 _ -`, as `review.approved`" }),
  "bad-name"({ node, written }, report) {
    const text = node.kind === "scalar" ? toKebabCase(String(node.value)) : "";
    report.add("bad-name", node.span, `${written} is not kebab-case.`, {
      hint: "small letters and digits, words joined by `-`, at most 64 characters",
      ...suggest(text === "" ? undefined : text, node),
    });
  },
  "blank-text": ({ node }, report) =>
    report.add("blank-text", node.span, node.kind === "list" ? "The list is empty." : "The text is blank."),
  "out-of-range": ({ node, written, details }, report) => report.add("out-of-range", node.span, `${written} is not ${details}.`),
  "too-many": ({ node, details }, report) => report.add("too-many", headOf(node), `There are more than ${details} here.`),
};

/**
 * Reports the fault that an issue's message names.
 * @returns false where the message is zod's own
 */
export function addTagged(message: string, node: SourceNode, report: Report): boolean {
  const [, name = "", details = ""] = /^([a-z-]+)(?:: (.*))?$/s.exec(message) ?? [];
  if (!isTag(name)) return false;
  const written = node.kind === "scalar" ? `\`${node.written ?? String(node.value)}\`` : describeType(node);
  adders[name]({ node, written, details }, report);
  return true;
}

function isTag(name: string): name is ShapeTag {
  return Object.hasOwn(adders, name);
}

/** The start of a block: its first key, or the bracket. */
export function headOf(node: SourceNode): Span {
  const first = node.kind === "map" ? node.entries[0]?.keyNode.span : undefined;
  if (first && first.start === node.span.start) return first;
  return { start: node.span.start, end: Math.min(node.span.start + 1, node.span.end) };
}

function suggest(text: string | undefined, { span }: SourceNode): { fix?: { title: string; span: Span; text: string } } {
  return text === undefined ? {} : { fix: { title: `Write \`${text}\``, span, text } };
}

const milliseconds: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A duration that was written in words, in parts, as a fraction or by ISO 8601 (`PT5M`), as the language writes it. */
function readDuration(node: SourceNode): string | undefined {
  if (node.kind !== "scalar" || typeof node.value !== "string") return undefined;
  const written = node.value
    .trim()
    .toLowerCase()
    .replace(/^\+/, "")
    .replace(/^\./, "0.")
    .replace(/^(\d+)e(\d)(?=[a-z])/, (_, digits: string, zeros: string) => digits + "0".repeat(Number(zeros)))
    .replaceAll(/(\d)_(?=\d)/g, "$1");
  const clock = /^(\d{1,4}):([0-5]\d):([0-5]\d)$/.exec(written);
  if (clock) return readDuration({ ...node, value: `${clock[1]}h${clock[2]}m${clock[3]}s` });
  const iso = /^p(?=.)([\d.]+w)?([\d.]+d)?(?:t([\d.]+h)?([\d.]+m)?([\d.]+s)?)?$/.exec(written);
  const whole = iso ? iso.slice(1).join("") : written;
  if (whole.length > 64 || !/^(\d{1,9}(\.\d{1,6})?\s*[a-z]+[\s,]*)+$/.test(whole)) return undefined;
  let total = 0;
  let smallest = "w";
  for (const [, count, word = ""] of whole.matchAll(/([\d.]+)\s*([a-z]+)/g)) {
    const unit = /^(milliseconds?|millis|ms)$/.test(word)
      ? "ms"
      : /^(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)$/.test(word)
        ? word.slice(0, 1)
        : "";
    const factor = milliseconds[unit];
    if (factor === undefined) return undefined;
    if (factor < (milliseconds[smallest] ?? 0)) smallest = unit;
    total += Number(count) * factor;
  }
  if (total === 0 || total > compileLimits.durationDays * 86_400_000) return undefined;
  // In the unit that was written, or the largest below it that is whole.
  const unit = ["d", "h", "m", "s", "ms"].find(
    (each) => (milliseconds[each] ?? 0) <= (milliseconds[smallest] ?? 0) && total % (milliseconds[each] ?? 1) === 0,
  );
  return unit === undefined ? undefined : `${total / (milliseconds[unit] ?? 1)}${unit}`;
}

function toKebabCase(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words
    .filter((word) => word !== "")
    .join("-")
    .slice(0, 64)
    .replace(/-$/, "");
}
