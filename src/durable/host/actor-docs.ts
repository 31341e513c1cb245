/**
 * The actors of an object as they are stored: one document each, with its snapshot, timers, children and jobs. All of them are in
 * memory. Knows no machine.
 */
import type { Json } from "../../contract/event.ts";
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
  change(id: string, change: Partial<Pick<ActorDoc, "timers" | "jobs" | "children">>): void;
}

export function createActorDocs(store: Pick<Store, "resident">): ActorDocs {
  const docs: Resident<ActorDoc> = store.resident<ActorDoc>(actorCollection, {
    encode: encodeActor,
    decode: (stored) => decode(stored as StoredDoc),
  });
  return {
    read: docs.get,
    all: () => [...docs.values()],
    readRow: (id) => docs.get(id)?.row,
    writeRow(row, since) {
      const { timers = [], jobs = [], children = {}, since: before = row.updated_at } = docs.get(row.id) ?? {};
      docs.put(row.id, { row: { ...row }, timers, jobs, children, since: since ?? before });
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
