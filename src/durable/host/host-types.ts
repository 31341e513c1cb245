/** What the actor host takes and answers, as its users see it. */
import type { Json } from "../../contract/event.ts";
import type { Delivery, Envelope, Message } from "../protocol/envelope.ts";
import type { Committer, LogSource } from "./committer.ts";
import type { DeadLetterRow, OnDeadLetter } from "./dead-letters.ts";
import type { Undeliverable } from "./deliver-message.ts";
import type { ActorEvent } from "./effects.ts";
import type { HeldBack } from "./held-back.ts";
import type { HistoryEntry, PickState } from "./history.ts";
import type { RefusalCode } from "./step.ts";
import type { Store } from "./store/store.ts";

/**
 * Finds a definition by its hash: machines that are data are loaded from it. Undefined: there is none, which is final;
 * a throw: it could not be asked, and what needed it is tried again.
 */
export type Definitions = (hash: string) => Promise<unknown>;

export interface HostOptions<Services = unknown> {
  /** What the writes, expansions and promises of its actors find in their scope. */
  services?: Services;
  definitions?: Definitions;
  /** What the surrounding object keeps; absent: one is opened, under its own address. */
  store?: Store;
  /** When things of the surrounding object are due, beside the host's own. */
  dueTimes?: () => (number | undefined)[];
  /**
   * What another object says that the machine does not name is answered `later`: the code that sends it may be newer. Absent: it is
   * a dead letter at once. What machines say to each other always is, for they are as old as each other.
   */
  unknownLater?: boolean;
  /** A receiver's own queue changed: called in its transaction. */
  heldBack?: (queue: HeldBack, begins: boolean) => void;
  /** Called once per commit and with the steps that it held, for the metrics. */
  counted?: (steps: number) => void;
  /** Writes first in every transaction: what was noted since the last. */
  noted?: () => void;
  /** Writes last in every transaction, and hears when one was rolled back. */
  beforeCommit?: () => void;
  /** All messages of a commit have left, or must wait. */
  flushed?: () => void;
  onRollback?: () => void;
  /** What the log is told of each commit. */
  log?: LogSource;
  /** Facts for the sender's actor of a message that was refused for good, beside who refused it and why. */
  describeRefusal?: (undeliverable: Undeliverable) => { [fact: string]: Json | undefined };
  /** Who hears of such a message in place of its sender's actor; undefined: the actor does. */
  redirectRefusal?: (undeliverable: Undeliverable) => { to: string; message: Message } | undefined;
  onDeadLetter?: OnDeadLetter;
}

export interface StartRequest {
  actor: string;
  logic: string;
  input?: Json;
  /** Hash of the definition, for logics that are loaded. */
  definition?: string;
  /** Address of the parent. */
  parent?: string;
  /** The parent's id for this child. */
  child?: string;
  /** What the logic's `started` takes, beside the machine's input. */
  metadata?: unknown;
}

export interface SendOptions {
  /** What only writes see; never stored by the host. */
  metadata?: unknown;
  /** Asked when it is this event's turn, of rows as they then are: false refuses it as `not_taken`. */
  fits?: () => boolean;
  /** Writes of the same transaction: first in it, and last. */
  before?: () => void;
  also?: () => void;
}

/** Makes an actor's event of another object's message, with what comes beside it. */
export type Translate = (envelope: Envelope) => { event: ActorEvent } & SendOptions;

/**
 * What became of an event: taken, or refused with nothing written. `threw`: it is a dead letter, with its error. Of a start:
 * `name_taken` where an actor of that name runs another logic or definition.
 */
export type SendAnswer =
  | { ok: true; view: ActorView }
  | { ok: false; code: RefusalCode | "malformed" | "unknown_actor" | "threw" | "name_taken"; detail: string };

/** An actor as it can be read at any time. */
export interface ActorView {
  id: string;
  logic: string;
  version: string;
  definition: string | null;
  /** `active`, `done`, `error` or `stopped`. */
  status: string;
  value: Json;
  context: Json;
  tags: string[];
  revision: number;
  output: Json | undefined;
  error: Json | undefined;
  parent: string | null;
  children: { id: string; address: string }[];
  /** `due` in milliseconds since the epoch. */
  timers: { id: string; due: number }[];
  createdAt: number;
  updatedAt: number;
}

export interface ActorHost {
  committer: Committer;
  /**
   * Starts an actor. Idempotent: one of that name that runs the same logic is left as it is, whatever its input was.
   * `also` is written only where it did not exist.
   * @throws when its logic is not to be had, or its first snapshot can't be stored
   */
  start(request: StartRequest, also?: () => void): Promise<SendAnswer>;
  /** Sends an event, judged first. */
  send(actor: string, event: ActorEvent, options?: SendOptions): Promise<SendAnswer>;
  /** Takes a message of another object; repeats are known. Answered after the commit. */
  deliver(envelope: Envelope, translate?: Translate): Promise<Delivery>;
  /** The object's alarm: timers, retries, jobs. Throws only when the next alarm could not be set. */
  alarm(also?: () => Promise<void>): Promise<void>;
  /** Picks up what a crash left: messages to send, jobs to run, an alarm that was lost. Cheap when there is nothing. */
  resume(): void;
  read(actor: string): Promise<ActorView | undefined>;
  /** Since when the actor's state, or the part of it that `pick` returns, is what it is, in milliseconds. */
  readSince(actor: string, pick?: PickState): number;
  /** Whether an actor of the object is active. */
  hasActive(): boolean;
  /** The part of {@link ActorHost.read} that needs no copy. Don't change it; it is valid until the actor's next event. */
  peek(actor: string): Promise<Pick<ActorView, "status" | "definition" | "value" | "context"> | undefined>;
  history(actor: string, page?: { after?: number; limit?: number }): HistoryEntry[];
  deadLetters(): DeadLetterRow[];
  /** Runs a dead letter again; it is deleted if it is taken. */
  retryDeadLetter(id: number, translate?: Translate): Promise<SendAnswer>;
  /** Gives a dead letter up. A child that never began is reported to its parent as failed. */
  dropDeadLetter(id: number): boolean;
  /** Replaces an actor that has ended by a tombstone, which refuses everything. False: there is none, or it is active. */
  forget(actor: string): Promise<boolean>;
}
