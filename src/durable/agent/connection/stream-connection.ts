/** One event stream as a reader of its agent's mailbox, with what it must remember beside it. Knows no other stream. */
import { agentLimits } from "../agent-schema.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Reader } from "../mailbox/reader.ts";
import type { ConnectionWish } from "./connection-request.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import type { Holder } from "./silence.ts";
import { lookForStall, type Stall } from "./stall.ts";

export type StreamWish = Omit<ConnectionWish, "replaces"> & {
  /** Of the token that opens it. */
  tokenHash: string;
};

export interface StreamConnection extends Reader, Holder {
  stream: EventStream;
  /** What its client calls it, and itself. */
  connection: string | undefined;
  client: string | undefined;
  /** Its client gave a sign of life. */
  hear(at: number): void;
  /** What it was given, in order. */
  given: number[];
  tokenHash: string;
}

export interface StreamConnectionPorts {
  mailbox: Mailbox;
  later(milliseconds: number, work: () => void): void;
  now(): number;
  /** Resolves when all is stored from which what is sent now follows. */
  written(): Promise<void>;
  /** The client takes what it is sent: a sign of life. */
  alive(): void;
  isOpen(connection: StreamConnection): boolean;
  /** Its client is gone. */
  leave(connection: StreamConnection): void;
  /** Its client is too slow. */
  close(connection: StreamConnection, reason: string): void;
}

export function createStreamConnection(wish: StreamWish, ports: StreamConnectionPorts): StreamConnection {
  const { channels, after, lastEventId, tokenHash, connection: name, client } = wish;
  const { mailbox, written, later, now, alive, isOpen, leave, close } = ports;
  const tooSlow = (): void => close(connection, "nothing was read or acknowledged for too long; poll instead");
  const stream = createEventStream(later, {
    // Sent bytes prove nothing about a client that promised heartbeats: a proxy may swallow them.
    read: name === undefined ? alive : () => {},
    written,
    drained: () => {
      if (isOpen(connection)) mailbox.pump(connection);
    },
    gone: () => leave(connection),
    slow: tooSlow,
    beat: look,
  });
  let stall: Stall | undefined;
  let holdsSince: number | undefined;
  let heard = name === undefined ? undefined : now();
  function look(): void {
    const found = lookForStall(connection, stall, mailbox, now());
    if (found !== "tooSlow") stall = found;
    else if (isOpen(connection)) tooSlow();
  }
  const connection: StreamConnection = {
    stream,
    tokenHash,
    channels,
    through: lastEventId ?? after,
    given: [],
    held: new Map(),
    connection: name,
    client,
    lastSign: () => heard,
    hear(at) {
      heard = at;
    },
    holdsSince() {
      if (connection.held.size === 0) holdsSince = undefined;
      else holdsSince ??= now();
      return holdsSince;
    },
    caughtUp: false,
    ready() {
      return stream.ready();
    },
    give(item) {
      holdsSince ??= now();
      connection.given.push(item.seq);
      if (connection.given.length > agentLimits.streamMemory) connection.given.shift();
      stream.send(item);
    },
    // The next heartbeat checks it.
    note: () => {},
  };
  return connection;
}
