/**
 * The event streams of one agent's object: readers of its mailbox as sockets are, but their client can only listen. While
 * one is open the object stays in memory, so all of it is in memory. Knows mailbox and streams, not requests.
 */
import { closeCodes } from "../../../contract/channels.ts";
import type { ServerNote } from "../../../contract/frames/server-frames.ts";
import { agentLimits } from "../agent-schema.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Reader } from "../mailbox/reader.ts";
import { type Holder, isSilent } from "./silence.ts";
import { createStreamConnection, type StreamConnection, type StreamWish } from "./stream-connection.ts";

export interface Streams {
  /** Opens a stream; the oldest gives way where there are too many. */
  open(wish: StreamWish): ReadableStream<Uint8Array>;
  /** Closes those that another connection of their client has taken the place of. */
  replace(names: readonly string[]): void;
  /** A sign of life of the stream of that name. */
  hear(connection: string): void;
  /** Closes those that hold events and have been silent for too long; streams without a name are not looked at, for they cannot say. */
  closeSilent(): void;
  /** All that are open. */
  readers(): readonly (Reader & Holder & { client: string | undefined })[];
  /** Names of the processes that have one open. */
  clients(): string[];
  /** Tells all of a client's, or all but a client's, something beside events. */
  tell(note: ServerNote, to: (client: string) => boolean): void;
  /** Finds out which clients are still there: what the others hold is freed. */
  probe(): void;
  closeAll(code: number, reason: string): void;
  /** Closes connections whose token is not valid any more. */
  closeVoid(holds: (tokenHash: string) => boolean, reason: string): void;
  size(): number;
}

export interface StreamPorts {
  mailbox: Mailbox;
  /** Resolves when all is stored from which what is sent now follows. */
  written(): Promise<void>;
  later(milliseconds: number, work: () => void): void;
  now(): number;
  /** A stream's client takes what it is sent: a sign of life. */
  alive(): void;
}

export function createStreams({ mailbox, written, later, now, alive }: StreamPorts): Streams {
  const open = new Set<StreamConnection>();
  /** What streams that ended were given, newest last: the client of one may come back for the rest. */
  const ended: number[][] = [];

  function leave(connection: StreamConnection): void {
    if (!open.delete(connection)) return;
    ended.push(connection.given);
    if (ended.length > agentLimits.streams) ended.shift();
    mailbox.detach(connection);
  }

  function close(connection: StreamConnection, code: number, reason: string): void {
    leave(connection);
    connection.stream.end(code, reason);
  }

  /** Whoever has the number came from the stream that was given it: what that one was given up to it has arrived. */
  function takePredecessor(lastEventId: number, successor: StreamConnection): number[] {
    const live = [...open].find(({ given }) => given.includes(lastEventId));
    const given = live?.given ?? ended.findLast((each) => each.includes(lastEventId)) ?? [];
    const end = given.lastIndexOf(lastEventId) + 1;
    const had = given.slice(0, end);
    if (!live) return had;
    for (const seq of had) {
      const about = live.held.get(seq);
      if (about !== undefined) successor.held.set(seq, about);
      live.held.delete(seq);
    }
    close(live, closeCodes.replaced, "its client came back by another stream");
    return had;
  }

  return {
    open(wish) {
      const connection = createStreamConnection(wish, {
        ...{ mailbox, written, later, now, alive, leave },
        isOpen: (each) => open.has(each),
        close: (each, reason) => close(each, closeCodes.tooSlow, reason),
      });
      const had = wish.lastEventId === undefined ? [] : takePredecessor(wish.lastEventId, connection);
      for (const oldest of [...open].slice(0, Math.max(0, open.size - agentLimits.streams + 1)))
        close(oldest, closeCodes.replaced, "a newer stream took its place");
      open.add(connection);
      mailbox.takeOver(connection, had);
      return connection.stream.body;
    },
    replace(names) {
      for (const each of open)
        if (each.connection !== undefined && names.includes(each.connection))
          close(each, closeCodes.replaced, "its client came back by another connection");
    },
    hear(name) {
      for (const each of open) if (each.connection === name) each.hear(now());
    },
    closeSilent() {
      for (const each of open) if (isSilent(each, now())) close(each, closeCodes.replaced, "it holds events and gave no sign of life");
    },
    readers() {
      return [...open];
    },
    clients() {
      return [...open].flatMap(({ client }) => client ?? []);
    },
    tell(note, to) {
      for (const { client, stream } of open) if (client !== undefined && to(client)) stream.tell(note);
    },
    probe() {
      for (const { stream } of open) stream.probe();
    },
    closeAll(code, reason) {
      for (const connection of open) close(connection, code, reason);
    },
    closeVoid(holds, reason) {
      for (const connection of open) if (!holds(connection.tokenHash)) close(connection, closeCodes.token, reason);
    },
    size() {
      return open.size;
    },
  };
}
