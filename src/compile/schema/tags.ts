/** How the language's shape names what is wrong with a value: a word in zod's message that the check makes a diagnostic of. */

/** Each is the name of a diagnostic. */
export type ShapeTag = "bad-agent-id" | "bad-duration" | "bad-kind" | "bad-name" | "blank-text" | "out-of-range" | "too-many";

/** Before the names of the fields that there are. */
export const unknownField = "unknown-field: ";

/** The message of an issue. @param details what the diagnostic says beside the value */
export function tag(name: ShapeTag, details?: string | number): string {
  return details === undefined ? name : `${name}: ${details}`;
}
