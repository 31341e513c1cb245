/**
 * Maps the characters of a YAML scalar's value back to the source, so that a caret can stand inside an expression or a
 * prompt. Repeats YAML's folding and escaping; a result that does not reproduce the value is thrown away by the caller.
 */

/** The value as rebuilt, and for each of its characters (and its end) the offset in the raw text. */
interface Rebuilt {
  value: string;
  offsets: number[];
}

/** Offsets in `raw` for each character of `value`, one more for the end; undefined if they can't be told. */
export function mapScalarOffsets(raw: string, style: string, value: string): number[] | undefined {
  if (style !== "literal" && style !== "folded") return matchValue(rebuildFlow(raw, style), value);
  // With an indentation indicator the indentation is relative to the parent, which the raw text does not show.
  if (!/^[|>][+-]?[1-9]/.test(raw)) return matchValue(rebuildBlock(raw, style, undefined), value);
  for (let indent = 1; indent <= deepestIndent; indent++) {
    const offsets = matchValue(rebuildBlock(raw, style, indent), value);
    if (offsets) return offsets;
  }
  return undefined;
}

/** Indentations that are tried for a block with an indicator. */
const deepestIndent = 32;

function matchValue(rebuilt: Rebuilt | undefined, value: string): number[] | undefined {
  if (rebuilt === undefined) return undefined;
  if (rebuilt.value === value) return rebuilt.offsets;
  // Chomping only cuts or adds line ends.
  if (rebuilt.value.trimEnd() === value.trimEnd()) {
    const offsets = rebuilt.offsets.slice(0, value.length + 1);
    while (offsets.length <= value.length) offsets.push(offsets.at(-1) ?? 0);
    return offsets;
  }
  return undefined;
}

const simpleEscapes: Record<string, string> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\u0085",
  _: "\u00a0",
  L: "\u2028",
  P: "\u2029",
};
const codeEscapes: Record<string, number> = { x: 2, u: 4, U: 8 };

function rebuildFlow(raw: string, style: string): Rebuilt | undefined {
  const quoted = style === "single" || style === "double";
  let at = quoted ? 1 : 0;
  const end = quoted ? raw.length - 1 : raw.length;
  let value = "";
  const offsets: number[] = [];
  /** Length of `value` up to which trailing blanks are content (they were escaped). */
  let kept = 0;
  const push = (text: string, offset: number) => {
    for (let index = 0; index < text.length; index++) offsets.push(offset);
    value += text;
  };
  while (at < end) {
    const char = raw[at] ?? "";
    if (char === "\r" && raw[at + 1] === "\n") {
      at += 1;
      continue;
    }
    if (char === "\n") {
      let length = value.length;
      while (length > kept && (value[length - 1] === " " || value[length - 1] === "\t")) length -= 1;
      value = value.slice(0, length);
      offsets.length = length;
      const start = at;
      let breaks = 0;
      while (at < end && /[\n\r \t]/.test(raw[at] ?? "")) {
        if (raw[at] === "\n") breaks += 1;
        at += 1;
      }
      push(breaks === 1 ? " " : "\n".repeat(breaks - 1), start);
      kept = value.length;
      continue;
    }
    if (style === "single" && char === "'") {
      push("'", at);
      at += 2;
      continue;
    }
    if (style === "double" && char === "\\") {
      const code = raw[at + 1] ?? "";
      const digits = codeEscapes[code];
      if (digits !== undefined) {
        const point = Number.parseInt(raw.slice(at + 2, at + 2 + digits), 16);
        if (Number.isNaN(point) || point > 0x10ffff) return undefined;
        push(String.fromCodePoint(point), at);
        at += 2 + digits;
      } else if (code === "\n" || (code === "\r" && raw[at + 2] === "\n")) {
        at += code === "\n" ? 2 : 3;
        while (raw[at] === " " || raw[at] === "\t") at += 1;
      } else {
        const meaning = Object.hasOwn(simpleEscapes, code) ? simpleEscapes[code] : undefined;
        if (meaning === undefined) return undefined;
        push(meaning, at);
        at += 2;
      }
      kept = value.length;
      continue;
    }
    push(char, at);
    at += 1;
  }
  offsets.push(end);
  return { value, offsets };
}

function rebuildBlock(raw: string, style: string, given: number | undefined): Rebuilt | undefined {
  const headerEnd = raw.indexOf("\n");
  if (headerEnd === -1) return { value: "", offsets: [raw.length] };
  const lines: { start: number; text: string }[] = [];
  for (let start = headerEnd + 1; start <= raw.length; ) {
    const next = raw.indexOf("\n", start);
    const stop = next === -1 ? raw.length : next;
    lines.push({ start, text: raw.slice(start, stop).replace(/\r$/, "") });
    start = stop + 1;
  }
  const first = lines.find((line) => line.text.trim() !== "");
  if (first === undefined) return { value: "", offsets: [raw.length] };
  const indent = given ?? /^ */.exec(first.text)?.[0].length ?? 0;
  const content = lines.map((line) => ({
    start: line.start + Math.min(indent, line.text.length),
    text: line.text.slice(indent),
    end: line.start + line.text.length,
  }));
  while (content.length > 0 && content.at(-1)?.text === "") content.pop();
  let value = "";
  const offsets: number[] = [];
  const push = (text: string, offset: number, step: number) => {
    for (let index = 0; index < text.length; index++) offsets.push(offset + index * step);
    value += text;
  };
  let pending = 0;
  let previousIndented = false;
  /** Some line before has text. */
  let written = false;
  content.forEach((line, index) => {
    const indented = line.text.startsWith(" ") || line.text.startsWith("\t");
    if (index > 0) {
      // A line end stands behind the last line that has text, before the indentation of the next.
      const before = content[index - 1 - pending]?.end ?? line.start;
      if (style === "literal") push("\n", before, 0);
      else if (line.text === "") pending += 1;
      else {
        const literal = previousIndented || indented;
        if (!written) push("\n".repeat(pending), line.start, 0);
        else if (pending === 0) push(literal ? "\n" : " ", before, 0);
        else push("\n".repeat(literal ? pending + 1 : pending), before, 0);
        pending = 0;
      }
    } else if (style === "folded" && line.text === "") pending = 1;
    push(line.text, line.start, 1);
    if (line.text !== "") {
      previousIndented = indented;
      written = true;
    }
  });
  const last = content.at(-1);
  push("\n", last?.end ?? raw.length, 0);
  offsets.push(last?.end ?? raw.length);
  return { value, offsets };
}
