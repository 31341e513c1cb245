/**
 * Holds a file against the language's shape and says what does not fit. A misspelt field or word is read on as the one that
 * was meant, so that one slip is one finding.
 */
import type { z } from "zod";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { unknownField } from "../schema/tags.ts";
import { reflexShapes, workflowShape } from "../schema/workflow-shape.ts";
import { parseDuration } from "../source/duration.ts";
import type { MapEntry, MapNode, SourceNode } from "../source/node.ts";
import { describeType, findEntry, toJson, writeText } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { addTagged, headOf } from "./add-tagged.ts";

type Issue = z.core.$ZodIssue;

/** Corrections within corrections: a file, a role, a part of it, a word in that. */
const maxRounds = 6;

/** Reports every place where the file's shape is wrong. */
export function checkShape(root: MapNode, report: Report): void {
  // A correction may show faults inside the field that was meant: look again until none is made.
  for (let round = 1; round <= maxRounds; round++) {
    const result = workflowShape.safeParse(withoutExtras(root));
    if (result.success) return;
    let corrected = false;
    for (const issue of result.error.issues) corrected = addIssue(issue, [], root, report, "names") || corrected;
    if (corrected && round < maxRounds) continue;
    for (const issue of result.error.issues) addIssue(issue, [], root, report, "rest");
    return;
  }
}

/** The plain value without `x-*` keys of the file's top. */
function withoutExtras(root: MapNode): unknown {
  return toJson({ ...root, entries: root.entries.filter((entry) => !entry.key.startsWith("x-")) });
}

/** Misspelt fields and words come first: what they were meant to be is not missing then, and is judged as that. */
type Phase = "names" | "rest";

/** Reports one issue of a phase; says whether it corrected the tree. */
function addIssue(issue: Issue, prefix: PropertyKey[], root: MapNode, report: Report, phase: Phase): boolean {
  const path = [...prefix, ...issue.path];
  if (issue.code === "invalid_union") {
    const branch = pickBranch(issue.errors);
    if (branch) {
      let corrected = false;
      for (const inner of branch) corrected = addIssue(inner, path, root, report, phase) || corrected;
      return corrected;
    }
  }
  const place = walkPath(root, path);
  const named = place.missing === undefined && (["unrecognized_keys", "invalid_value"].includes(issue.code) || isUnknownKind(issue));
  if (named !== (phase === "names")) return false;
  if (place.node.kind === "scalar" && place.node.hole) return false;
  if (isUnknownKind(issue) && place.missing === undefined) return addWrongValue(place.node, Object.keys(reflexShapes), report);
  if (issue.code === "unrecognized_keys") return addUnknownFields(issue, place.node, report);
  if (place.missing !== undefined) {
    const span = place.entry?.keyNode.span ?? headOf(place.node);
    report.add("missing-field", span, `${describeOwner(path.slice(0, -1))} needs the field \`${place.missing}\`.`);
    return false;
  }
  const { node } = place;
  if (addTagged(issue.message, node, report)) return false;
  if (issue.code === "invalid_value") return addWrongValue(node, issue.values.map(String), report);
  addWrongType(issue, node, path, root, report);
  return false;
}

/** A reflex of a kind that there is not. */
function isUnknownKind(issue: Issue): boolean {
  return issue.code === "invalid_union" && issue.errors.length === 0;
}

/** Reports a word that is none of those allowed, and reads it on as the one that was meant; says whether it could. */
function addWrongValue(node: SourceNode, values: string[], report: Report): boolean {
  const written = node.kind === "scalar" ? String(node.value) : undefined;
  const nearest = written === undefined ? undefined : findNearestName(written, values);
  const what = written === undefined ? describeType(node) : `\`${written}\``;
  report.add(
    "wrong-value",
    node.kind === "scalar" ? node.span : headOf(node),
    `${what} is none of ${values.map((value) => `\`${value}\``).join(", ")}.`,
    {
      ...(nearest === undefined
        ? {}
        : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span: node.span, text: writeText(nearest) } }),
    },
  );
  if (nearest === undefined || node.kind !== "scalar") return false;
  node.value = nearest;
  return true;
}

/** Of a union's branches the one that was meant: whose fault is not the value's type as a whole. */
function pickBranch(branches: Issue[][]): Issue[] | undefined {
  const inside = branches.filter(
    (issues) =>
      issues.length > 0 &&
      !issues.some((issue) => issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value")),
  );
  return inside.sort((a, b) => a.length - b.length)[0];
}

interface Place {
  node: SourceNode;
  /** Absent for an item of a list, and for the root. */
  entry: MapEntry | undefined;
  /** The last field of the path, where there is no such field. */
  missing?: string;
}

function walkPath(root: SourceNode, path: PropertyKey[]): Place {
  let node = root;
  let entry: MapEntry | undefined;
  for (const step of path) {
    if (node.kind === "list" && typeof step === "number") {
      const item = node.items[step];
      if (item === undefined) break;
      node = item;
      entry = undefined;
      continue;
    }
    const next = findEntry(node, String(step));
    if (next === undefined) return { node, entry, missing: String(step) };
    node = next.value;
    entry = next;
  }
  return { node, entry };
}

function addUnknownFields(issue: Issue & { code: "unrecognized_keys" }, node: SourceNode, report: Report): boolean {
  const known = issue.message.slice(unknownField.length).split(" ");
  let corrected = false;
  // After so many the rest is not shown anyway, and guessing names takes time.
  for (const key of issue.keys.filter((name) => !name.startsWith("x-")).slice(0, compileLimits.diagnostics)) {
    const entry = findEntry(node, key);
    if (entry === undefined) continue;
    const free = known.filter((name) => findEntry(node, name) === undefined);
    const nearest = findNearestName(key, free);
    const span = entry.keyNode.span;
    const hint = nearest === undefined ? `known fields: ${known.join(", ")}` : `did you mean \`${nearest}\`?`;
    report.add("unknown-field", span, `There is no field \`${key}\` here.`, {
      hint,
      ...(nearest === undefined ? {} : { fix: { title: `Write \`${nearest}\``, span, text: writeText(nearest) } }),
    });
    if (nearest !== undefined) {
      entry.key = nearest;
      corrected = true;
    }
  }
  return corrected;
}

const typeNames: Record<string, string> = {
  string: "text",
  number: "a number",
  boolean: "`true` or `false`",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function addWrongType(issue: Issue, node: SourceNode, path: PropertyKey[], root: MapNode, report: Report): void {
  const wanted = listWanted(issue);
  const names = wanted.map((type) => typeNames[type] ?? type);
  const field = path.length > 0 && typeof path.at(-1) === "string" ? `\`${String(path.at(-1))}\`` : "This";
  const expected = names.length > 0 ? names.join(" or ") : "something else";
  const value = node.kind === "scalar" ? node.value : undefined;
  let fix: { title: string; span: Span; text: string } | undefined;
  const replace = (text: string) => ({ title: `Write \`${text}\``, span: node.span, text });
  if (typeof value === "string") {
    const digits = value
      .trim()
      .replace(/^(-?\d{1,3})((?:[_,' \u00a0]\d{3})+)$/, (_, first: string, rest: string) => first + rest.replaceAll(/\D/g, ""));
    if (path.at(-1) === "await" && parseDuration(value) !== undefined) fix = replace(`{ timeout: ${value} }`);
    else if (wanted.includes("boolean") && /^(true|yes|on|y)$/i.test(value)) fix = replace("true");
    else if (wanted.includes("boolean") && /^(false|no|off|n)$/i.test(value)) fix = replace("false");
    else if (wanted.includes("number") && /^-?\d+(\.\d+)?,?$/.test(digits)) fix = replace(digits.replace(/,$/, ""));
    else if (wanted.includes("number") && readNumber(value) !== undefined) fix = replace(readNumber(value) ?? "");
    else if (wanted.includes("array") && /^[^\n[\]{}#:"'&*]+$/.test(value) && /[^\s,]/.test(value)) fix = replace(writeList(value));
  } else if ((typeof value === "number" || typeof value === "boolean") && wanted.includes("string"))
    // As it was written: an id keeps its zeros.
    fix = replace(JSON.stringify(node.kind === "scalar" ? (node.written ?? String(value)) : ""));
  if (fix && !mends(fix.text, node, path, root)) fix = undefined;
  const isWait = path.at(-1) === "await" && typeof value === "number";
  const hint = isWait ? { hint: `\`{ timeout: ${value}s }\` waits for seconds, \`{ timeout: ${value}m }\` for minutes` } : {};
  const span = value === null ? emptySpan(node.span) : node.kind === "scalar" ? node.span : headOf(node);
  report.add(
    "wrong-type",
    span,
    `${field} takes ${expected}, not ${typeof value === "string" ? `the text \`${shorten(value)}\`` : describeType(node)}.`,
    fix ? { fix, hint: `write \`${fix.text}\`` } : hint,
  );
}

/** A whole number as other languages write it: `1_0`, `0b11`, `v2`, `1.0.0`. */
function readNumber(text: string): string | undefined {
  const bits = /^0b([01]{1,20})$/i.exec(text)?.[1];
  if (bits !== undefined) return String(Number.parseInt(bits, 2));
  const digits = /^(?:v\.?)?(\d{1,6})(?:\.0){0,2}$/i.exec(text.replaceAll(/(?<=\d)_(?=\d)/g, ""))?.[1];
  return digits === undefined ? undefined : String(Number(digits));
}

/** What was written with commas, as a list. */
function writeList(text: string): string {
  const items = text.split(",").map((item) => item.trim());
  return `[${items.filter((item) => item !== "").join(", ")}]`;
}

/** Whether the shape takes what a fix would write: the right type may still be the wrong value. */
function mends(text: string, node: SourceNode, path: PropertyKey[], root: MapNode): boolean {
  if (node.kind !== "scalar" || text.startsWith("{")) return true;
  if (text.startsWith("[")) return takesTexts(path, root);
  const { value } = node;
  node.value = JSON.parse(text) as string | number | boolean;
  const { error } = workflowShape.safeParse(narrowJson(root, path));
  node.value = value;
  const place = path.map((step) => (typeof step === "number" ? 0 : step));
  return !error?.issues.some((issue) => concerns(issue, place));
}

/** Whether what stands at the path may be a list of texts. */
function takesTexts(path: PropertyKey[], root: MapNode): boolean {
  const whole = narrowJson(root, path);
  let owner = whole as { [key: PropertyKey]: unknown };
  const place = path.map((step) => (typeof step === "number" ? 0 : step));
  for (const step of place.slice(0, -1)) owner = owner[step] as typeof owner;
  owner[place.at(-1) ?? ""] = ["text"];
  const { error } = workflowShape.safeParse(whole);
  return !error?.issues.some((issue) => concerns(issue, place, [...place, 0]));
}

/** The plain value without what lies beside the path: a file may have many faults, and each is looked at. */
function narrowJson(node: SourceNode, [step, ...rest]: PropertyKey[]): unknown {
  if (step === undefined || node.kind === "scalar") return toJson(node);
  if (node.kind === "list") return node.items.slice(Number(step), Number(step) + 1).map((item) => narrowJson(item, rest));
  const near = node.entries.filter(({ key, value }) => key === step || value.kind === "scalar");
  return Object.fromEntries(near.map(({ key, value }) => [key, key === step ? narrowJson(value, rest) : toJson(value)]));
}

/** Whether an issue is about the value at one of the paths, and not about what is beside them. */
function concerns(issue: Issue, ...paths: PropertyKey[][]): boolean {
  const rests = paths
    .filter((path) => issue.path.every((step, index) => step === path[index]))
    .map((path) => path.slice(issue.path.length));
  if (issue.code === "invalid_union" && issue.errors.length > 0)
    return rests.length > 0 && issue.errors.every((branch) => branch.some((inner) => concerns(inner, ...rests)));
  return rests.some(({ length }) => length === 0);
}

/** Nothing was written: point at one character, so that a caret can be shown. */
function emptySpan(span: Span): Span {
  return span.end > span.start ? span : { start: Math.max(0, span.start - 1), end: span.start };
}

function shorten(text: string): string {
  const line = text.split("\n")[0] ?? "";
  return line.length > 40 || line.length < text.length ? `${line.slice(0, 40)}…` : line;
}

function listWanted(issue: Issue): string[] {
  if (issue.code === "invalid_type") return [String(issue.expected)];
  if (issue.code !== "invalid_union") return [];
  const wanted = issue.errors.flatMap((branch) =>
    branch
      .filter((inner) => inner.path.length === 0)
      .flatMap((inner) => (inner.code === "invalid_value" ? inner.values.map((value) => `\`${String(value)}\``) : listWanted(inner))),
  );
  return [...new Set(wanted)];
}

/** Names the thing that a path leads to. */
function describeOwner(path: PropertyKey[]): string {
  const [first, second, third] = path.map(String);
  if (first === undefined) return "A workflow";
  if (first === "roles" && path.length === 2) return `The role \`${second}\``;
  if (first === "conditions" && path.length === 2) return `The condition \`${second}\``;
  if (first === "graph" && path.length === 3) return `The edge \`${third}\` of \`${second}\``;
  if (first === "reflexes" && path.length === 2) return "The reflex";
  const last = path.at(-1);
  return typeof last === "string" ? `\`${last}\`` : `An item of \`${String(path.at(-2))}\``;
}
