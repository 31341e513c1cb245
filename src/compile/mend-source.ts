/** What other languages write differently in expressions and templates, and how it is written here. */
import type { DiagnosticDetails } from "./diagnostics/diagnostic.ts";
import { parseExpression } from "./expressions/parse-expression.ts";
import { mendSyntax, type Slip } from "./foreign-syntax.ts";
import type { TextNode } from "./source/node.ts";
import { parseTemplate } from "./templates/check-template.ts";

/** Mends a text that does not parse, if it can be told what was meant. */
export function mendSource(node: TextNode, language: "expression" | "template"): DiagnosticDetails {
  if (language === "expression") return mendSyntax(node, expressionSlips, (text) => parseExpression(text).ok);
  return mendSyntax(node, templateSlips, (text) => parseTemplate(text) !== undefined);
}

/** Signs that look like those of the language, and those. */
const lookalikes: Readonly<Record<string, string>> = {
  ...{ "≥": ">=", "≤": "<=", "≠": "!=", "＝": "=", "＜": "<", "＞": ">", "＆": "&", "＋": "+" },
  ...{ "（": "(", "）": ")", "［": "[", "］": "]", "｛": "{", "｝": "}", "。": ".", "．": ".", "，": ",", "：": ":", "；": ";", "｜": "|" },
  ...{ "“": "'", "”": "'", "„": "'", "‟": "'", "‘": "'", "’": "'", "‚": "'", "‛": "'", "«": "'", "»": "'", "＇": "'", "＂": "'" },
  ...{ "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "－": "-" },
  ...{ "\u00a0": " ", "\u2003": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\u00ad": "", "\u200b": "", "\ufeff": "" },
};

const lookalike = new RegExp(`[${Object.keys(lookalikes).join("")}]`, "gu");

/** What was meant where they stand outside of quotes. */
const typedElsewhere: Slip = {
  written: lookalike,
  meant: (sign) => lookalikes[sign] ?? sign,
  hint: "signs, quotes and blanks are those of ASCII: `-`, `>=`, `'`",
};

const path = "[$\\w`]+(?:\\.[\\w`\\u0001]+|\\[[^\\]]*\\]|\\([^()]*\\))*";
const value = `(?:${path}|\\u0001\\d+\\u0001)`;

/** How other languages write it. */
const expressionSlips: readonly Slip[] = [
  typedElsewhere,
  { written: /!==/g, meant: "!=", hint: "JSONata says `!=`" },
  { written: /={2,3}/g, meant: "=", hint: "JSONata compares with a single `=`" },
  { written: /<>/g, meant: "!=", hint: "JSONata says `!=`" },
  { written: /\s*&&\s*/g, meant: " and ", hint: "JSONata says `and`, `or`" },
  { written: /\s*\|\|\s*/g, meant: " or ", hint: "JSONata says `and`, `or`" },
  { written: /\b(AND|OR|IN)\b/g, meant: (word) => word.toLowerCase(), hint: "`and`, `or` and `in` are written small" },
  { written: new RegExp(`!\\s*(${path})`, "g"), meant: (_, of = "") => `$not(${of})`, hint: "JSONata negates with `$not(…)`" },
  { written: new RegExp(`\\b(?:not|NOT)\\s+(${path})`, "g"), meant: (_, of = "") => `$not(${of})`, hint: "JSONata negates with `$not(…)`" },
  { written: /\s+(?:is|IS|eq|equals)\s+/g, meant: " = ", hint: "JSONata compares with `=`" },
  {
    written: new RegExp(`(${value})\\s+(?:contains|CONTAINS|includes)\\s+(${value})`, "g"),
    meant: (_, list = "", item = "") => `$contains(${list}, ${item})`,
    hint: "`$contains(text, 'part')` looks into text, `'item' in list` into a list",
  },
  { written: /\bin\s*\(([^()]*)\)/g, meant: (_, items = "") => `in [${items}]`, hint: "a list stands in brackets: `['a', 'b']`" },
  { written: /;\s*$/g, meant: "", hint: "an expression has no `;` at its end" },
  { written: /^\s*=\s*/g, meant: "", hint: "an expression does not begin with `=`" },
  { written: /(?<![\w.\])])\.(?=\d)/g, meant: "0.", hint: "a number begins with a digit: `0.5`" },
  { written: /(?<=[=<>([,]\s*)\+(?=\d)/g, meant: "", hint: "a number has no `+`" },
  { written: /(?<=\d)_(?=\d)/g, meant: "", hint: "a number has no `_`" },
  { written: /\b0+(?=[1-9])/g, meant: "", hint: "a number does not begin with `0`" },
  { written: /\b0[xX]([\da-fA-F]{1,8})\b/g, meant: (_, digits = "") => String(Number.parseInt(digits, 16)), hint: "numbers are decimal" },
];

/** What stands in a tag, up to its end. */
const inTag = "(?<=\\{[{%][^{}%]*)";

/** How other languages write it. */
const templateSlips: readonly Slip[] = [
  { ...typedElsewhere, written: new RegExp(`${inTag}${lookalike.source}`, "gu") },
  { written: /\{%(-?)\s*(?:else\s+if|elseif|elif|elsif)\b/g, meant: (_, dash = "") => `{%${dash} elsif`, hint: "Liquid says `elsif`" },
  { written: new RegExp(`${inTag}!==`, "g"), meant: "!=", hint: "Liquid says `!=`" },
  {
    written: new RegExp(`${inTag}(?<![=!<>])={1,3}(?!=)`, "g"),
    meant: (all) => (all.length === 2 ? all : "=="),
    hint: "Liquid compares with `==`",
  },
  { written: new RegExp(`${inTag}\\s*&&\\s*`, "g"), meant: " and ", hint: "Liquid says `and`, `or`" },
  { written: /(?<=\{%[^{}%]*)\s*\|\|\s*/g, meant: " or ", hint: "Liquid says `and`, `or`" },
  { written: /(?<=\{\{[^{}%]*)\s*(?:\|\||\?\?)\s*/g, meant: " | default: ", hint: "`| default:` stands in for what is absent" },
  { written: new RegExp(`${inTag}!(?!=)\\s*`, "g"), meant: "not ", hint: "Liquid says `not`" },
  {
    written: /(?<=\{%-?\s*(?:if|elsif|unless)\s+)\(([^()]*)\)(?=\s*-?%\})/g,
    meant: (_, test = "") => test,
    hint: "tests stand without brackets",
  },
  {
    written: /(?<=\{%-?\s*for\s+\w+\s+)of(?=\s)/g,
    meant: "in",
    hint: "a loop is `{% for item in list %}`",
  },
  {
    written: /(\|\s*[a-z_]+)\s*\(([^()]*)\)/g,
    meant: (_, name = "", args = "") => `${name}${args.trim() === "" ? "" : `: ${args}`}`,
    hint: "what a filter takes stands behind a colon: `| plus: 1`",
  },
  {
    written: /(\|\s*[a-z_]+)[ \t]+(?=[^\s:|}])/g,
    meant: (_, name = "") => `${name}: `,
    hint: "what a filter takes stands behind a colon: `| plus: 1`",
  },
  ...[
    ["\\+", "plus"],
    ["-", "minus"],
    ["\\*", "times"],
    ["/", "divided_by"],
  ].map(
    ([sign = "", filter = ""]): Slip => ({
      written: new RegExp(`(?<=\\{\\{[^{}%|]*)\\s${sign}\\s(?=\\s*[\\w.]+\\s*(?:\\}\\}|\\|))`, "g"),
      meant: ` | ${filter}: `,
      hint: `Liquid calculates with filters: \`| ${filter}: 1\``,
    }),
  ),
  { written: /(\{\{[^{}]*)\}(?!\})/g, meant: (_, output = "") => `${output}}}`, hint: "an output ends with `}}`" },
];
