/** What `GET /v1/connect` and `/v1/inbox/stream` ask for, as the Worker has checked it. Knows requests, no mailbox. */
import type { Channel } from "../../../contract/channels.ts";
import { headerParameters, queries } from "../../../contract/http/parameters.ts";

/** What a connection is to be. */
export interface ConnectionWish {
  channels: Channel[];
  /** Only what comes after it. */
  after: number;
  /** The last number that it has, of a client that comes back. */
  lastEventId: number | undefined;
  /** What its client calls it. */
  connection: string | undefined;
  /** Connections of the same client that it takes the place of. */
  replaces: string[];
  /** What the process calls itself. */
  client: string | undefined;
}

/** Reads a request. */
export function readConnectionWish(request: Request): ConnectionWish {
  const query = queries.connect.schema.parse(Object.fromEntries(new URL(request.url).searchParams));
  const { channel, after = 0, connection, replaces = [], client } = query;
  const lastEventId = headerParameters["Last-Event-ID"].schema.parse(request.headers.get("last-event-id") ?? undefined);
  return { channels: channel, after, lastEventId, connection, replaces, client };
}
