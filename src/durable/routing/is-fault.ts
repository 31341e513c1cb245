/** Tells a fault of our own code from a part of the service that could not be reached: only the latter is worth another try. */

/**
 * Whether the same call would throw the same again: what only a mistake in a program throws, here or in the object that was
 * called. What the platform throws for objects that restart, are overloaded or of another version is none.
 */
export function isFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { retryable, overloaded } = error as { retryable?: unknown; overloaded?: unknown };
  if (retryable === true || overloaded === true || versionsDiffer.test(error.message)) return false;
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || error instanceof SyntaxError;
}

/** How workerd says that the other side has no such method: it runs an older version, for minutes at most. */
const versionsDiffer = /RPC receiver does not implement/;
