/** Whole numbers that JSON's readers round: the sender is told, for what it meant cannot be known any more. */

/** Such a number as JSON is written here: what has more digits is written with an exponent, as what was sent so is. */
const many = /[:[,]-?\d{16,21}[,\]}]/;

export const roundedNote =
  "A whole number beyond 2^53 (9007199254740992) is kept as JSON readers take it, and may have lost digits: send it as a text.";

/** @param text the value, as `JSON.stringify` writes it: most are passed by one look */
export function mayBeRounded(value: unknown, text: string): boolean {
  return many.test(text) && hasUnsafe(value);
}

function hasUnsafe(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnsafe);
}
