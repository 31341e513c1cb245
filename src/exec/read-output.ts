/**
 * Finds a program's output in what it printed: models and scripts talk before their answer, after it, and around it. Knows the role's
 * schema only to tell the answer from the rest; the server judges it.
 */

import type { SaidUsage } from "../client/contract-types.ts";
import type { Json } from "../contract/event.ts";
import { exceedsDepth } from "../contract/exceeds-depth.ts";
import { checkOutput } from "../contract/json-schema/check-output.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import { limits } from "../contract/limits.ts";
import { type BrokenObject, findObjects } from "./find-objects.ts";
import { execLimits } from "./limits.ts";
import { describeWanted, readWanted, type Wanted } from "./read-wanted.ts";

type Output = { [field: string]: Json };

/** The output, or the one thing to change about what was printed. */
export type ReadOutput = { ok: true; output: Output } | { ok: false; mend: string };

/** Escape sequences of terminals: colours, cursor, titles. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;

/**
 * Takes the last object that fits the schema and has a name that the schema knows; without one, the last that comes near it. An answer
 * that does not parse is never replaced by an object before it.
 * @param options `cut`: the text is only the end of what was printed
 */
export function readOutput(stdout: string, options: { schema?: JsonSchema | undefined; cut?: boolean } = {}): ReadOutput {
  const text = trimStart(stdout.replace(escapes, ""), options.cut).trimEnd();
  const wanted = readWanted(options.schema);
  const found = findObjects(text, options.cut);
  const objects = found.objects.filter(({ start, end }) => !isUsage(text.slice(start, end)));
  const best = chooseObject(text, objects, options.schema, wanted);
  const broken = found.broken.findLast(({ names }) => isAnswer(names, wanted));
  if (broken && (!best || best.other || broken.at > best.end)) return { ok: false, mend: describeBroken(text, broken) };
  if (!best) {
    const last = found.broken.at(-1);
    return { ok: false, mend: last ? describeBroken(text, last) : describeNone(text, wanted, { ...options, thought: found.thought }) };
  }
  const mend = describeExcess(best.output);
  return mend === undefined ? { ok: true, output: best.output } : { ok: false, mend };
}

/** An object of nothing but `$usage`: what the work took, beside its output. */
function isUsage(text: string): boolean {
  return /^\{\s*"\$usage"\s*:/.test(text) && Object.keys(JSON.parse(text) as Output).length === 1;
}

/** What a program says that its work took: each `{"$usage": {…}}` that it prints. Whether it can be is not judged here. */
export function findUsage(stdout: string): SaidUsage[] {
  if (!stdout.includes('"$usage"')) return [];
  const text = stdout.replace(escapes, "");
  return findObjects(text)
    .objects.map(({ start, end }) => text.slice(start, end))
    .filter(isUsage)
    .map((each) => (JSON.parse(each) as { $usage: SaidUsage }).$usage);
}

interface Candidate {
  output: Output;
  end: number;
  /** It neither fits nor has a name that the schema knows. */
  other: boolean;
}

function chooseObject(
  text: string,
  objects: { start: number; end: number }[],
  schema: JsonSchema | undefined,
  { names }: Wanted,
): Candidate | undefined {
  const all = objects.slice(-execLimits.objects).map(({ start, end }) => ({ output: JSON.parse(text.slice(start, end)) as Output, end }));
  const isNamed = (output: Output) => Object.keys(output).some((name) => names.has(name));
  const named = all.filter(({ output }) => isNamed(output));
  const others = all.filter(({ output }) => !isNamed(output));
  const findFit = (of: typeof all) => of.slice(-execLimits.judged).findLast(({ output }) => fits(schema, output));
  const best = findFit(named) ?? findFit(others) ?? named.at(-1);
  if (best) return { ...best, other: false };
  const last = others.at(-1);
  return last && { ...last, other: true };
}

/** A schema that cannot be judged fits nothing: the server says what is wrong with it. */
function fits(schema: JsonSchema | undefined, output: Output): boolean {
  try {
    return !exceedsDepth(output, deepest) && checkOutput(schema, output).length === 0;
  } catch {
    return false;
  }
}

/** Whether an object with these names was to be the answer. */
function isAnswer(names: string[], wanted: Wanted): boolean {
  return wanted.statuses.length > 0 ? names.includes("$status") : names.some((name) => wanted.names.has(name));
}

/** Levels of an output: it lies within `data`. */
const deepest = limits.dataDepth - 1;
const bytesAtMost = limits.eventBytes - execLimits.envelopeBytes;

function describeExcess(output: Output): string | undefined {
  if (exceedsDepth(output, deepest)) return `The output nests deeper than ${deepest} levels: print a flatter one.`;
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes <= bytesAtMost) return undefined;
  return `The output has ${bytes} bytes; at most ${bytesAtMost} fit in an event: print a shorter one. Where the schema takes an artifact, write what is large to a file in NERVEFLARE_ARTIFACTS, and print {"$artifact": "its name"} in its place.`;
}

function describeBroken(text: string, { start, at, mend }: BrokenObject): string {
  const before = text.slice(Math.max(start, at - execLimits.excerptLength / 2), at);
  const line = text.slice(0, at).split("\n").length;
  const place = at >= text.length ? "at its end" : `on line ${line}, before ${quote(text.slice(at, at + 20))}`;
  return `The JSON object does not parse: ${mend} (${place}, after ${quote(before)}).`;
}

function describeNone(text: string, wanted: Wanted, { cut, thought }: { cut?: boolean; thought: boolean }): string {
  const instead = describeWanted(wanted);
  const none = `The program printed no JSON object on stdout${instead === undefined ? ', such as {"$status": "done"}' : ""}.`;
  return [none, describePrinted(text.trim(), cut, thought), instead].filter(Boolean).join(" ");
}

function describePrinted(printed: string, cut: boolean | undefined, thought: boolean): string {
  if (printed === "") return "It printed nothing.";
  if (thought) return "What stands before </think> is only thought: print the output after it.";
  if (cut) return `Only the last ${execLimits.stdoutBytes} bytes are read: print the output at the end.`;
  return readKind(printed) ?? `It ended with ${JSON.stringify(printed.slice(-execLimits.excerptLength))}.`;
}

/** What a whole text is that is JSON and no object. */
function readKind(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as Json;
    if (typeof value === "string" && value.trimStart().startsWith("{"))
      return "It printed a JSON string that holds one: encode it once, not twice.";
    return `It printed JSON of another kind: ${Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`}.`;
  } catch {
    return undefined;
  }
}

function quote(text: string): string {
  return `\`${text.slice(-execLimits.excerptLength).replace(/\s+/g, " ").trim()}\``;
}

/** What was cut off begins in the middle of a line, perhaps of a string. */
function trimStart(text: string, cut: boolean | undefined): string {
  return cut ? text.slice(text.indexOf("\n") + 1) : text;
}
