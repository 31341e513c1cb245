/** Answers a stream as server-sent events, each with its position in the log as `id:`. Pulled by its reader: one that is slow holds one event. */
import { formatSSEErrorEvent, formatSSEEvent, SSE_HEADERS } from "@a2a-js/sdk";
import { problemError } from "../../problem-error.ts";
import { a2aLimits } from "./limits.ts";

/** Streams of this isolate, and whose each is. */
const streams = new Map<symbol, string>();

/** @throws ProblemError `rate_limited` when there are too many already */
export function checkRoom(who: string): void {
  const own = [...streams.values()].filter((each) => each === who).length;
  if (streams.size < a2aLimits.streams && own < a2aLimits.streamsEach) return;
  throw problemError("rate_limited", `${own} of your tasks are followed here already. Close some, or get the task instead.`, {
    retryAfter: 5,
  });
}

/**
 * @param first the stream's first value, which came before its status was decided
 * @param describe what a failure in the middle is told as
 */
export function streamEvents(who: string, first: unknown, rest: AsyncIterator<unknown>, describe: (error: unknown) => unknown): Response {
  const self = Symbol("stream");
  streams.set(self, who);
  const encoder = new TextEncoder();
  const end = (): void => {
    streams.delete(self);
    void rest.return?.();
  };
  let waiting: Promise<IteratorResult<unknown>> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(formatEvent(first))),
    async pull(controller) {
      try {
        waiting ??= rest.next();
        const next = await Promise.race([waiting, pause()]);
        if (next === "silent") return controller.enqueue(encoder.encode(": nothing new\n\n"));
        waiting = undefined;
        if (!next.done) return controller.enqueue(encoder.encode(formatEvent(next.value)));
      } catch (error) {
        controller.enqueue(encoder.encode(formatSSEErrorEvent(describe(error))));
      }
      streams.delete(self);
      controller.close();
    },
    cancel: end,
  });
  return new Response(stream, { headers: { ...SSE_HEADERS, "cache-control": "no-store" } });
}

function pause(): Promise<"silent"> {
  return new Promise((resolve) => setTimeout(() => resolve("silent"), a2aLimits.keepAlive));
}

function formatEvent(value: unknown): string {
  const position = readPosition(value);
  return `${position === undefined ? "" : `id: ${position}\n`}${formatSSEEvent(value)}`;
}

/** Where in the log an event is, whichever binding it is written for. */
function readPosition(value: unknown): number | undefined {
  const { result = value } = value as { result?: unknown };
  const { task, statusUpdate, artifactUpdate } = result as {
    [name: string]: { metadata?: { nerveflare?: { position?: number } } } | undefined;
  };
  return (task ?? statusUpdate ?? artifactUpdate)?.metadata?.nerveflare?.position;
}
