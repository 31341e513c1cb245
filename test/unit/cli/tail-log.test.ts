/** The tail's way back: from the last position that it was told, whatever told it. */
import { expect, test } from "vitest";
import { tailLog } from "../../../src/cli/lib/events/tail-log.ts";

test("[LOG14] a tail that lost its connection before the first event comes back to where it began, and then to where it was", async () => {
  const stop = new AbortController();
  const entry = (position: number) => `id: ${position}\ndata: {"position":${position},"event":{}}\n\n`;
  const answers = ["retry: 1000\nid: 7\n\n", `retry: 1000\nid: 7\n\n${entry(9)}: nothing new\n\nid: 10\ndata: {"posi`, entry(10)];
  const asked: (string | undefined)[] = [];
  const api = {
    url: "",
    call: () => Promise.reject(new Error("not called")),
    order: () => Promise.reject(new Error("not called")),
    async open(_path: string, headers: Record<string, string>) {
      asked.push(headers["last-event-id"]);
      return new Response(answers.shift());
    },
  };
  const seen: number[] = [];
  for await (const { position } of tailLog(api, "follow=1", { signal: stop.signal, lost: () => {} })) {
    seen.push(position);
    if (position === 10) stop.abort();
  }
  expect(asked).toEqual([undefined, "7", "9"]);
  expect(seen).toEqual([9, 10]);
});
