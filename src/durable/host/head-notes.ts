/**
 * What is kept of the message at the head of the outbox: how often it was tried, since when it fails, who need not be asked again.
 * Everything before it has left. Knows the journal, no receivers' state.
 */
import type { Message } from "../protocol/envelope.ts";
import { numberMessage, type OutFact } from "./entry.ts";
import type { Journal } from "./store/journal.ts";

/** The outbox's cursor in the journal. */
export const sentCursor = "sent";

/** A message that has not been delivered to all its receivers. */
export interface Waiting {
  id: number;
  /** Where it is in the journal: the entry, and its place among the entry's messages. */
  seq: number;
  index: number;
  sender: string;
  /** Null: refused for good. */
  receivers: (string | null)[];
  message: Message;
  spread: boolean;
  /** Failed deliveries that may be the message's own fault: so many that the receiver makes it a dead letter. */
  attempts: number;
  /** Failed deliveries of this life, which lengthen the pause. */
  pauses: number;
  nextAt: number;
  /** Since when its deliveries fail, in milliseconds since the epoch; null: they don't. */
  failing: number | null;
  phase: "hold" | "release";
  /** Who has answered in this phase: an attempt asks the others only. */
  answered: Set<string>;
}

/** As it is stored, beside the entry's number. */
export interface HeadNote extends Pick<Waiting, "index" | "receivers" | "attempts" | "nextAt" | "failing"> {}

/** Each writes, within a transaction. */
export interface HeadNotes {
  /** A receiver need not be asked again. */
  dropReceiver(head: Waiting, to: string): void;
  /** Written ahead of a try that may crash the object; an answer, or a failure, writes the true count. */
  countAttempt(head: Waiting): void;
  writeFailure(head: Waiting): void;
}

export function createHeadNotes(journal: Pick<Journal<unknown>, "readNote" | "note">): HeadNotes {
  /** What is kept of this very message: it may say more than memory, for several receivers may refuse in one attempt. */
  const read = ({ seq, index }: Waiting): HeadNote | undefined => {
    const note = journal.readNote(sentCursor);
    if (note?.seq !== seq) return undefined;
    const body = JSON.parse(note.body) as HeadNote;
    return body.index === index ? body : undefined;
  };
  const write = (head: Waiting, changed: Partial<HeadNote>): void => {
    const { seq, index, attempts, nextAt, failing } = head;
    const receivers = read(head)?.receivers ?? head.receivers;
    journal.note(sentCursor, {
      seq,
      body: JSON.stringify({ index, receivers, attempts, nextAt, failing, ...changed } satisfies HeadNote),
    });
  };
  return {
    dropReceiver(head, to) {
      // Keep the refused one's place in the list, so that after a restart the message still goes out in two phases.
      const receivers = (read(head)?.receivers ?? head.receivers).map((receiver) => (receiver === to ? null : receiver));
      write(head, { receivers });
    },
    countAttempt: (head) => write(head, { attempts: head.attempts + 1 }),
    writeFailure: (head) => write(head, {}),
  };
}

/** Begins where the note says: all before its message had left. @returns what is left of an entry's messages */
export function createNoteReader(
  journal: Pick<Journal<unknown>, "readNote" | "note" | "position" | "move">,
): (waiting: Waiting[]) => Waiting[] {
  const note = journal.readNote(sentCursor);
  if (note && note.seq - 1 > journal.position(sentCursor)) journal.move(sentCursor, note.seq - 1);
  return (waiting) => {
    if (!note || waiting[0]?.seq !== note.seq) return waiting;
    const { index, receivers, attempts, nextAt, failing } = JSON.parse(note.body) as HeadNote;
    const left = waiting.filter((each) => each.index >= index);
    const head = left[0];
    if (head?.index === index) Object.assign(head, { receivers, attempts, pauses: attempts, nextAt, failing });
    return left;
  };
}

/** @param own the object's address */
export function makeWaiting(own: string, seq: number, index: number, { sender = own, to, message, spread, id }: OutFact): Waiting {
  return {
    id: id ?? numberMessage(seq, index),
    seq,
    index,
    sender,
    receivers: to,
    message,
    spread: spread === true,
    attempts: 0,
    pauses: 0,
    nextAt: 0,
    failing: null,
    phase: "hold",
    answered: new Set(),
  };
}
