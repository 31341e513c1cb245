/**
 * Breaks for whoever shares the thread. A long evaluation runs in microtasks, which come before everything else: without a break
 * it keeps all other objects of a local server waiting.
 */

/** A break, over once whatever waited has run. */
export function letOthersIn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0));
}
