/** What completion suggests. */

/** Something that may be written. */
export interface Suggestion {
  label: string;
  kind: "field" | "role" | "condition" | "status" | "word" | "function" | "variable";
  /** What is written, where it is more than the label. */
  insert?: string;
  documentation?: string;
}
