/**
 * To whom offers were made, which the board says after the step that opened them: written, and logged, with the thread's next commit, or by
 * itself soon. A crash before that makes them again.
 */
import type { CloudEvent } from "../../../contract/event.ts";
import type { OfferRecords } from "./offer-records.ts";

/** An offer that was made to whoever was there. */
export interface OpenedNote {
  offer: string;
  asked: string[];
  /** `nerve.offer.opened`, as it is logged. */
  event: CloudEvent;
  thread: string;
}

export interface OpenedNotes {
  /** Readers find it at once. */
  add(note: OpenedNote): void;
  /** First in every transaction. */
  write(): void;
  /** The transaction held. */
  keep(): void;
  /** The transaction was rolled back, or did not begin. */
  undo(): void;
  isEmpty(): boolean;
}

export function createOpenedNotes(
  records: Pick<OfferRecords, "noteAsked" | "writeAsked">,
  log: (event: CloudEvent, thread: string) => void,
): OpenedNotes {
  let notes: OpenedNote[] = [];
  /** What the present transaction writes. */
  let written: OpenedNote[] = [];
  return {
    add(note) {
      records.noteAsked(note.offer, note.asked);
      notes.push(note);
    },
    write() {
      written = notes;
      notes = [];
      for (const { offer, event, thread } of written) {
        records.writeAsked(offer);
        log(event, thread);
      }
    },
    keep() {
      written = [];
    },
    undo() {
      notes = [...written, ...notes];
      written = [];
    },
    isEmpty() {
      return notes.length === 0;
    },
  };
}
