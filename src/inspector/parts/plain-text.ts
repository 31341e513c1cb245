/** What somebody sent, so that what is read is what was sent: no character in it moves or hides others. */

/**
 * Controls that put text into another order than it was written in, and Unicode's tags, by which text is sent that nobody sees.
 * The marks that Arabic and Hebrew are written with stay.
 */
const deceiving = /[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/** The text with each of these written out, as `\u{202e}`. */
export function showDeceiving(text: string): string {
  return text.replace(deceiving, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);
}
