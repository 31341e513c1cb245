/** Collections of a store that are opened when they are first asked for: an actor may keep many kinds of documents, and most keep few. */
import type { Store } from "./store.ts";

/**
 * @param openers how each is opened
 * @param residents names of those that are all in memory: whatever is read first loads them too
 * @returns opens them all, once for a store
 */
export function openLazily<Documents extends object>(
  openers: { readonly [Name in keyof Documents]: (store: Store) => Documents[Name] },
  residents: readonly string[],
): (store: Store) => Documents {
  const all = Object.entries(openers) as [name: string, open: (store: Store) => unknown][];
  class Opened {
    readonly store: Store;
    readonly made = new Array<unknown>(all.length);
    constructor(store: Store) {
      this.store = store;
    }
  }
  for (const [place, [name, open]] of all.entries())
    Object.defineProperty(Opened.prototype, name, {
      get(this: Opened): unknown {
        this.made[place] ??= open(this.store);
        return this.made[place];
      },
    });
  return (store) => {
    store.expect(residents);
    const opened: object = new Opened(store);
    return opened as Documents;
  };
}
