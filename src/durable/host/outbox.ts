/**
 * An object's outbox: messages leave in order, each when all receivers of the one before have stored it. It is the journal beyond the
 * cursor of what was sent, so a crash at any instruction sends a message again, under the same id. An event for
 * several receivers is first held by all, then released in all: whatever follows from it comes behind it everywhere.
 * A receiver that fails for too long gets a queue of its own, and the outbox goes on. Knows envelopes, not actors.
 */

import type { Message } from "../protocol/envelope.ts";
import { createMessageDelivery, type Refused } from "./deliver-message.ts";
import type { AddedEntry, Entry, EntryWriter } from "./entry.ts";
import { createHeadNotes, createNoteReader, makeWaiting, sentCursor, type Waiting } from "./head-notes.ts";
import { createHeldBackQueues, type HeldBack, isOver } from "./held-back.ts";
import { createJournalReader, EntryUnreadableError } from "./journal-reader.ts";
import { hostLimits } from "./limits.ts";
import { createLives } from "./lives.ts";
import type { World } from "./ports.ts";
import { listTogether, sendTogether } from "./send-together.ts";
import type { Journal } from "./store/journal.ts";
import type { Store } from "./store/store.ts";
import { createTryHead } from "./try-head.ts";

export interface Outbox {
  /**
   * Adds a message, inside the caller's transaction; it is sent once the transaction held.
   * `sender` is the address of the actor that sends, by default the object's own. `spread`: several receivers, between
   * whom no order is promised, so that none is held. `next`: whoever has been told something in the transaction hears it with that.
   */
  append(receivers: string[], message: Message, from?: Sending): void;
  /** Starts sending if it isn't; returns when the outbox is empty or must wait. */
  flush(): Promise<void>;
  /** When the alarm must look at the outbox again, or undefined if nothing waits. */
  due(): number | undefined;
  /** Messages that have not been delivered, as far as memory has them; more than none as long as there are any. */
  size(): number;
  /** Whether a message of a type has not reached all its receivers, those included that failed for too long. */
  holds(type: string): boolean;
  /** Receivers that failed for too long, each with its messages: they are in neither the outbox nor its size. */
  heldBack(): HeldBack[];
}

/** How a message is sent. */
export interface Sending {
  sender?: string;
  spread?: boolean;
  next?: boolean;
}

/** What the commits need of it. */
export interface CommittedOutbox extends Outbox {
  /** The transaction held, with the entries that it added; or it did not. */
  settle(added: readonly AddedEntry[] | undefined): void;
}

export interface OutboxOptions {
  refused: Refused;
  /** Commits a write of the outbox's own, with whatever the object's commits keep true (its alarm). */
  record(write: () => void): void;
  /** A receiver's own queue began, grew or, with no messages left, ended: called within the transaction. */
  heldBack?: (queue: HeldBack, begins: boolean) => void;
  /**
   * Receivers whose messages may arrive after what is sent to others later: one that fails gets its own queue after
   * {@link hostLimits.holdBackSoon}. None by default.
   */
  isUnordered?: (receiver: string) => boolean;
}

/** @param entry of the present transaction @param life of the object as a sender */
export function createOutbox(
  world: World,
  store: Store,
  entry: EntryWriter,
  life: () => number | undefined,
  { refused, record, heldBack, isUnordered = () => false }: OutboxOptions,
): CommittedOutbox {
  const { clock, transport, address } = world;
  const journal = store.journal as Journal<Entry>;
  const notes = createHeadNotes(journal);
  const applyNote = createNoteReader(journal);
  const reader = createJournalReader<Waiting>(journal, sentCursor, ({ out = [] }, seq) =>
    applyNote(out.map((fact, index) => makeWaiting(address, seq, index, fact))),
  );
  // The message may have been in flight when the object crashed, and may be the cause: count an attempt that got no answer.
  let suspectsThrough = journal.last();
  /** Lives have ended here before: each message that may have been in flight is counted, not the first alone. */
  let isCareful = false;
  let staged = 0;
  let sending = false;
  let running: Promise<void> = Promise.resolve();
  let blockedUntil: number | undefined;

  const lives = createLives(store, life, record);
  const { post, deliver } = createMessageDelivery(transport, lives, refused, notes.dropReceiver);
  const queues = createHeldBackQueues({
    world,
    store,
    record,
    send: async (parcel, to, phase, asDeadLetter, drop) => void (await post(parcel, to, { phase, asDeadLetter }, drop)),
    changed: (queue, begins) => heldBack?.(queue, begins),
  });

  const tryHead = createTryHead({
    ...{ world, notes, queues, deliver, record, isUnordered },
    block: (until) => {
      blockedUntil = until;
    },
  });

  const run = async (): Promise<void> => {
    sending = true;
    try {
      for (;;) {
        const first = readFirst();
        const head = first?.parts[0];
        if (!first || !head) return;
        if (!isOver(head.nextAt, clock.now())) {
          blockedUntil = head.nextAt;
          return;
        }
        const isSuspect = head.seq <= suspectsThrough;
        isCareful ||= isSuspect && head.attempts > 0 && head.failing === null;
        if (!isCareful) suspectsThrough = 0;
        if (isSuspect) recordNow(world, record, () => notes.countAttempt(head));
        const together = isSuspect || first.parts.length < 2 ? [] : listTogether(first.parts, queues.has);
        const sent = together.length > 1 ? await sendTogether(transport, lives, together) : 0;
        if (!sent && !(await tryHead(head))) return;
        first.parts.splice(0, sent || 1);
        if (!first.parts.length) reader.done(first.seq);
      }
    } finally {
      // Synchronously with the last look at the queue: a later flush must start a new run.
      sending = false;
    }
  };

  /** An entry that cannot be read is said and waited for: what is behind it may follow from it. */
  function readFirst(): ReturnType<typeof reader.first>[number] | undefined {
    try {
      return reader.first()[0];
    } catch (error) {
      if (!(error instanceof EntryUnreadableError)) throw error;
      blockedUntil = clock.now() + hostLimits.retryLast;
      console.error(JSON.stringify({ at: "outbox", address, error: error.message }));
      return undefined;
    }
  }

  const dueInOutbox = (): number | undefined => {
    if (reader.isEmpty() && !staged) return undefined;
    return blockedUntil ?? clock.now() + hostLimits.safetyNet;
  };

  return {
    append(receivers, message, { sender = address, spread = false, next = false } = {}) {
      const from = sender !== address && { sender };
      const left = next ? receivers.filter((to) => !entry.sendNext({ ...from, to: [to], message })) : receivers;
      staged += receivers.length;
      if (left.length) entry.send({ ...from, to: left, message, ...(spread && { spread }) });
    },
    flush() {
      if (!sending) {
        blockedUntil = undefined;
        running = run();
      }
      const held = queues.flush();
      return held === undefined ? running : Promise.all([running, held]).then(() => {});
    },
    due: () => findEarlier(dueInOutbox(), queues.due()),
    settle(added) {
      queues.settle(added !== undefined);
      staged = 0;
      if (added)
        reader.added(
          added.map(({ seq, out, size }) => ({ seq, size, parts: out.map((fact, index) => makeWaiting(address, seq, index, fact)) })),
        );
    },
    holds: (type) =>
      queues.holds(type) ||
      reader.held().some(({ parts }) => parts.some(({ message }) => message.type === type)) ||
      (reader.hasMore() && isInJournal(journal, type)),
    heldBack: queues.list,
    size() {
      return staged + (reader.hasMore() ? 1 : 0) + countParts(reader.held());
    },
  };
}

function findEarlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function countParts(held: readonly { parts: readonly unknown[] }[]): number {
  let count = 0;
  for (const { parts } of held) count += parts.length;
  return count;
}

/** Before something that may end the object. */
function recordNow({ storage }: World, record: OutboxOptions["record"], write: () => void): void {
  record(write);
  storage.flush?.();
}

/** Looks through what memory has not read. */
function isInJournal(journal: Journal<Entry>, type: string): boolean {
  const through = journal.last();
  for (let after = journal.position(sentCursor); after < through; ) {
    const rows = journal.read({ after, through, limit: hostLimits.readerEntries, size: hostLimits.readerBytes });
    if (rows.some(({ entry }) => entry?.out?.some(({ message }) => message.type === type))) return true;
    after = rows.at(-1)?.seq ?? through;
  }
  return false;
}
