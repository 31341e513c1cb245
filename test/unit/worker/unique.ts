/** Names that no other test uses, so that tests may share a database. */

/** @param prefix names the suite */
export function createUnique(prefix: string): () => string {
  let made = 0;
  return () => `${prefix}-${++made}`;
}
