/**
 * The actors of an object as they are stored: one document each, with its snapshot, timers, children and jobs. All of them are in
 * memory. Knows no machine.
 */
import type { Json } from "../../contract/event.ts";
import { countBytes } from "../../contract/limits.ts";
import { hostLimits } from "./limits.ts";
import type { Resident } from "./store/collections.ts";
import type { Store } from "./store/store.ts";

export interface ActorRow {
  id: string;
  logic: string;
  version: string;
  definition: string | null;
  parent: string | null;
  child_id: string | null;
  /** `active`, `done`, `error`, `stopped` or `forgotten`. */
  status: string;
  /** JSON: whoever reads it has an actor of its own. */
  snapshot: string;
  revision: number;
  /** JSON; null: there is none. */
  output: string | null;
  error: string | null;
  created_at: number;
  updated_at: number;
}

export interface StoredTimer {
  id: string;
  /** Milliseconds since the epoch; {@link endOfTime}: never, or until its dead letter is settled. */
  due: number;
  /** Where in the actor's life it was set: tells one setting of an id from the next, and orders equal times. */
  made: number;
  event: Json;
  /** Address of a delayed send; null: the actor itself. */
  receiver: string | null;
}

export interface StoredJob {
  /** The child's id in its machine. */
  id: string;
  /** The spawn that it belongs to: a later spawn of the same id is another run, and only the current one's result is heard. */
  run: string;
  /** Name of the promise logic. */
  src: string;
  /** Absent: none. */
  input?: Json;
  /** Runs begun; less than none: it has ended, and its result waits among the dead letters. */
  attempts: number;
}

export interface ActorDoc {
  row: ActorRow;
  timers: readonly StoredTimer[];
  jobs: readonly StoredJob[];
  children: { readonly [id: string]: string };
  /** Since when the state's value is what it is. */
  since: number;
}

/** As it is stored: JSON within JSON would be longer. */
type StoredDoc = Omit<ActorDoc, "row"> & {
  row: Omit<ActorRow, "snapshot" | "output" | "error">;
  output?: Json;
  error?: Json;
  snapshot: Json;
};

export const actorCollection = "actor";

export interface ActorDocs {
  read(id: string): ActorDoc | undefined;
  all(): ActorDoc[];
  readRow(id: string): ActorRow | undefined;
  /** Writes what is known of the actor itself, its timers, jobs and children as they are. @param since as in {@link ActorDoc} */
  writeRow(row: ActorRow, since?: number): void;
  /** The same of what steps have led to: their transaction throws {@link ActorTooLargeError} where the actor may not be so large. */
  writeStepped(row: ActorRow, since?: number): void;
  change(id: string, change: Partial<Pick<ActorDoc, "timers" | "jobs" | "children">>): void;
}

/** What an actor was to keep is more than one row holds, with its timers and its promises' inputs. No retry helps. */
export class ActorTooLargeError extends Error {
  override name = "ActorTooLargeError";
  readonly code = "actor_too_large";

  constructor(id: string, bytes: number) {
    super(
      `actor_too_large: with this event the actor ${id} would have ${bytes} bytes, and ${hostLimits.actorBytes} is the most for its ` +
        "context, its delayed events and its promises' inputs together. Let its machine keep less, then retry the event.",
    );
  }
}

export function createActorDocs(store: Pick<Store, "resident">): ActorDocs {
  /** What steps have led to. The host's own changes, such as a timer that is set aside, have the rest of the row. */
  const stepped = new WeakSet<ActorDoc>();
  const docs: Resident<ActorDoc> = store.resident<ActorDoc>(actorCollection, {
    encode(doc) {
      const text = encodeActor(doc);
      // Cheap for all but the largest: a unit of UTF-16 takes three bytes at most.
      if (text.length * 3 > hostLimits.actorBytes && stepped.has(doc)) {
        const bytes = countBytes(text);
        if (bytes > hostLimits.actorBytes) throw new ActorTooLargeError(doc.row.id, bytes);
      }
      return text;
    },
    decode: (stored) => decode(stored as StoredDoc),
  });

  function makeDoc(row: ActorRow, since: number | undefined): ActorDoc {
    const { timers = [], jobs = [], children = {}, since: before = row.updated_at } = docs.get(row.id) ?? {};
    return { row: { ...row }, timers, jobs, children, since: since ?? before };
  }

  return {
    read: (id) => docs.get(id),
    all: () => docs.values(),
    readRow: (id) => docs.get(id)?.row,
    writeRow: (row, since) => docs.put(row.id, makeDoc(row, since)),
    writeStepped(row, since) {
      const doc = makeDoc(row, since);
      stepped.add(doc);
      docs.put(row.id, doc);
    },
    change(id, change) {
      const doc = docs.get(id);
      if (doc) docs.put(id, { ...doc, ...change });
    },
  };
}

/** An actor's document as JSON. */
export function encodeActor({ row, ...rest }: ActorDoc): string {
  const { snapshot, output, error, ...facts } = row;
  const texts = [`"snapshot":${snapshot || "null"}`];
  if (output !== null) texts.push(`"output":${output}`);
  if (error !== null) texts.push(`"error":${error}`);
  return `${JSON.stringify({ row: facts, ...rest }).slice(0, -1)},${texts.join(",")}}`;
}

function decode({ row, snapshot, output, error, ...rest }: StoredDoc): ActorDoc {
  const toText = (value: Json | undefined): string | null => (value === undefined ? null : JSON.stringify(value));
  return { ...rest, row: { ...row, snapshot: JSON.stringify(snapshot), output: toText(output), error: toText(error) } };
}

export function listChildren({ children }: Pick<ActorDoc, "children">): { id: string; address: string }[] {
  return Object.entries(children)
    .map(([id, address]) => ({ id, address }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
