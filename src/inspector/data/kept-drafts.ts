/** The drafts of this browser. */
import { createDrafts, type Shelf } from "./drafts.ts";

export const drafts = createDrafts(openShelf());

function openShelf(): Shelf | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
