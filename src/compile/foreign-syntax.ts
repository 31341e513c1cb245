/** Reads what other languages write differently: mends that make a text parse, each said in a sentence. Knows no language itself. */
import type { DiagnosticDetails } from "./diagnostics/diagnostic.ts";
import type { TextNode } from "./source/node.ts";

/** One way in which other languages write something. Literals are stood in for by \u0001. */
export interface Slip {
  written: RegExp;
  meant: string | ((...groups: string[]) => string);
  hint: string;
}

/** What stands in quotes. */
const quoted = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`/g;

/** Applies a slip's mend to what stands outside of quotes. */
function mend(text: string, { written, meant }: Slip): string {
  const literals: string[] = [];
  const bare = text.replaceAll(quoted, (literal) => `\u0001${literals.push(literal) - 1}\u0001`);
  const mended =
    typeof meant === "string" ? bare.replaceAll(written, meant) : bare.replaceAll(written, (...groups: string[]) => meant(...groups));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it stands for a literal, and is forbidden in files
  return mended.replaceAll(/\u0001(\d+)\u0001/g, (_, place: string) => literals[Number(place)] ?? "");
}

/**
 * What was meant by a text that does not parse: one slip's mend, or that of several where they make it parse together.
 * @param parses whether a text does
 */
export function mendSyntax(node: TextNode, slips: readonly Slip[], parses: (text: string) => boolean): DiagnosticDetails {
  const source = node.value;
  if (source.length > 4096) return {};
  const found: Slip[] = [];
  let text = source;
  for (const slip of slips) {
    const mended = mend(text, slip);
    if (mended === text) continue;
    found.push(slip);
    text = mended;
    if (parses(text)) return { hint: found.map(({ hint }) => hint).join("; "), ...replace(node, text) };
  }
  return found[0] ? { hint: found[0].hint } : {};
}

/** Replaces what differs. What could mean something else to YAML as it is written there is left to the author. */
function replace(node: TextNode, text: string): DiagnosticDetails {
  const source = node.value;
  let start = 0;
  while (start < Math.min(source.length, text.length) && source[start] === text[start]) start += 1;
  let end = 0;
  while (end < Math.min(source.length, text.length) - start && source.at(-1 - end) === text.at(-1 - end)) end += 1;
  const written = text.slice(start, text.length - end);
  const { style } = node;
  const isSafe =
    style === "plain"
      ? /^[\w .$()='<>!|:]*$/.test(written) && !/: |^[!|>'"]/.test(written)
      : !(style === "double" ? /["\\\n]/ : style === "single" ? /['\n]/ : /\n/).test(written);
  if (!isSafe || style === "included") return {};
  const shown = written.trim();
  return {
    fix: { title: shown === "" ? "Leave it out" : `Write \`${shown}\``, span: node.locate(start, source.length - end), text: written },
  };
}
