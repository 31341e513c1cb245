/** Renders prompts and the strings of literal payloads: Liquid over what an edge sees, plain values, never escaped. */
import type { Liquid, Template as ParsedTemplate } from "liquidjs";
import type { Json } from "../../contract/event.ts";
import { inOnePiece } from "../../contract/one-piece.ts";
import type { Template } from "../ir.ts";
import { createTemplateEngine } from "../templates/create-template-engine.ts";
import { normaliseMustache } from "../templates/normalise-mustache.ts";
import { runRendering } from "../templates/run-rendering.ts";
import { describeError, type EvaluationError } from "./expression.ts";

/** What a template sees: the last output's members, and the engine's own names. */
export interface TemplateScope {
  [name: string]: unknown;
}

/** Text, or why there is none. */
export type Rendered = { ok: true; text: string } | { ok: false; error: EvaluationError };

/** Templates kept parsed: those of a few hundred workflows. */
const cached = 2_000;

function createEngine(print?: (value: unknown) => unknown): Liquid {
  const engine = createTemplateEngine();
  if (print) engine.options.outputEscape = print as never;
  return engine;
}

const engines = {
  liquid: createEngine(),
  // Mustache joins a list with commas; Liquid joins it with nothing.
  mustache: createEngine((value) => (Array.isArray(value) ? value.join(",") : value)),
};

const parsed = new Map<string, ParsedTemplate[]>();

function parse(engine: Liquid, source: string, mustache: boolean): ParsedTemplate[] {
  const key = `${mustache ? "m" : "l"}${source}`;
  const known = parsed.get(key);
  if (known) return known;
  const template = engine.parse(source);
  if (parsed.size >= cached) parsed.clear();
  parsed.set(key, template);
  return template;
}

/** Renders a template. A variable that is absent is empty; one without a tag says the same whatever it sees. */
export function renderTemplate(template: Template, scope: TemplateScope): Rendered | Promise<Rendered> {
  if (template.kind === "literal") return { ok: true, text: template.text };
  const text = joinNamed(template.source, scope);
  return text === undefined ? renderLiquid(template, scope) : { ok: true, text };
}

/** `{{ name }}`, `{{ name.member }}` and `{{ list | join: ", " }}`: most templates have no other tag. */
const named = /\{\{ *([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,8})(?: *\| *join: *(?:'([^'\\{}]*)'|"([^"\\{}]*)"))? *\}\}/;

/** What is no variable in Liquid, or another one's member. */
const unnamed: ReadonlySet<string> = new Set("true false nil null empty blank and or not contains size first last".split(" "));

/** Bounds of what is joined here: beyond them the library counts. */
const joined = { parts: 200, items: 1_000, length: 100_000 } as const;

/** A text as it is, or the names that lead to a value; with what stands between the texts of a list. */
type Part = string | { names: string[]; between: string | undefined };

/** By source; null: there is more in it. */
const partsKnown = new Map<string, Part[] | null>();

function readParts(source: string): Part[] | null {
  // Each tag gives its three groups between two texts.
  const read = source.split(named) as (string | undefined)[];
  if (read.length > 4 * joined.parts) return null;
  const parts: Part[] = [];
  for (let at = 0; at < read.length; at += 4) {
    const [text = "", path, single, double] = read.slice(at, at + 4);
    const names = path?.split(".");
    if (text.includes("{") || names?.some((name) => unnamed.has(name))) return null;
    parts.push(text);
    if (names) parts.push({ names, between: single ?? double });
  }
  return parts;
}

function findParts(source: string): Part[] | null {
  let parts = partsKnown.get(source);
  if (parts === undefined) {
    parts = readParts(source);
    if (partsKnown.size >= cached) partsKnown.clear();
    partsKnown.set(source, parts);
  }
  return parts;
}

/** What names say, where that is a text, a whole number or a list of texts. */
function say({ names, between }: Exclude<Part, string>, scope: TemplateScope): string | undefined {
  let said: unknown = scope;
  for (const name of names) {
    if (typeof said !== "object" || said === null || Array.isArray(said) || !Object.hasOwn(said, name)) return undefined;
    said = (said as TemplateScope)[name];
  }
  if (between === undefined) return typeof said === "string" || Number.isSafeInteger(said) ? String(said) : undefined;
  if (!Array.isArray(said) || said.length > joined.items) return undefined;
  for (let at = 0; at < said.length; at++) if (typeof said[at] !== "string") return undefined;
  return said.join(between);
}

/** The text of a template that only names values, as the library renders it; undefined: that has to. */
function joinNamed(source: string, scope: TemplateScope): string | undefined {
  const parts = findParts(source);
  if (!parts) return undefined;
  let text = "";
  for (const part of parts) {
    const said = typeof part === "string" ? part : say(part, scope);
    if (said === undefined) return undefined;
    text += said;
  }
  return text.length > joined.length ? undefined : inOnePiece(text);
}

async function renderLiquid(template: Extract<Template, { kind: "liquid" }>, scope: TemplateScope): Promise<Rendered> {
  const mustache = template.mustache === true;
  const engine = mustache ? engines.mustache : engines.liquid;
  try {
    const rendering = engine._render(parse(engine, template.source, mustache), scope, { sync: true });
    return { ok: true, text: String(await runRendering(rendering)) };
  } catch (error) {
    return { ok: false, error: { code: "template_failed", message: describeError(error).split("\n")[0] ?? "" } };
  }
}

/** A literal payload with its strings rendered. */
export async function renderStrings(
  value: Json,
  scope: TemplateScope,
): Promise<{ ok: true; value: Json } | { ok: false; error: EvaluationError }> {
  if (typeof value === "string") {
    const { text: source, mustache } = normaliseMustache(value);
    const rendered = await renderTemplate(mustache ? { kind: "liquid", source, mustache } : { kind: "liquid", source }, scope);
    return rendered.ok ? { ok: true, value: rendered.text } : rendered;
  }
  if (typeof value !== "object" || value === null) return { ok: true, value };
  const entries: [string, Json][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const rendered = await renderStrings(inner, scope);
    if (!rendered.ok) return rendered;
    entries.push([key, rendered.value]);
  }
  return { ok: true, value: Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries) };
}
