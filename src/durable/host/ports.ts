/**
 * The four things the actor host needs of a world: a store, a clock, a way to other objects, and work that runs later.
 * Durable Objects are one such world, plain Node another. Imports types of the wire only.
 */
import type { Delivery, Envelope } from "../protocol/envelope.ts";

/** What SQLite takes and gives. */
export type SqlValue = string | number | null;
export type Row = Record<string, SqlValue>;

export interface Storage {
  /** Runs one statement, or several where no values are bound. */
  exec<T extends Row = Row>(sql: string, ...values: SqlValue[]): T[];
  /** All or nothing: a throw in `body` undoes its writes. Not nested. */
  transaction<T>(body: () => T): T;
  /** Sets the object's one alarm, in milliseconds since the epoch; part of the surrounding transaction where there is one. */
  setAlarm(at: number): void;
  /**
   * Where one owner of many has this store: whether it has stored anything. The tables are there then, and are of no earlier version.
   * Absent: the tables are this object's alone.
   */
  hasRows?(): boolean;
  /** Where one owner of many has this store: what its rows say for its address. Absent: the address. */
  rowOwner?(): string;
  /**
   * Where one owner of many has this store: its alarm need not ring before then, or at all. Absent: moving an alarm costs what its
   * ringing does.
   */
  postponeAlarm?(at: number | undefined): void;
  /**
   * Where one owner of many has this store: the body of a document as it was committed, written or not. Absent: it is read by
   * {@link Storage.exec}.
   */
  readDocument?(collection: string, key: string): string | undefined;
  /** Where {@link Storage.readDocument} is: the same of several, those that there are. */
  readDocuments?(collection: string, keys: readonly string[]): { key: string; body: string }[];
  /**
   * Where one owner of many has this store: adds what the present transaction has staged, last in it. It is written with what others have
   * committed, before anything leaves that follows from it. Absent: it is written by {@link Storage.exec}.
   */
  write?(rows: StagedRows): void;
  /**
   * Where {@link Storage.write} is: does something, which may commit, before anything is written that was committed since, by whomever: in
   * the same write. Not within a transaction.
   */
  beforeWrite?(work: () => void): void;
  /**
   * Where {@link Storage.write} is: adds cursors that say how far the owner has come, outside of a transaction. They are written with
   * what is written next, so that they cost no writing of their own: a crash before that forgets them.
   */
  writeLater?(cursors: StagedRows["cursors"]): void;
  /** Where {@link Storage.write} is: writes what was committed now, before something that may end the object. */
  flush?(): void;
}

/** What a transaction writes, by table; of a row its values in the table's order. */
export interface StagedRows {
  /** As the rows have it. */
  owner: string;
  journal: SqlValue[][];
  documents: SqlValue[][];
  deletedDocuments: [collection: string, key: string][];
  cursors: SqlValue[][];
  /** By name. */
  deletedCursors: string[];
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Transport {
  /** Hands the envelope to the object that `envelope.to` names. Throws when that object could not be asked; then it is tried again. */
  deliver(envelope: Envelope): Promise<Delivery>;
}

export interface Scheduler {
  /** Runs `work` off the present call's path, keeping the object alive until it ends. */
  background(work: Promise<unknown>): void;
}

/** A world for one object. */
export interface World {
  /** The object's own address, e.g. `task/t123.1`. */
  address: string;
  storage: Storage;
  clock: Clock;
  transport: Transport;
  scheduler: Scheduler;
}
