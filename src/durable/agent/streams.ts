/**
 * The event streams of one agent's object: readers of its mailbox as sockets are, but their client can only listen. While
 * one is open the object stays in memory, so all of it is in memory. Knows mailbox and streams, not requests.
 */
import { type Channel, closeCodes } from "../../wire/channels.ts";
import { agentLimits } from "./agent-schema.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Reader } from "./reader.ts";
import { lookForStall, type Stall } from "./stall.ts";

export interface StreamWish {
  channels: Channel[];
  /** Only what comes after it; as a client says that comes for the first time. */
  after: number;
  /** The last number that it has, of a client that comes back. */
  lastEventId: number | undefined;
  /** Of the token that opens it. */
  tokenHash: string;
}

export interface Streams {
  /** Opens a stream; the oldest gives way where there are too many. */
  open(wish: StreamWish): ReadableStream<Uint8Array>;
  /** Finds out which clients are still there: what the others hold is freed. */
  knock(): void;
  closeAll(code: number, reason: string): void;
  /** Closes those whose token is not good any more. */
  closeVoid(holds: (tokenHash: string) => boolean, reason: string): void;
  readonly size: number;
}

interface Connection extends Reader {
  stream: EventStream;
  /** What it was given, in order. */
  given: number[];
  tokenHash: string;
}

export interface StreamPorts {
  mailbox: Mailbox;
  later(milliseconds: number, work: () => void): void;
  now(): number;
  /** A stream's client takes what it is sent: a sign of life. */
  alive(): void;
}

export function createStreams({ mailbox, later, now, alive }: StreamPorts): Streams {
  const open = new Set<Connection>();
  /** What streams that ended were given, newest last: the client of one may come back for the rest. */
  const ended: number[][] = [];

  function leave(connection: Connection): void {
    if (!open.delete(connection)) return;
    ended.push(connection.given);
    if (ended.length > agentLimits.streams) ended.shift();
    mailbox.detach(connection);
  }

  function close(connection: Connection, code: number, reason: string): void {
    leave(connection);
    connection.stream.end(code, reason);
  }

  function connect({ channels, after, lastEventId, tokenHash }: StreamWish): Connection {
    const tooSlow = (): void => close(connection, closeCodes.tooSlow, "nothing was read or acknowledged for too long; poll instead");
    const stream = createEventStream(later, {
      read: alive,
      drained: () => {
        if (open.has(connection)) mailbox.pump(connection);
      },
      gone: () => leave(connection),
      slow: tooSlow,
      beat: look,
    });
    let stall: Stall | undefined;
    function look(): void {
      const found = lookForStall(connection, stall, mailbox, now());
      if (found !== "tooSlow") stall = found;
      else if (open.has(connection)) tooSlow();
    }
    const connection: Connection = {
      stream,
      tokenHash,
      channels,
      through: lastEventId ?? after,
      given: [],
      held: new Map(),
      caughtUp: false,
      get ready() {
        return stream.ready;
      },
      give(item) {
        connection.given.push(item.seq);
        if (connection.given.length > agentLimits.streamMemory) connection.given.shift();
        stream.send(item);
      },
      // The next beat looks at it.
      note: () => {},
    };
    return connection;
  }

  /** Whoever has the number came from the stream that was given it: what that one was given before it has arrived, the rest has not. */
  function takePredecessor(lastEventId: number, successor: Connection): { had: number[]; missed: number[] } {
    const live = [...open].find(({ given }) => given.includes(lastEventId));
    const given = live?.given ?? ended.findLast((each) => each.includes(lastEventId)) ?? [];
    const end = given.lastIndexOf(lastEventId) + 1;
    const had = given.slice(0, end);
    if (!live) return { had, missed: given.slice(end) };
    for (const seq of had) {
      const about = live.held.get(seq);
      if (about !== undefined) successor.held.set(seq, about);
      live.held.delete(seq);
    }
    close(live, closeCodes.replaced, "its client came back by another stream");
    return { had, missed: given.slice(end) };
  }

  return {
    open(wish) {
      const connection = connect(wish);
      const { had, missed } = wish.lastEventId === undefined ? { had: [], missed: [] } : takePredecessor(wish.lastEventId, connection);
      for (const oldest of [...open].slice(0, Math.max(0, open.size - agentLimits.streams + 1)))
        close(oldest, closeCodes.replaced, "a newer stream took its place");
      open.add(connection);
      mailbox.takeOver(connection, had, missed);
      return connection.stream.body;
    },
    knock() {
      for (const { stream } of open) stream.knock();
    },
    closeAll(code, reason) {
      for (const connection of open) close(connection, code, reason);
    },
    closeVoid(holds, reason) {
      for (const connection of open) if (!holds(connection.tokenHash)) close(connection, closeCodes.token, reason);
    },
    get size() {
      return open.size;
    },
  };
}
