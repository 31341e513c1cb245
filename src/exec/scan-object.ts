/** Follows one JSON object through a text, without recursion; says where it ends, or at which character it stops being JSON. */
import { execLimits } from "./limits.ts";

/** Why a text is no JSON from some character on. */
export interface Fault {
  /** The first character that does not belong. */
  at: number;
  /** The one thing to change. */
  mend: string;
  /** Names of the object itself, as far as it went. */
  names: string[];
}

/** Where an object ends (the character after it), or why it does not. */
export type Scan = { end: number } | Fault;

type Expected = "name" | "first name" | "colon" | "value" | "first value" | "comma";

/**
 * Follows the object that begins at `start`. Reads each character once.
 * @param to where the text ends
 */
export function scanObject(text: string, start: number, to: number = text.length): Scan {
  const open: ("{" | "[")[] = ["{"];
  const names: string[] = [];
  let expected: Expected = "first name";
  let at = start + 1;
  const fail = (mend: string): Fault => ({ at, mend, names });

  for (;;) {
    while (at < to && isSpace(text.charCodeAt(at))) at++;
    if (at >= to) return fail(describeUnclosed(open));
    const letter = text[at] as string;
    const closes = letter === (open.at(-1) === "{" ? "}" : "]");
    if (closes && (expected === "comma" || expected === "first name" || expected === "first value")) {
      open.pop();
      at++;
      if (open.length === 0) return { end: at };
      expected = "comma";
      continue;
    }
    switch (expected) {
      case "first name":
      case "name": {
        if (letter !== '"') return noteName(text, fail(describeName(text, at, letter)), open.length);
        const string = scanString(text, at, to);
        if (typeof string === "string") return fail(string);
        if (open.length === 1 && names.length < execLimits.brokenNames) names.push(text.slice(at + 1, string.end - 1));
        at = string.end;
        expected = "colon";
        break;
      }
      case "colon":
        if (letter !== ":") return fail("a colon is missing between a name and its value");
        at++;
        expected = "value";
        break;
      case "first value":
      case "value":
        if (letter === "{" || letter === "[") {
          open.push(letter);
          at++;
          expected = letter === "{" ? "first name" : "first value";
        } else if (letter === '"') {
          const string = scanString(text, at, to);
          if (typeof string === "string") return fail(string);
          at = string.end;
          expected = "comma";
        } else {
          const end = scanLiteral(text, at);
          if (end === undefined || end > to) return fail(describeValue(text, at, letter));
          at = end;
          expected = "comma";
        }
        break;
      case "comma":
        if (letter !== ",") return fail(describeComma(text, at, letter));
        at++;
        expected = open.at(-1) === "{" ? "name" : "value";
        break;
      default:
        return expected satisfies never;
    }
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** Where a string ends, or what to change in it. */
function scanString(text: string, start: number, to: number): { end: number } | string {
  for (let at = start + 1; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return { end: at + 1 };
    if (code === 92) {
      const [sequence] = matchAt(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y, text, at) ?? [];
      if (sequence === undefined) return `\\${text[at + 1] ?? ""} is no escape in JSON: write \\\\ for a backslash`;
      at += sequence.length - 1;
    } else if (code === 10 || code === 13)
      return "a text goes on over the end of its line: write a line break as \\n, or add its closing quote";
    else if (code < 32) return `a text holds the control character ${code}: write it as \\u${code.toString(16).padStart(4, "0")}`;
  }
  return "it is cut off in the middle of a text: print all of it";
}

function scanLiteral(text: string, at: number): number | undefined {
  const [literal] = matchAt(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true\b|false\b|null\b/y, text, at) ?? [];
  return literal === undefined ? undefined : at + literal.length;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The object's own name, which is wrong only in how it is written. */
function noteName(text: string, fault: Fault, depth: number): Fault {
  if (depth > 1) return fault;
  const [, name] = matchAt(/\\?['"“”‘’]?([$\w]{1,64})\\?['"“”‘’]?\s{0,8}:/y, text, fault.at) ?? [];
  return name === undefined ? fault : { ...fault, names: [...fault.names, name] };
}

function describeUnclosed(open: ("{" | "[")[]): string {
  const missing = open
    .slice(0, 20)
    .map((each) => (each === "{" ? "}" : "]"))
    .reverse()
    .join("");
  return `it is cut off: the closing ${open.length > 20 ? "brackets are" : `${missing} ${open.length > 1 ? "are" : "is"}`} missing`;
}

function describeQuotes(letter: string): string | undefined {
  if (letter === "'") return "JSON has double quotes, not single ones";
  if ("“”‘’".includes(letter)) return 'JSON has plain quotes ("), not typographic ones';
  if (letter === "/" || letter === "#") return "JSON has no comments: remove them";
  return undefined;
}

function describeName(text: string, at: number, letter: string): string {
  if (letter === "}") return "a comma stands before the closing }: remove it";
  if (letter === "\\") return "its quotes are escaped: print the object itself, not a JSON string that holds it";
  const [word] = matchAt(/[$\w]{1,64}/y, text, at) ?? [];
  return describeQuotes(letter) ?? (word === undefined ? "a name in double quotes is missing" : `the name ${word} needs double quotes`);
}

function describeValue(text: string, at: number, letter: string): string {
  if (letter === "]") return "a comma stands before the closing ]: remove it";
  if (letter === "}" || letter === ",") return "a value is missing";
  const [word] = matchAt(/[-+.\w]{1,64}/y, text, at) ?? [];
  if (word !== undefined && /^(True|False|None)$/.test(word)) return `${word} is Python's: write true, false or null`;
  if (word !== undefined && /^[-+.\d]/.test(word)) return `${word} is no number in JSON`;
  return describeQuotes(letter) ?? (word === undefined ? "a value is missing" : `${word} is no JSON: a text needs double quotes`);
}

function describeComma(text: string, at: number, letter: string): string {
  if (letter === "}" || letter === "]") return `a ${letter} closes what the other kind of bracket opened`;
  const afterText = /"\s{0,8}$/.test(text.slice(Math.max(0, at - 8), at));
  if (afterText && letter !== '"' && letter !== "{" && letter !== "[") return 'a double quote inside a text is written \\"';
  return describeQuotes(letter) ?? "a comma is missing";
}
