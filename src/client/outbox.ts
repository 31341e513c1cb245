/** Holds events until they are accepted or finally refused, over as many connections as it takes, each always under its own id. */
import type { PostedEvent } from "../contract/event.ts";
import type { Accepted } from "../contract/frames/server-frames.ts";
import { countBytes, limits } from "../contract/limits.ts";
import { createProblem } from "../contract/problem.ts";
import { computeBackoff } from "./backoff.ts";
import { ClientError, describeError, refuseBy } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { Link } from "./transport.ts";

/** Sends events, whatever becomes of the connection. */
export interface Outbox {
  /**
   * @param whose `own` events (answers, claims, progress: bounded by the slots) are taken even when `user` ones are too many
   * @returns when the server has stored the event
   * @throws ClientError with the problem of a final refusal; `outbox_full`; `closed`
   */
  send(event: PostedEvent, whose?: "own" | "user"): Promise<Accepted>;
  /** Sends over this link from now on; without one, waits for the next. */
  attach(link: Link | undefined): void;
  /** How many events wait for an answer. */
  size(): number;
  /** Settles when nothing waits any more. */
  drained(): Promise<void>;
  /** Refuses what waits and whatever comes later. */
  close(error: ClientError): void;
}

interface Entry {
  event: PostedEvent;
  text: string;
  /** Bytes of the text. */
  size: number;
  promise: Promise<Accepted>;
  resolve: (accepted: Accepted) => void;
  reject: (error: ClientError) => void;
  state: "ready" | "flying" | "resting";
  attempts: number;
}

/** Makes an {@link Outbox}. */
export function createOutbox({ clock, random }: { clock: Clock; random: () => number }): Outbox {
  const entries = new Map<string, Entry>();
  const waiters: (() => void)[] = [];
  let bytes = 0;
  let flying = 0;
  let link: Link | undefined;
  let closed: ClientError | undefined;
  let paused = false;

  function pump() {
    if (!link || paused) return;
    for (const entry of entries.values()) {
      if (flying >= clientLimits.window) return;
      if (entry.state === "ready") void fly(entry, link);
    }
  }

  async function fly(entry: Entry, over: Link) {
    entry.state = "flying";
    flying++;
    try {
      const accepted = await over.send(entry.event);
      forget(entry);
      entry.resolve(accepted);
    } catch (error) {
      const failure = error instanceof ClientError ? error : new ClientError("network", describeError(error), { cause: error });
      if (mayRepeat(failure)) rest(entry, failure, over);
      else {
        forget(entry);
        entry.reject(failure);
      }
    } finally {
      flying--;
      pump();
    }
  }

  function rest(entry: Entry, failure: ClientError, over: Link) {
    entry.attempts++;
    if (failure.code === "network" && link !== over) {
      entry.state = "ready";
      return;
    }
    entry.state = "resting";
    const wait = failure.retryAfter === undefined ? computeBackoff(entry.attempts, random) : failure.retryAfter * 1000;
    if (failure.code === "rate_limited") paused = true;
    clock.after(wait, () => {
      entry.state = "ready";
      if (failure.code === "rate_limited") paused = false;
      pump();
    });
  }

  function forget(entry: Entry) {
    if (!entries.delete(entry.event.id)) return;
    bytes -= entry.size;
    if (entries.size === 0) for (const wake of waiters.splice(0)) wake();
  }

  return {
    send(event, whose = "user") {
      if (closed) return Promise.reject(closed);
      const text = JSON.stringify(event);
      const same = entries.get(event.id);
      if (same?.text === text) return same.promise;
      if (same)
        return Promise.reject(refuseBy(createProblem("id_conflict", `an event with the id ${event.id} and another body waits to be sent`)));
      const size = countBytes(text);
      if (size > limits.eventBytes) {
        const detail = `the event has ${size} bytes, at most ${limits.eventBytes} are taken; what is larger is uploaded as an artifact, and named`;
        return Promise.reject(refuseBy(createProblem("too_large", detail, { limit: limits.eventBytes })));
      }
      const full = entries.size >= clientLimits.outboxEvents || bytes + size > clientLimits.outboxBytes;
      if (full && whose === "user") {
        return Promise.reject(new ClientError("outbox_full", `${entries.size} events wait to be sent; wait for some of them first`));
      }
      // Promise.withResolvers would say this shorter, but Node 20 lacks it.
      let settle: Pick<Entry, "resolve" | "reject"> | undefined;
      const promise = new Promise<Accepted>((resolve, reject) => {
        settle = { resolve, reject };
      });
      entries.set(event.id, {
        event,
        text,
        size,
        promise,
        state: "ready",
        attempts: 0,
        ...(settle as unknown as Pick<Entry, "resolve" | "reject">),
      });
      bytes += size;
      pump();
      return promise;
    },
    attach(next) {
      link = next;
      pump();
    },
    size: () => entries.size,
    drained: () => (entries.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
    close(error) {
      closed = error;
      for (const entry of [...entries.values()]) {
        forget(entry);
        entry.reject(error);
      }
    },
  };
}

/** `output_invalid` is retryable too, but only with another output: that is the handler's to make. */
function mayRepeat(failure: ClientError): boolean {
  return failure.retryable && failure.code !== "output_invalid";
}
