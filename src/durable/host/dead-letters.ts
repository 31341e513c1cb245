/** Dead letters: events that could not be run, each with why, until an operator retries or drops it. Knows documents and the host's messages. */
import type { Json } from "../../contract/event.ts";
import { cutToBytes } from "../../contract/limits.ts";
import type { DeadLetterCode } from "../../contract/refusals.ts";
import type { Message } from "../protocol/envelope.ts";
import type { JobKey } from "./job-table.ts";
import { hostLimits } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { World } from "./ports.ts";
import { type Indexed, numberKey, type Resident } from "./store/collections.ts";
import { openLazily } from "./store/open-lazily.ts";
import type { Store } from "./store/store.ts";
import type { TimerKey } from "./timer-table.ts";

export interface DeadLetterRow {
  id: number;
  actor: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Address of the object that sent it; null: sent by a caller, or the host's own. */
  sender: string | null;
  /** The sender's number of the message. */
  number: number | null;
  /** The timer or job that an event of the host's own came from. */
  origin: string | null;
  event: string;
  /** A {@link DeadLetterCode}, or one of another version. */
  code: string;
  error: string;
}

/** As it is stored: JSON within JSON would be longer. */
export type DeadLetterDoc = Omit<DeadLetterRow, "event"> & { event: Json };

/** The timer or job that an event came from: kept, without acting, for as long as the actor would still take the event. */
export type Origin = { timer: TimerKey } | { job: JobKey };

/** An event became a dead letter: called in its transaction, which sends what is appended. */
export type OnDeadLetter = (entry: DeadLetterRow, append: (to: string, message: Message) => void) => void;

export interface DeadLetters {
  /**
   * Keeps an event, inside the caller's transaction. One that the state does not take is dropped when enough of them are there.
   * @throws when there is no room and the event threw, so that the sender keeps it
   */
  add(entry: {
    actor: string;
    sender?: string;
    number?: number;
    origin?: Origin;
    event: unknown;
    code: DeadLetterCode;
    error: string;
  }): void;
  isFull(): boolean;
  list(): DeadLetterRow[];
  find(id: number): DeadLetterRow | undefined;
  remove(id: number): void;
  /** Notes that a retry failed. */
  note(id: number, error: string): void;
  /** Removes a child's start that waits here: its parent has stopped it. */
  removeStarts(actor: string): void;
  /** Removes all of an actor. */
  removeAll(actor: string): void;
}

/** What memory has of a dead letter. */
interface Facts {
  /** Its state did not take it: it need not be kept where there is no room. */
  ignored: boolean;
  /** The start of a child. */
  starts: boolean;
}

export const deadLetterCollection = "deadLetter";
/** The collection of the last number that was given, which is not given twice. */
export const deadLetterNumber = "deadLetterNumber";

interface LetterDocuments {
  letters: Indexed<DeadLetterDoc, Facts>;
  numbers: Resident<number>;
}

/** Few actors ever have one. */
const openLetters = openLazily<LetterDocuments>(
  {
    letters: (store) => store.indexed<DeadLetterDoc, Facts>(deadLetterCollection, readFacts),
    numbers: (store) => store.resident<number>(deadLetterNumber),
  },
  [deadLetterNumber],
);

export function createDeadLetters(
  world: Pick<World, "address" | "clock">,
  store: Store,
  outbox: () => Outbox,
  onDeadLetter: OnDeadLetter | undefined,
): DeadLetters {
  const { clock } = world;
  const documents = openLetters(store);

  const isFull = (): boolean => documents.letters.size() >= hostLimits.deadLetters;
  const isFullOfIgnored = (): boolean =>
    documents.letters.entries().filter(([, { ignored }]) => ignored).length >= hostLimits.deadLettersIgnored;
  const find = (id: number): DeadLetterDoc | undefined => documents.letters.read(numberKey(id));
  const removeWhere = (isGone: (letter: DeadLetterDoc) => boolean, keys: string[]): void => {
    for (const [key, letter] of documents.letters.readMany(keys)) if (isGone(letter)) documents.letters.delete(key);
  };

  return {
    isFull,
    add({ actor, sender, number, origin, event, code, error }) {
      // Ignored events must neither stop their sender nor use up the room for events that throw. XState drops them without a trace.
      if (isIgnored(code) && (isFullOfIgnored() || isFull())) {
        console.warn(JSON.stringify({ at: "dead letter", address: world.address, actor, dropped: (event as Message).type, error }));
        return;
      }
      if (isFull()) throw new Error(`${hostLimits.deadLetters} events are dead letters; retry or drop some first`);
      const id = (documents.numbers.get("") ?? 0) + 1;
      documents.numbers.put("", id);
      const letter: DeadLetterDoc = {
        ...{ id, actor, at: clock.now(), sender: sender ?? null, number: number ?? null },
        origin: origin ? JSON.stringify(origin) : null,
        event: event as Json,
        ...{ code, error: cutToBytes(error, hostLimits.errorBytes) },
      };
      documents.letters.put(numberKey(id), letter);
      onDeadLetter?.(toRow(letter), (to, message: Message) => outbox().append([to], message));
    },
    list: () => documents.letters.readMany(documents.letters.entries().map(([key]) => key)).map(([, letter]) => toRow(letter)),
    find(id) {
      const letter = find(id);
      return letter && toRow(letter);
    },
    remove: (id) => void documents.letters.delete(numberKey(id)),
    note(id, error) {
      const letter = find(id);
      if (letter) documents.letters.put(numberKey(id), { ...letter, error: cutToBytes(error, hostLimits.errorBytes), at: clock.now() });
    },
    removeStarts(actor) {
      const starts = documents.letters.entries().flatMap(([key, facts]) => (facts.starts ? [key] : []));
      if (starts.length) removeWhere((letter) => letter.actor === actor, starts);
    },
    removeAll: (actor) =>
      removeWhere(
        (letter) => letter.actor === actor,
        documents.letters.entries().map(([key]) => key),
      ),
  };
}

/** What memory has of a dead letter. */
export function readFacts({ code, sender, event }: Pick<DeadLetterDoc, "code" | "sender" | "event">): Facts {
  return { ignored: isIgnored(code), starts: sender !== null && (event as Message | null)?.type === "host.start" };
}

function isIgnored(code: string): boolean {
  return code === "not_taken" || code === "unknown_event";
}

function toRow({ event, ...letter }: DeadLetterDoc): DeadLetterRow {
  return { ...letter, event: JSON.stringify(event) };
}
