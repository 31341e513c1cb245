/** Streams what a thread's machines did, and do, to who inspects. Knows the API; the receiver is a port. */
import type { Answer } from "../../../contract/http/answers.ts";
import type { Api } from "../api.ts";
import { followThread } from "../live/follow-thread.ts";
import { readHistory } from "./read-history.ts";
import { createInspection, type InspectionEvent } from "./stately-events.ts";

/**
 * Streams until the thread has ended, or `signal` aborts.
 * @param send resolves when the receiver's socket has taken it
 * @param lost called when the connection to the server ended, with when it is tried again
 * @returns how many events were sent, and the thread as it was last
 * @throws CliError when the server refuses, and what `send` throws
 */
export async function streamThread(
  api: Api,
  id: string,
  receiver: { send(event: InspectionEvent): Promise<void>; lost(milliseconds: number): void },
  signal: AbortSignal,
): Promise<{ events: number; thread: Answer<"thread"> }> {
  const path = `v1/threads/${encodeURIComponent(id)}`;
  const first = (await api.call("GET", path)) as Answer<"thread">;
  const machines = `v1/workflows/${encodeURIComponent(first.workflow)}/machines?revision=${first.revision}`;
  const inspection = createInspection((await api.call("GET", machines)) as Answer<"machines">);
  const stop = new AbortController();
  const end = () => stop.abort();
  signal.addEventListener("abort", end, { once: true });
  let events = 0;
  let failure: unknown;

  async function forward(thread: Answer<"thread">): Promise<void> {
    for await (const history of readHistory(api, id, inspection.after(thread)))
      for (const event of inspection.tell(thread, history)) {
        await receiver.send(event);
        events += 1;
      }
  }

  // One reading at a time, and one more where something came meanwhile.
  let newest: Answer<"thread"> | undefined;
  let forwarding: Promise<void> | undefined;
  const forwardAll = async () => {
    for (; newest && !stop.signal.aborted; ) {
      const thread = newest;
      newest = undefined;
      await forward(thread);
    }
  };
  const renew = (thread: Answer<"thread">) => {
    newest = thread;
    forwarding ??= forwardAll()
      .catch((error: unknown) => {
        failure = error;
        end();
      })
      .finally(() => {
        forwarding = undefined;
      });
  };

  try {
    const thread = await followThread(api, id, { happening: () => {}, thread: renew, lost: receiver.lost }, stop.signal);
    await forwarding;
    if (failure !== undefined) throw failure;
    if (!signal.aborted) await forward(thread);
    return { events, thread };
  } finally {
    signal.removeEventListener("abort", end);
  }
}
