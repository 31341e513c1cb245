/** Says which letters of a name only look like those that are meant: a reader can't see it. */
import type { Diagnostic } from "./diagnostic.ts";

/** Blanks and characters that are not seen. */
const unseen = /[\u00a0\u00ad\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]/u;

/** Letters and marks of other scripts than the Latin one. */
const foreign = /(?!\p{Script=Latin})\p{L}|\p{M}/u;

/** Adds the letters to the hint: of any name those that are not seen, of one with a nearest name those that it does not have. */
export function nameStrangeLetters(diagnostic: Diagnostic): Diagnostic {
  const { message, hint } = diagnostic;
  const names = (message.match(/`[^`]*`/g) ?? []).join("");
  const blank = unseen.exec(names)?.[0];
  const letter = hint?.startsWith("did you mean `") ? foreign.exec(names)?.[0] : undefined;
  if (blank !== undefined && !hint?.includes("U+")) return withHint(diagnostic, `it holds U+${writeCode(blank)}, which is not seen`);
  if (letter !== undefined && !hint?.includes(letter)) return withHint(diagnostic, `\`${letter}\` is U+${writeCode(letter)} here`);
  return diagnostic;
}

function withHint(diagnostic: Diagnostic, more: string): Diagnostic {
  return { ...diagnostic, hint: diagnostic.hint === undefined ? more : `${diagnostic.hint} (${more})` };
}

function writeCode(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
