/** Follows the log over server-sent events, and comes back where it was when the connection ends. Knows no terminal. */
import type { Api } from "../api.ts";
import { CliError } from "../command.ts";
import type { LogEntry } from "./render-event.ts";

/** Milliseconds before the first and the last try to come back. */
const pauses = { first: 500, last: 15_000 };

/** Characters of one event beyond which the stream is none of ours: an event of 256 KiB and what escaping makes of it. */
const blockLimit = 4_000_000;

/**
 * Gives every event that the log gets, from now on or from where the query begins, until `signal` aborts.
 * @param lost called when the connection ended, with when it is tried again
 * @throws CliError when the server refuses: what it would say again
 */
export async function* tailLog(
  api: Api,
  query: string,
  options: { signal: AbortSignal; lost(milliseconds: number): void },
): AsyncGenerator<LogEntry> {
  const { signal, lost } = options;
  let last: string | undefined;
  let pause = pauses.first;
  while (!signal.aborted) {
    try {
      const response = await api.open(`v1/events?${query}`, { ...(last !== undefined && { "last-event-id": last }) }, signal);
      for await (const block of readBlocks(response)) {
        pause = pauses.first;
        const lines = block.split("\n");
        // The first block has no event: only the position from which it is followed.
        last =
          lines
            .find((line) => line.startsWith("id:"))
            ?.slice("id:".length)
            .trim() ?? last;
        const data = lines.flatMap((line) => (line.startsWith("data:") ? [line.slice("data:".length).trim()] : [])).join("\n");
        if (data === "") continue;
        const entry = JSON.parse(data) as LogEntry;
        yield entry;
      }
    } catch (error) {
      // Before anything was heard a wrong address or token is the likelier reason.
      if (signal.aborted) return;
      if (error instanceof CliError && (!error.message.startsWith("Nothing answers") || last === undefined)) throw error;
    }
    if (signal.aborted) return;
    lost(pause);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, pause);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    pause = Math.min(pause * 2, pauses.last);
  }
}

/** The blocks of an event stream, without the empty lines between them. */
async function* readBlocks(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    rest += text;
    if (rest.length > blockLimit) throw new Error("the stream holds no event for too long");
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    yield* blocks;
  }
}
