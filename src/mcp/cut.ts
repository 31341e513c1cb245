/** Cuts long texts for a model's context, and says where the rest is. */
import { countBytes, cutToBytes } from "../contract/limits.ts";

/**
 * The text, or its beginning with a note under it.
 * @param rest what to do to read on, such as "read the resource …"
 */
export function cut(text: string, most: number, rest: string): { text: string; cut: boolean } {
  const bytes = countBytes(text);
  if (bytes <= most) return { text, cut: false };
  const shown = cutToBytes(text, most);
  return { text: `${shown}\n[cut here: ${countBytes(shown)} of ${bytes} bytes are shown; ${rest}]`, cut: true };
}

/** A page of a text, from a character on, cut between two letters. `next` is where the next one begins. */
export function takePage(text: string, from: number, most: number): { text: string; next: number | undefined } {
  // A pair of surrogates is one letter.
  const start = from > 0 && /[\uDC00-\uDFFF]/.test(text.charAt(from)) ? from - 1 : from;
  const page = cutToBytes(text.slice(start), most);
  const next = start + page.length;
  return { text: page, next: next < text.length ? next : undefined };
}

/** JSON as a model reads it: spaced, unless that makes it much longer than it is. */
export function showJson(value: unknown): string {
  const dense = JSON.stringify(value) ?? "null";
  return dense.length > 600 ? dense : JSON.stringify(value, null, 2);
}
