/** Reads JSON at the doors, where a number that cannot be written again would be lost without a word. */

/** A number with an exponent of two digits, or with hundreds of digits: the only ones that may be too large. */
const longExponent = /\d[eE]\+?\d{2}/;
const longDigits = /\d{200}/;

function mayOverflow(text: string): boolean {
  return longExponent.test(text) || (hasDigitsApart(text) && longDigits.test(text));
}

/** Whether there are digits a hundred characters apart, as wherever there are hundreds of them: most texts are passed by a few looks. */
function hasDigitsApart(text: string): boolean {
  let before = false;
  for (let at = 99; at < text.length; at += 100) {
    const unit = text.charCodeAt(at);
    const isDigit = unit >= 48 && unit <= 57;
    if (isDigit && before) return true;
    before = isDigit;
  }
  return false;
}

/**
 * The value of a JSON text.
 * @throws SyntaxError where it is none, or has a number that JSON readers take as infinite and write as null
 */
export function readJsonText(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (mayOverflow(text)) refuseInfinite(value);
  return value;
}

/** Without recursion: the depth is judged later. */
function refuseInfinite(value: unknown): void {
  const waiting = [value];
  while (waiting.length) {
    const next = waiting.pop();
    if (typeof next === "number" && !Number.isFinite(next))
      throw new SyntaxError("a number is beyond ±1.8e308, which would be read as null. Send it as a text");
    if (typeof next !== "object" || next === null) continue;
    for (const child of Object.values(next)) if (typeof child === "object" || typeof child === "number") waiting.push(child);
  }
}
