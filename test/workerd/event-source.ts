/** A reader of `GET /v1/inbox/stream`, or of the log's tail, for tests: what a browser's EventSource does, and shows everything. */
import { exports } from "cloudflare:workers";
import { expect, onTestFinished, vi } from "vitest";
import type { Loose } from "./stage.ts";

export interface Source {
  status: number;
  headers: Headers;
  /** Each event with its fields. */
  events: { id?: string; event?: string; data: Loose }[];
  /** Ids of the CloudEvents that came, in order. */
  names(): string[];
  expectNames(names: string[]): Promise<void>;
  /** Whether the server ended it. */
  ended: boolean;
  /** Goes away without a word. */
  drop(): Promise<void>;
}

/** Opens a stream, the inbox's unless told; it is not read beyond its head while `read` is false. */
export async function openSource(
  options: { path?: string; token?: string; query?: string; lastEventId?: number | string; read?: boolean } = {},
): Promise<Source> {
  const { path = "/v1/inbox/stream", token, query = "", lastEventId, read = true } = options;
  const response = await exports.default.fetch(`http://nerveflare.test${path}${query}`, {
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(lastEventId !== undefined && { "last-event-id": String(lastEventId) }),
    },
  });
  const reader = response.body?.getReader();
  // One that stays open keeps its object in memory, and in a cell all others'.
  onTestFinished(() => reader?.cancel());
  const source: Source = {
    status: response.status,
    headers: response.headers,
    events: [],
    ended: false,
    names: () => source.events.filter(({ event }) => event === "event").map(({ data }) => data.event.id),
    expectNames: (names) => vi.waitFor(() => expect(source.names()).toEqual(names), { interval: 5 }),
    drop: async () => reader?.cancel(),
  };
  async function readAll(): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      text += decoder.decode(part.value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        );
        if (fields["data"] !== undefined) source.events.push({ ...fields, data: JSON.parse(fields["data"]) });
      }
    }
    source.ended = true;
  }
  if (read && response.headers.get("content-type") === "text/event-stream") readAll().catch(() => {});
  return source;
}
