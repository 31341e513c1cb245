/** What an object has stored of a collection, with a row of its own or in the page: for tests that look beside the store. */
export interface ReadDocument {
  key: string;
  value: unknown;
}

/** @param exec runs a statement in the object */
export function readDocuments(exec: (sql: string, ...values: string[]) => Iterable<unknown>, collection: string): ReadDocument[] {
  const read = (sql: string, ...values: string[]) => [...exec(sql, ...values)] as { key: string; body: string }[];
  const found = new Map<string, unknown>();
  for (const { key, body } of read("SELECT key, body FROM document WHERE collection = ?", collection)) found.set(key, JSON.parse(body));
  for (const { body } of read("SELECT key, body FROM document WHERE collection = 'page'"))
    for (const [name, key, value] of JSON.parse(body) as [string, string, unknown][]) if (name === collection) found.set(key, value);
  return [...found].map(([key, value]) => ({ key, value }));
}
