/** What `GET /v1/connect` and `/v1/inbox/stream` ask for, as the Worker has checked it. Knows requests, no mailbox. */
import type { Channel } from "../../../contract/channels.ts";

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
  const { searchParams } = new URL(request.url);
  const wanted = (searchParams.get("channel") ?? "my,open").split(",");
  return {
    channels: (["my", "open"] as const).filter((channel) => wanted.includes(channel)),
    after: readNumber(searchParams.get("after")) ?? 0,
    lastEventId: readNumber(request.headers.get("last-event-id")),
    connection: searchParams.get("connection") ?? undefined,
    replaces: (searchParams.get("replaces") ?? "").split(",").filter(Boolean),
    client: searchParams.get("client") ?? undefined,
  };
}

/** A number that the Worker has checked. */
function readNumber(text: string | null): number | undefined {
  const number = text === null ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}
