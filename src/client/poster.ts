/** Sends by POST what a transport that only listens cannot: events in batches, and acknowledgements. */
import type { PostedEvent } from "../contract/event.ts";
import type { Accepted, Rejected } from "../contract/frames/server-frames.ts";
import { countBytes, limits } from "../contract/limits.ts";
import { ClientError, refuseBy } from "./client-error.ts";
import type { HttpCaller } from "./http.ts";
import { clientLimits } from "./limits.ts";
import type { LinkEnd } from "./transport.ts";

/** The sending half of a link. */
export interface Poster {
  send(event: PostedEvent): Promise<Accepted>;
  /** Settles when the server has them, or never will; false: it has not. */
  ack(seqs: number[]): Promise<boolean>;
  /** Says that the connection is alive, and which one it has taken the place of. Settles with an answer of any kind, or none. */
  beat(replaces?: string): Promise<unknown>;
  /** Settles when every acknowledgement that is on its way has arrived. @throws what kept one from it */
  acked(): Promise<void>;
  close(): void;
}

interface Waiting {
  event: PostedEvent;
  text: string;
  resolve: (accepted: Accepted) => void;
  reject: (error: unknown) => void;
}

/** Makes a {@link Poster} of a connection of that name; `signal` ends what is under way. */
export function createPoster(http: HttpCaller, signal: AbortSignal, connection: string): Poster {
  const waiting: Waiting[] = [];
  const acks = new Set<Promise<boolean>>();
  let posting = false;
  let failure: unknown;

  /** One POST at a time, with everything that waits: events of one sender stay in order. */
  async function post() {
    if (posting) return;
    posting = true;
    while (waiting.length > 0 && !signal.aborted) {
      const batch = takeBatch(waiting);
      try {
        for (const [index, answer] of (await postBatch(http, batch, signal)).entries()) settle(batch[index], answer);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    posting = false;
  }

  return {
    send: (event) =>
      new Promise<Accepted>((resolve, reject) => {
        if (signal.aborted) return reject(new ClientError("network", "the connection is not open"));
        waiting.push({ event, text: JSON.stringify(event), resolve, reject });
        void post();
      }),
    beat: (replaces) =>
      http
        .call("POST", "v1/inbox/ack", {
          body: JSON.stringify({ seqs: [], connection, ...(replaces === undefined ? {} : { replaces }) }),
          signal,
        })
        .catch((error: unknown) => error),
    ack(seqs) {
      const sent = http.call("POST", "v1/inbox/ack", { body: JSON.stringify({ seqs, connection }) }).then(
        () => true,
        (error: unknown) => {
          failure ??= error;
          return false;
        },
      );
      acks.add(sent);
      void sent.finally(() => acks.delete(sent));
      return sent;
    },
    async acked() {
      await Promise.all(acks);
      if (failure) throw failure;
    },
    close() {
      for (const { reject } of waiting.splice(0)) reject(new ClientError("network", "the connection was closed before the event was sent"));
    },
  };
}

/** What ends a link, of an error of HTTP. */
export function judgeFailure(error: unknown): LinkEnd {
  const { code, message, retryAfter } = error instanceof ClientError ? error : new ClientError("network", String(error));
  const why = code === "unauthenticated" || code === "forbidden" ? "token" : code === "rate_limited" ? "rate" : "lost";
  return { why, detail: message, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** Takes what fits one POST; one event always does. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { text } of waiting) {
    bytes += countBytes(text);
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
