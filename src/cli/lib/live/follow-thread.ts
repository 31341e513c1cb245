/** One thread as it happens: what its log has, then what it gets, and how the thread is meanwhile. Knows no terminal. */
import type { Answer } from "../../../contract/http/answers.ts";
import { type EndedStatus, endedStatuses } from "../../../contract/statuses.ts";
import type { Api } from "../api.ts";
import type { LogEntry } from "../events/render-event.ts";
import { tailLog } from "../events/tail-log.ts";
import { createTeller, type Happening } from "./tell-event.ts";

/** Milliseconds after which the thread is asked how it is: at most so often, and at the latest while nothing happens. */
const asks = { atMost: 500, quiet: 5_000 };

/** Milliseconds in which the log may bring what came before the end, once it has the end: its objects ship theirs each within a second. */
const logLag = 2_000;

/** Milliseconds after the end in which the log may lack it: that of a busy server is behind. A log that lacks it for longer has lost it to retention. */
const endLag = 30_000;

/** Who follows. */
export interface Follower {
  happening(entry: LogEntry, told: Happening): void;
  thread(view: Answer<"thread">): void;
  /** The connection ended; it is tried again in so many milliseconds. */
  lost(milliseconds: number): void;
}

/**
 * Follows until the thread has ended and its log is told, or `signal` aborts.
 * @returns the thread as it was last
 * @throws CliError when the server refuses
 */
export async function followThread(api: Api, id: string, follower: Follower, signal: AbortSignal): Promise<Answer<"thread">> {
  const path = `v1/threads/${encodeURIComponent(id)}`;
  const ask = async () => (await api.call("GET", path)) as Answer<"thread">;
  let view = await ask();
  follower.thread(view);
  const tell = createTeller();
  const stop = new AbortController();
  const end = () => stop.abort();
  signal.addEventListener("abort", end, { once: true });
  let isEndTold = false;
  /** Until when an end that the log lacks is waited for. */
  let patientUntil: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let due = Number.POSITIVE_INFINITY;

  const schedule = (milliseconds: number) => {
    const at = Date.now() + milliseconds;
    // The end is put off by every event, an ask by none.
    if (!hasEnded(view) && at >= due) return;
    due = at;
    clearTimeout(timer);
    timer = setTimeout(() => void (hasEnded(view) ? endOnceTold() : renew()), milliseconds);
  };
  const endOnceTold = () => {
    const now = Date.now();
    patientUntil ??= Math.min(now, Date.parse(view.updatedAt)) + endLag;
    if (isEndTold || now >= patientUntil) end();
    else schedule(logLag);
  };
  const renew = async () => {
    // A server that restarts is asked again; what is wrong for good, the log's reader is told as well.
    view = (await ask().catch(() => undefined)) ?? view;
    if (stop.signal.aborted) return;
    follower.thread(view);
    due = Number.POSITIVE_INFINITY;
    schedule(hasEnded(view) ? logLag : asks.quiet);
  };

  try {
    schedule(hasEnded(view) ? logLag : asks.quiet);
    const query = new URLSearchParams({ correlationid: id, follow: "1", after: "0" }).toString();
    for await (const entry of tailLog(api, query, { signal: stop.signal, lost: (pause) => follower.lost(pause) })) {
      follower.happening(entry, tell(entry.event));
      isEndTold = tellsEnd(entry, id) ?? isEndTold;
      schedule(hasEnded(view) ? logLag : asks.atMost);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    end();
  }
  return view;
}

/** Whether it says that the thread has ended, or that it goes on; undefined: neither. */
function tellsEnd({ event: { type, data } }: LogEntry, thread: string): boolean | undefined {
  const status = /^nerve\.thread\.(\w+)$/.exec(type)?.[1];
  if (status === undefined || (data as { thread?: unknown } | null)?.thread !== thread) return undefined;
  return endedStatuses.includes(status as EndedStatus);
}

function hasEnded({ status }: Answer<"thread">): boolean {
  return endedStatuses.includes(status as EndedStatus);
}
