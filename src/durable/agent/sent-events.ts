/** The events that an agent has sent and that were kept: by their ids, by which a repeat is known and gets the answer of before. */
import type { CloudEvent } from "../../contract/event.ts";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Routing } from "../../contract/routing.ts";
import type { Clock } from "../host/ports.ts";
import type { KeyedInPage } from "../host/store/page.ts";

/** What is kept of an event, by its id. */
export interface SentEvent {
  /** Of what was posted. */
  hash: string;
  answer: Accepted;
  /** Of an event with recipients: itself, and what was decided of it. */
  routed?: { event: CloudEvent; routing: Routing };
}

export interface SentEvents {
  /** The answer to a repeat; undefined: nothing was sent under this id. */
  answer(id: string, hash: string): Result<Accepted> | undefined;
  readRouted(id: string): NonNullable<SentEvent["routed"]> | null;
  /** Within a transaction. */
  keep(id: string, sent: SentEvent): void;
  /** Answers that say more now: they are written by {@link SentEvents.writeNotes}. Lost with a crash: then a repeat asks again. */
  note(answers: readonly Accepted[]): void;
  /** Whether {@link SentEvents.writeNotes} has something to write. */
  hasNotes(): boolean;
  /** Within a transaction. */
  writeNotes(): void;
}

export function createSentEvents(sent: KeyedInPage<SentEvent>, clock: Clock): SentEvents {
  let notes = new Map<string, Accepted>();
  return {
    answer(id, hash) {
      const kept = sent.read(id);
      if (!kept) return undefined;
      return kept.hash === hash
        ? succeed(notes.get(id) ?? kept.answer)
        : refuse("id_conflict", `The id ${id} was sent before with another body; give a new event a new id.`);
    },
    readRouted: (id) => sent.read(id)?.routed ?? null,
    keep: (id, event) => sent.put(id, event, clock.now()),
    note(answers) {
      for (const answer of answers) notes.set(answer.id, answer);
    },
    hasNotes() {
      return notes.size > 0;
    },
    writeNotes() {
      const answers = notes;
      notes = new Map();
      for (const [id, answer] of answers) {
        const kept = sent.read(id);
        if (kept) sent.put(id, { ...kept, answer }, clock.now());
      }
    },
  };
}
