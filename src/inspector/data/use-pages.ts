/** A list of the API, page by page: the first when it is shown and when the log starts anew, the others as it is scrolled. */
import { useRef, useState } from "preact/hooks";
import { ApiError } from "./api.ts";
import { inspectorLimits } from "./limits.ts";
import { useResource } from "./use-resource.ts";

interface Page<Item> {
  items: Item[];
  next: string | number | null;
}

export interface Pages<Item> {
  items: readonly Item[];
  error: ApiError | undefined;
  loading: boolean;
  more(): void;
  reload(): void;
}

/** @param load reads the page after a cursor; undefined: the first */
export function usePages<Item>(
  load: (after: string | number | undefined, signal?: AbortSignal) => Promise<Page<Item>>,
  keys: readonly unknown[],
): Pages<Item> {
  const first = useResource((signal) => load(undefined, signal), keys);
  const reading = useRef(false);
  const [rest, setRest] = useState<{ of?: string; pages: Page<Item>[]; error?: ApiError }>({ pages: [] });
  // What came after a first page that ended elsewhere is no part of this one's list.
  const of = JSON.stringify([keys, first.value?.next ?? null]);
  const pages = first.value === undefined ? [] : [first.value, ...(rest.of === of ? rest.pages : [])];
  const items = pages.flatMap((page) => page.items);
  async function more(): Promise<void> {
    const next = pages.at(-1)?.next ?? null;
    if (first.value === undefined || next === null || reading.current || items.length >= inspectorLimits.rows) return;
    reading.current = true;
    try {
      const page = await load(next);
      setRest((before) => ({ of, pages: [...(before.of === of ? before.pages : []), page] }));
    } catch (error) {
      setRest((before) => ({ ...before, of, error: error instanceof ApiError ? error : new ApiError(String(error), 0) }));
    } finally {
      reading.current = false;
    }
  }
  return {
    items,
    error: first.error ?? (rest.of === of ? rest.error : undefined),
    loading: first.loading,
    more: () => void more(),
    reload: first.reload,
  };
}
