/**
 * Regular expressions of JSON Schema (ECMA-262 with the flag `u`) as trees. Syntax is the platform's to judge, which only reads the
 * pattern for that; here stands what it means. A pattern that no automaton can match (back-references) has no tree.
 */

import { schemaLimits } from "../limits.ts";

/** One character that fits, told by a class as it is written: `a`, `[^a-z]`, `\d`, `\p{L}`, `.`. */
interface CharacterNode {
  type: "character";
  source: string;
}

export type PatternNode =
  | CharacterNode
  | { type: "sequence"; parts: PatternNode[] }
  | { type: "choice"; ways: PatternNode[] }
  | { type: "repeat"; of: PatternNode; least: number; most: number }
  | { type: "position"; at: "start" | "end" | "boundary" | "inside" }
  | { type: "look"; of: PatternNode; ahead: boolean; wanted: boolean };

/** A tree, or why there is none, to be shown to the author. */
export type ParsedPattern =
  | { ok: true; tree: PatternNode }
  /** `linear` where it is no pattern at all, rather than one that can't be matched in linear time. */
  | { ok: false; linear: boolean; message: string };

class Unreadable extends Error {}

interface Reader {
  source: string;
  at: number;
  depth: number;
}

/** Parses a pattern; never throws. */
export function parsePattern(source: string): ParsedPattern {
  if (source.length > schemaLimits.patternLength)
    return { ok: false, linear: false, message: `the pattern has ${source.length} characters; ${schemaLimits.patternLength} are allowed` };
  try {
    new RegExp(source, "u");
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : "";
    const reason = said.startsWith(`/${source}/`) ? said.slice(source.length + 2).replace(/^\w*: /, "") : said;
    return { ok: false, linear: true, message: `this is no regular expression: ${reason || "it does not parse"}` };
  }
  const reader: Reader = { source, at: 0, depth: 0 };
  try {
    return { ok: true, tree: readChoice(reader) };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, linear: false, message: error.message };
    throw error;
  }
}

/** What stands at the reader's place; the expression is sticky. */
function find(sticky: RegExp, { source, at }: Reader): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(source);
}

const quantifier = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y;
const opening = /\((?:\?(?:(:|<?[=!])|<[^>=!][^>]*>))?/y;
const classOf = /\[(?:[^\]\\]|\\.)*\]/suy;
/** Two escapes of surrogates are one character. */
const escaped =
  /\\(?:u[Dd][89ABab][\dA-Fa-f]{2}\\u[Dd][C-Fc-f][\dA-Fa-f]{2}|u\{[\dA-Fa-f]+\}|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2}|c[A-Za-z]|[pP]\{[^}]*\}|.)/suy;

function readChoice(reader: Reader): PatternNode {
  reader.depth += 1;
  if (reader.depth > schemaLimits.patternDepth)
    throw new Unreadable(`the pattern's groups are nested deeper than ${schemaLimits.patternDepth} levels`);
  const ways = [readSequence(reader)];
  while (reader.source[reader.at] === "|") {
    reader.at += 1;
    ways.push(readSequence(reader));
  }
  reader.depth -= 1;
  const [only] = ways;
  return ways.length === 1 && only ? only : { type: "choice", ways };
}

function readSequence(reader: Reader): PatternNode {
  const parts: PatternNode[] = [];
  for (;;) {
    const next = reader.source[reader.at];
    if (next === undefined || next === "|" || next === ")") return { type: "sequence", parts };
    parts.push(readQuantifier(reader, readAtom(reader)));
  }
}

function readQuantifier(reader: Reader, of: PatternNode): PatternNode {
  const found = find(quantifier, reader);
  if (!found) return of;
  reader.at += found[0].length;
  const [, sign, least, comma, most] = found;
  if (sign === "*") return { type: "repeat", of, least: 0, most: Number.POSITIVE_INFINITY };
  if (sign === "+") return { type: "repeat", of, least: 1, most: Number.POSITIVE_INFINITY };
  if (sign === "?") return { type: "repeat", of, least: 0, most: 1 };
  const from = Number(least);
  return { type: "repeat", of, least: from, most: comma === undefined ? from : most ? Number(most) : Number.POSITIVE_INFINITY };
}

function readAtom(reader: Reader): PatternNode {
  const { source, at } = reader;
  const next = source[at];
  if (next === "(") return readGroup(reader);
  if (next === "[") return readClass(reader);
  if (next === "\\") return readEscape(reader);
  if (next === "^" || next === "$") {
    reader.at += 1;
    return { type: "position", at: next === "^" ? "start" : "end" };
  }
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  reader.at += character.length;
  return { type: "character", source: character };
}

function readGroup(reader: Reader): PatternNode {
  const [text = "(", sign] = find(opening, reader) ?? [];
  if (text === "(" && reader.source[reader.at + 1] === "?")
    throw new Unreadable("the pattern changes its flags inside, which is not judged here");
  reader.at += text.length;
  const of = readChoice(reader);
  reader.at += 1;
  if (sign === undefined || sign === ":") return of;
  return { type: "look", of, ahead: !sign.startsWith("<"), wanted: sign.endsWith("=") };
}

function readClass(reader: Reader): PatternNode {
  const [source = "["] = find(classOf, reader) ?? [];
  reader.at += source.length;
  return { type: "character", source };
}

function readEscape(reader: Reader): PatternNode {
  const [source = "\\"] = find(escaped, reader) ?? [];
  if (/^\\[1-9k]/.test(source))
    throw new Unreadable("the pattern refers back to what a group found (`\\1`, `\\k<name>`), which can't be matched in linear time");
  reader.at += source.length;
  if (source === "\\b" || source === "\\B") return { type: "position", at: source === "\\b" ? "boundary" : "inside" };
  return { type: "character", source };
}
