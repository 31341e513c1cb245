/** When what is written by this project itself is looked at whole. */
import type * as z from "zod";

let checking = false;

/** From now on everything that {@link trust} reads is parsed, or is not. Tests and simulations switch it on. @returns how it was before */
export function checkMessages(on: boolean): boolean {
  const before = checking;
  checking = on;
  return before;
}

/**
 * What another part of this project has made, as its schema declares it: a message, a machine's fact, a stored document. It was
 * parsed at the door and made by typed code since, so production takes it at its word, and pays nothing.
 * @returns the very value, with all that a newer version may have added
 * @throws where messages are checked, with the path of what is not as declared
 */
export function trust<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  if (checking) schema.parse(value);
  return value as z.infer<Schema>;
}
