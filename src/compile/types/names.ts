/** Names and words of generated TypeScript: identifiers of any text, literals, comments. Nothing that is written can end where it should not. */

/** Words that cannot name a constant of a module. */
const reserved = new Set(
  (
    "arguments async await break case catch class const continue debugger default delete do else enum eval export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static super switch this " +
    "throw true try type typeof undefined var void while with yield"
  ).split(" "),
);

/** The words of a name, each with a great first letter: `re-viewer 2` is `ReViewer2`. Empty where it has no letter or digit. */
export function toPascalCase(name: string): string {
  const words = name.normalize("NFC").match(/[\p{ID_Continue}]+/gu) ?? [];
  return words
    .flatMap((word) => word.split("_"))
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}

/** A constant's name for a workflow's: `code-review` is `codeReview`. */
export function toConstantName(name: string): string {
  const pascal = toPascalCase(name);
  const [first = ""] = pascal;
  const camel = first.toLowerCase() + pascal.slice(first.length);
  if (camel === "") return "workflow";
  if (!/^\p{ID_Start}/u.test(camel)) return `workflow${camel}`;
  return reserved.has(camel) ? `${camel}Workflow` : camel;
}

/** Gives each thing a name of its own; the same calls give the same names. */
export function createNames(taken: Iterable<string>): (wished: string) => string {
  const used = new Set(taken);
  return (wished) => {
    const base = /^\p{ID_Start}/u.test(wished) ? wished : `T${wished}`;
    let name = base;
    for (let count = 2; used.has(name); count++) name = `${base}${count}`;
    used.add(name);
    return name;
  };
}

/** Controls, line separators and marks that turn the order of what is read: never as they are, neither in code nor in comments. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu;

const writeCode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text as a literal. */
export function writeText(text: string): string {
  return JSON.stringify(text).replace(unsafe, writeCode);
}

/** A member's name, in quotes where it needs them. */
export function writeKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : writeText(name);
}

/** Characters of a description that a comment keeps. */
const commentLength = 2_000;

/** A comment of lines, or nothing where there is none to say. */
export function writeComment(text: string | undefined, indent: string): string {
  const lines = (text ?? "")
    .slice(0, commentLength)
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.replaceAll("\t", "  ").replace(unsafe, writeCode).replaceAll("*/", "*\\/").trimEnd());
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  while (lines.length > 0 && lines[0] === "") lines.shift();
  if (lines.length === 0) return "";
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}
