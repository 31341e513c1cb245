/** The poll transport: one long GET after another, events posted in batches. Works wherever HTTP does. */
import type { InboxPage } from "../contract/frames/server-frames.ts";
import { limits } from "../contract/limits.ts";
import { ClientError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import type { HttpCaller } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { createPoster, judgeFailure } from "./poster.ts";
import { type Link, type LinkListener, type LinkName, type Transport, writeQuery } from "./transport.ts";

/** What the poll transport needs. */
export interface PollOptions {
  http: HttpCaller;
  channels: readonly string[];
  clock: Clock;
}

/** Makes the poll transport. */
export function createPollTransport(options: PollOptions): Transport {
  return { name: "poll", open: (listener, as) => openPoll(options, listener, as) };
}

function openPoll({ http, channels, clock }: PollOptions, listener: LinkListener, as: LinkName): Link {
  const controller = new AbortController();
  const poster = createPoster(http, controller.signal, as.connection);
  let wait: number = limits.pollSeconds;

  async function read() {
    let after: number | undefined;
    let opened = false;
    while (!controller.signal.aborted) {
      listener.flushAcks();
      // Unacknowledged events come back at once with the next reading, so the acknowledgements must have arrived before it.
      await poster.acked();
      // What is in hand would come back as well; what another connection let go of comes only without `after`.
      const since = listener.inHand() > 0 && after !== undefined ? `&after=${after}` : "";
      const started = clock.now();
      // The first reading does not wait: it tells whether polling works at all.
      const seconds = opened ? wait : 0;
      // What was replaced is, once the first reading is answered.
      const query = writeQuery(channels, opened ? { ...as, replaces: [] } : as);
      const page = (await http.call("GET", `v1/inbox?${query}&wait=${seconds}${since}`, {
        timeoutMs: seconds * 1000 + clientLimits.pongMs,
        signal: controller.signal,
      })) as InboxPage;
      if (controller.signal.aborted) return;
      if (!opened) listener.opened();
      for (const note of page.notes ?? []) listener.noted(note);
      for (const item of page.events) listener.delivered(item);
      after = page.next ?? after;
      const early = page.events.length === 0 && clock.now() - started < clientLimits.emptyPollMs;
      if (opened && early) await pause(clientLimits.emptyPollMs);
      opened = true;
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        stop();
        resolve();
      };
      const stop = clock.after(ms, done);
      controller.signal.addEventListener("abort", done, { once: true });
    });
  }

  void read().catch((error: unknown) => {
    if (controller.signal.aborted) return;
    close();
    listener.ended(judgeFailure(error));
  });

  function close() {
    controller.abort(new ClientError("network", "the connection was closed"));
    poster.close();
  }

  return {
    send: poster.send,
    ack: poster.ack,
    replace: (connection) => void poster.beat(connection),
    /** A poll is a sign of life when it is made. The beat is half of the heartbeat, so one and a half of it is soon enough. */
    beat: (ms: number) => {
      wait = Math.max(1, Math.min(limits.pollSeconds, Math.floor((ms * 1.5) / 1000)));
    },
    close,
  };
}
