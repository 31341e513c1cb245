/** The list of threads that a page shows: its first page, those that it is scrolled to, and what the log says since. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ThreadCounts } from "../../contract/views/thread.ts";
import { ApiError, read } from "./api.ts";
import { inspectorLimits } from "./limits.ts";
import { live } from "./live-log.ts";
import { createThreadsModel, type ThreadsModel } from "./threads-model.ts";
import { createThrottle } from "./throttle.ts";

const pageRows = 200;

export interface ThreadFilter {
  workflow?: string | undefined;
  status?: string | undefined;
  agent?: string | undefined;
  waiting?: string | undefined;
}

export interface ShownThreads {
  /** How many fit, whatever their status; undefined: it was not counted yet. */
  counts: ThreadCounts | undefined;
  model: ThreadsModel;
  error: ApiError | undefined;
  loading: boolean;
  /** Reads what comes after the last row; does nothing where that was the last. */
  more(): void;
  reload(): void;
}

/** @param filter what the server lists by; with another one it is another list */
export function useThreads(filter: ThreadFilter): ShownThreads {
  const key = JSON.stringify(filter);
  const generation = live.generation.value;
  const model = useMemo(createThreadsModel, [key]);
  const next = useRef<string | null>(null);
  const reading = useRef(false);
  const [asked, ask] = useState(0);
  const [counted, setCounted] = useState<{ of: string; counts: ThreadCounts }>();
  const [state, setState] = useState<{ model?: ThreadsModel; error?: ApiError | undefined }>({});

  useEffect(() => {
    if (generation === 0) return undefined;
    const ending = new AbortController();
    const query = { ...(JSON.parse(key) as ThreadFilter), limit: pageRows };
    const readFirst = async () => {
      try {
        const page = await read<"threads">("/v1/threads", { query, signal: ending.signal });
        if (model.order.peek().length <= pageRows) next.current = page.next;
        model.take(page.threads, "first");
        setState((before) => (before.model === model && before.error === undefined ? before : { model }));
      } catch (error) {
        if (ending.signal.aborted) return;
        setState({ model, error: error instanceof ApiError ? error : new ApiError(String(error), 0) });
      }
    };
    const throttle = createThrottle(readFirst, inspectorLimits.reread);
    throttle.ask();
    const counting = createThrottle(async () => {
      const { counts } = await read<"threads">("/v1/threads", { query: { ...query, limit: 1, count: true }, signal: ending.signal });
      if (counts) setCounted({ of: key, counts });
    }, inspectorLimits.recount);
    counting.ask();
    const deaf = live.listen((entries) => {
      if (!model.hear(entries)) return;
      throttle.ask();
      counting.ask();
    });
    return () => {
      ending.abort();
      throttle.end();
      counting.end();
      deaf();
    };
  }, [key, model, generation, asked]);

  async function readNext(): Promise<void> {
    const after = next.current;
    if (after === null || reading.current || model.order.peek().length >= inspectorLimits.rows) return;
    reading.current = true;
    try {
      const page = await read<"threads">("/v1/threads", { query: { ...filter, limit: pageRows, after } });
      next.current = page.next;
      model.take(page.threads, "next");
    } catch {
      // Whoever scrolls on asks again; what is wrong is said where the page's other questions fail.
    } finally {
      reading.current = false;
    }
  }

  return {
    model,
    counts: counted?.of === key ? counted.counts : undefined,
    error: state.model === model ? state.error : undefined,
    loading: state.model !== model,
    more: () => void readNext(),
    reload: () => ask((count) => count + 1),
  };
}
