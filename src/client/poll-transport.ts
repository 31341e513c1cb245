/** The poll transport: one long GET after another, events posted in batches. Works wherever HTTP does. */
import type { PostedEvent } from "../wire/event.ts";
import type { Accepted, InboxPage, Rejected } from "../wire/frames.ts";
import { limits } from "../wire/limits.ts";
import { ClientError, refuseBy } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import type { HttpCaller } from "./http.ts";
import { clientLimits } from "./limits.ts";
import type { LinkListener, Transport } from "./transport.ts";

/** What the poll transport needs. */
export interface PollOptions {
  http: HttpCaller;
  channels: readonly string[];
  clock: Clock;
}

interface Waiting {
  event: PostedEvent;
  text: string;
  resolve: (accepted: Accepted) => void;
  reject: (error: unknown) => void;
}

/** Makes the poll transport. */
export function createPollTransport(options: PollOptions): Transport {
  return { name: "poll", open: (listener) => openPoll(options, listener) };
}

function openPoll({ http, channels, clock }: PollOptions, listener: LinkListener) {
  const controller = new AbortController();
  const waiting: Waiting[] = [];
  const acks = new Set<Promise<void>>();
  let posting = false;
  let wait: number = limits.pollSeconds;
  let failure: unknown;

  async function read() {
    let after: number | undefined;
    let opened = false;
    while (!controller.signal.aborted) {
      listener.flushAcks();
      // Unacknowledged events come back at once with the next reading, so the acknowledgements must have arrived before it.
      await Promise.all(acks);
      if (failure) throw failure;
      // What is in hand would come back as well; what another connection let go of comes only without `after`.
      const since = listener.inHand() > 0 && after !== undefined ? `&after=${after}` : "";
      const started = clock.now();
      // The first reading does not wait: it tells whether polling works at all.
      const seconds = opened ? wait : 0;
      const page = (await http.call("GET", `v1/inbox?channel=${channels.join(",")}&wait=${seconds}${since}`, {
        timeoutMs: seconds * 1000 + clientLimits.answerMs,
        signal: controller.signal,
      })) as InboxPage;
      if (controller.signal.aborted) return;
      if (!opened) listener.opened();
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

  /** One POST at a time, with everything that waits: events of one sender stay in order. */
  async function post() {
    if (posting) return;
    posting = true;
    while (waiting.length > 0 && !controller.signal.aborted) {
      const batch = takeBatch(waiting);
      try {
        for (const [index, answer] of (await postBatch(http, batch, controller.signal)).entries()) settle(batch[index], answer);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    posting = false;
  }

  void read().catch((error: unknown) => {
    if (controller.signal.aborted) return;
    close();
    const { code, message, retryAfter } = error instanceof ClientError ? error : new ClientError("network", String(error));
    const why = code === "unauthenticated" || code === "forbidden" ? "token" : code === "rate_limited" ? "rate" : "lost";
    listener.ended({ why, detail: message, ...(retryAfter === undefined ? {} : { retryAfter }) });
  });

  function close() {
    controller.abort(new ClientError("network", "the connection was closed"));
    for (const { reject } of waiting.splice(0)) reject(new ClientError("network", "the connection was closed before the event was sent"));
  }

  return {
    send: (event: PostedEvent) =>
      new Promise<Accepted>((resolve, reject) => {
        if (controller.signal.aborted) return reject(new ClientError("network", "the connection is not open"));
        waiting.push({ event, text: JSON.stringify(event), resolve, reject });
        void post();
      }),
    ack: (seqs: number[]) => {
      const sent = http.call("POST", "v1/inbox/ack", { body: JSON.stringify({ seqs }) }).then(
        () => {},
        (error: unknown) => {
          failure ??= error;
        },
      );
      acks.add(sent);
      void sent.finally(() => acks.delete(sent));
      return sent;
    },
    /** A poll is a sign of life when it is made. The beat is half of the heartbeat, so one and a half of it is soon enough. */
    beat: (ms: number) => {
      wait = Math.max(1, Math.min(limits.pollSeconds, Math.floor((ms * 1.5) / 1000)));
    },
    close,
  };
}

/** Takes what fits one POST; one event always does. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { text } of waiting) {
    bytes += text.length;
    if (count > 0 && (bytes > clientLimits.batchBytes || count >= limits.batchEvents)) break;
    count++;
  }
  return waiting.splice(0, count);
}

async function postBatch(http: HttpCaller, batch: Waiting[], signal: AbortSignal): Promise<(Accepted | Rejected)[]> {
  const [first] = batch;
  if (batch.length === 1 && first) {
    return [(await http.call("POST", "v1/events", { body: first.text, contentType: "application/cloudevents+json", signal })) as Accepted];
  }
  const body = `[${batch.map(({ text }) => text).join(",")}]`;
  const answers = await http.call("POST", "v1/events", { body, contentType: "application/cloudevents-batch+json", signal });
  if (!Array.isArray(answers) || answers.length !== batch.length)
    throw new ClientError("network", "the server answered a batch with something else");
  return answers as (Accepted | Rejected)[];
}

function settle(waiting: Waiting | undefined, answer: Accepted | Rejected) {
  if (answer.status === "rejected") waiting?.reject(refuseBy(answer.error));
  else waiting?.resolve(answer);
}
