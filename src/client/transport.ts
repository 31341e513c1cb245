/** What a way to the server must do. The rest of the client knows only this, so a further transport is one more file. */
import type { PostedEvent } from "../contract/event.ts";
import type { Accepted, InboxItem, ServerNote } from "../contract/frames/server-frames.ts";

/** The ways to the server, the best first: a frame each way; events pushed and answers by POST; everything by HTTP calls. */
export const transportNames = ["socket", "sse", "poll"] as const;
export type TransportName = (typeof transportNames)[number];

/** A way to the server. */
export interface Transport {
  readonly name: TransportName;
  /** Starts a link. Never throws: what goes wrong comes as `ended`. */
  open(listener: LinkListener, as: LinkName): Link;
}

/** What the server is told of a link, so that it knows which of a client's connections are dead. */
export interface LinkName {
  connection: string;
  /** Links that are left, also those of which nobody knows whether they ever opened. */
  replaces: readonly string[];
  /** The process. */
  client: string;
  /** Streams only: the number of the last event that the stream before gave, if nothing was missed of it. */
  lastEventId?: number;
}

/** The query of a connection. */
export function writeQuery(channels: readonly string[], { connection, replaces, client }: LinkName): string {
  const naming = `connection=${connection}&client=${client}${replaces.length ? `&replaces=${replaces.join(",")}` : ""}`;
  return `channel=${channels.join(",")}&${naming}`;
}

/** One connection, from opening until it ends. After `ended` or `close()` it says nothing more. */
export interface Link {
  /**
   * Sends an event and waits for its answer.
   * @throws ClientError: with a problem if refused, `network` if no answer came (the same event may then be sent again)
   */
  send(event: PostedEvent): Promise<Accepted>;
  /**
   * Acknowledges exactly these numbers. Settles when they are on their way, and never rejects.
   * @returns false if they are known not to have arrived: they are to be sent again, over the next link
   */
  ack(seqs: number[]): Promise<boolean>;
  /** Tells the server that this link has taken the place of another. */
  replace(connection: string): void;
  /** Sets how often a sign of life is due, in milliseconds. */
  beat(everyMs: number): void;
  close(): void;
}

/** Who hears of a link. */
export interface LinkListener {
  /** The server took the connection. */
  opened(): void;
  delivered(item: InboxItem): void;
  /** The server has something to say beside events. */
  noted(note: ServerNote): void;
  ended(end: LinkEnd): void;
  /** Polling only: asked before each reading, so that all lazy acknowledgements go out first. */
  flushAcks(): void;
  /** Polling only: how many events were given and not yet acknowledged. While there are any, only what came later is asked for. */
  inHand(): number;
}

/** Why a link ended. */
export interface LinkEnd {
  /**
   * `lost`: the network, or the server went. `unsupported`: this transport does not work here. `token`: the token is not
   * valid, nothing will help. `replaced`: another connection took over. `slow`: too slow to be pushed to. `rate`: too much was sent.
   */
  why: "lost" | "unsupported" | "token" | "replaced" | "slow" | "rate";
  detail: string;
  /** Seconds to wait, if the server said. */
  retryAfter?: number;
}
