/** One hibernating socket as a reader of its agent's mailbox, with what it must remember beside it. Knows no other connection. */

import type { Channel } from "../../../contract/channels.ts";
import type { ServerFrame } from "../../../contract/frames/server-frames.ts";
import { countBytes } from "../../../contract/limits.ts";
import { createGivenBytes } from "../mailbox/given-bytes.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Reader } from "../mailbox/reader.ts";
import type { NotedNumbers } from "../mailbox/seq-numbers.ts";
import type { Holder } from "./silence.ts";
import { lookForStall, type Stall } from "./stall.ts";

/** What survives hibernation beside a socket. */
export interface Attachment {
  channels: Channel[];
  after: number;
  /** What it was given up to, where more waits for it; null: it was given all there was. */
  through: number | null;
  /** Of the token that opened it. */
  tokenHash: string;
  /** What its client calls it, and the process calls itself. */
  connection?: string | undefined;
  client?: string | undefined;
  /** When it last began to hold what is not acknowledged, milliseconds since the epoch. */
  holds?: number | undefined;
  /** Something waits that it takes not. */
  stall?: Stall | undefined;
  /** How much of the mailbox's numbers may have been shown; absent: it does not say. */
  numbers?: NotedNumbers | undefined;
  /** When it was opened, milliseconds since the epoch. */
  since: number;
  /** Grows with each connection: the newest is given what comes. */
  order: number;
}

/** An open socket. */
export interface SocketConnection extends Reader, Holder {
  readonly tokenHash: string;
  readonly connection: string | undefined;
  readonly client: string | undefined;
  readonly order: number;
  /** Frames in a row that could not be read. */
  misread: number;
  lastSign(): number;
  /** A frame came. */
  hear(now: number): void;
  /** It is closed: what is noted beside it is not kept up any more, and says nothing. */
  release(): void;
}

/** Makes a {@link SocketConnection}, of a new socket or of one that slept. */
export function createSocketConnection(
  socket: WebSocket,
  attachment: Attachment,
  ports: {
    mailbox: Mailbox;
    send(text: string): void;
    /** When its last ping came that the platform answered by itself. */
    readPing(): number;
    /** More waits than it takes, for too long. */
    tooSlow(): void;
  },
): SocketConnection {
  const { mailbox } = ports;
  const { channels, after, tokenHash, since, order, connection, client } = attachment;
  const through = attachment.through ?? mailbox.count().last;
  const held = through > after ? mailbox.readHeld({ channels, after, through }) : new Map<number, string | null>();
  const given = createGivenBytes(held);
  let { stall, holds } = attachment;
  let heard = since;

  // Hibernation can drop memory at any time, so keep `caughtUp` in the socket's attachment.
  function keep(): void {
    const up = reader.caughtUp ? null : reader.through;
    const kept: Attachment = {
      channels,
      after,
      through: up,
      tokenHash,
      connection,
      client,
      holds,
      since,
      order,
      stall,
      numbers: mailbox.numbers(),
    };
    socket.serializeAttachment(kept);
  }

  const reader: SocketConnection = {
    ...{ channels, through, tokenHash, order, connection, client, held },
    misread: 0,
    caughtUp: false,
    lastSign() {
      return Math.max(ports.readPing(), heard);
    },
    holdsSince() {
      return held.size === 0 ? undefined : (holds ?? since);
    },
    hear(now) {
      heard = now;
    },
    ready() {
      return !given.full();
    },
    give(item) {
      const frame = JSON.stringify({ type: "event", ...item } satisfies ServerFrame);
      given.add(item.seq, countBytes(frame));
      if (held.size === 1) {
        holds = Date.now();
        keep();
      }
      ports.send(frame);
    },
    note() {
      const found = lookForStall(reader, stall, mailbox, Date.now());
      if (found === "tooSlow") return ports.tooSlow();
      stall = found;
      keep();
    },
    noteNumbers: () => keep(),
    release() {
      socket.serializeAttachment({ ...attachment, numbers: undefined } satisfies Attachment);
    },
  };
  return reader;
}
