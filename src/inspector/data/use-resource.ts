/** What a component shows of the API: read when it appears, and again when that says nothing any more. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api.ts";
import { live } from "./live-log.ts";

export interface Resource<Value> {
  /** Of a failed reading after a good one, the value that was read before stays. */
  value: Value | undefined;
  error: ApiError | undefined;
  loading: boolean;
  /** Reads again, and keeps what is shown until that is here. */
  reload(): void;
}

/**
 * @param load reads; its signal ends it when nobody looks any more
 * @param keys what the reading depends on: with other keys it is another resource
 */
export function useResource<Value>(load: (signal: AbortSignal) => Promise<Value>, keys: readonly unknown[]): Resource<Value> {
  const [asked, ask] = useState(0);
  const [shown, show] = useState<{ keys: string; value?: Value | undefined; error?: ApiError | undefined }>({ keys: "" });
  const generation = live.generation.value;
  const key = JSON.stringify(keys);
  const latest = useRef(load);
  latest.current = load;
  // A reading is of these keys, this generation of the log, and this request.
  useEffect(() => {
    // The log's position comes first: then nothing falls between what is read and what is heard.
    if (generation === 0) return;
    const ending = new AbortController();
    latest
      .current(ending.signal)
      .then((value) => show({ keys: key, value }))
      .catch((error: unknown) => {
        if (ending.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(String(error), 0);
        show((before) => ({ keys: key, value: before.keys === key ? before.value : undefined, error: known }));
      });
    return () => ending.abort();
  }, [key, generation, asked]);
  const current = shown.keys === key ? shown : undefined;
  return {
    value: current?.value,
    error: current?.error,
    loading: current === undefined,
    reload: () => ask((count) => count + 1),
  };
}
