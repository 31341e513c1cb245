/**
 * Texts as V8 keeps them. What was put together is a tree of its parts, what was cut out a window on the whole, and where
 * `JSON.stringify` comes upon either it writes all of the value anew the slow way, in three times as long. So what goes into each entry
 * of a journal, each frame and each row of the log is made plain where it is made. It is never more than a matter of speed.
 */

/** The same text that was put together, in one piece: for about the price of copying it, for `unescape` gives back what has no "%" as it is. */
export function inOnePiece<Text extends string>(text: Text): Text {
  return text.includes("%") ? text : (unescape(text) as Text);
}

/** The same text that was cut out of another, by itself: for what is made seldom and said often. */
export function byItself(text: string): string {
  return text.split("").join("");
}
