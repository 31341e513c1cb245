/** What was given: knows repeats, holds what is being dealt with, acknowledges what is done, lazily and many at once. */
import type { InboxItem } from "../contract/frames/server-frames.ts";
import { createBoundedSet } from "./bounded.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { Link } from "./transport.ts";

/** Receives events at least once, hands each on once. */
export interface Inbox {
  receive(item: InboxItem): void;
  /** Sends all acknowledgements that wait; what it gives never rejects. */
  flush(): Promise<void>;
  attach(link: Link | undefined): void;
  /** How many events were handed on and are not done. */
  inHand(): number;
  /** Whether all that was given was handed on: for some there was no room otherwise. */
  isComplete(): boolean;
}

/** Makes an {@link Inbox}. */
export function createInbox(options: {
  clock: Clock;
  /** Most events in hand. */
  room: number;
  /** Deals with an event and calls `done` when it may be acknowledged; a crash before that has it given again. */
  handle: (item: InboxItem, done: () => void) => void;
  /** Asks for everything unacknowledged again: there was no room for some of it, now there is. */
  readAgain: () => void;
}): Inbox {
  const { clock, room, handle, readAgain } = options;
  const handled = createBoundedSet(clientLimits.seenEvents);
  /** Event → the numbers under which it was given: a repeat may have another. */
  const inHand = new Map<string, Set<number>>();
  const acks = new Set<number>();
  let link: Link | undefined;
  let stopTimer: (() => void) | undefined;
  let overrun = false;

  function acknowledge(seq: number) {
    if (acks.size >= clientLimits.pendingAcks) return;
    acks.add(seq);
    if (acks.size >= clientLimits.ackBatch) void flush();
    else stopTimer ??= clock.after(clientLimits.ackMs, () => void flush());
  }

  async function flush() {
    stopTimer?.();
    stopTimer = undefined;
    if (!link) return;
    const seqs = [...acks];
    acks.clear();
    const sent = [];
    for (let from = 0; from < seqs.length; from += clientLimits.ackBatch) {
      const batch = seqs.slice(from, from + clientLimits.ackBatch);
      sent.push(
        link.ack(batch).then((arrived) => {
          if (!arrived) for (const seq of batch) if (acks.size < clientLimits.pendingAcks) acks.add(seq);
        }),
      );
    }
    await Promise.all(sent);
  }

  return {
    receive(item) {
      const key = `${item.event.source}\n${item.event.id}`;
      if (handled.has(key)) return acknowledge(item.seq);
      const numbers = inHand.get(key);
      if (numbers) return void numbers.add(item.seq);
      if (inHand.size >= room) {
        overrun = true;
        return;
      }
      inHand.set(key, new Set([item.seq]));
      handle(item, () => {
        const given = inHand.get(key);
        if (!given?.size) return;
        inHand.delete(key);
        handled.add(key);
        for (const seq of given) acknowledge(seq);
        if (overrun && inHand.size <= room / 2) {
          overrun = false;
          readAgain();
        }
      });
    },
    flush,
    attach(next) {
      link = next;
      if (link && acks.size > 0) void flush();
    },
    inHand: () => inHand.size,
    isComplete: () => !overrun,
  };
}
