import { expect, test } from "vitest";
import type { ClientError } from "../../../src/client/index.ts";
import { answerTurn, claimOffer, createCapacitySense, createInboxSense } from "../../../src/client/sense.ts";
import type { InboxItem } from "../../../src/contract/frames/server-frames.ts";

/** A mailbox behind `fetch`, as far as senses ask it. */
function createMailboxServer(events: InboxItem[]) {
  const calls: string[] = [];
  const acked = new Set<number>();
  let down = false;
  const fetch = async (url: string, init: { method: string; body?: string }): Promise<Response> => {
    if (down) throw new TypeError("fetch failed");
    const { pathname, searchParams } = new URL(url);
    calls.push(`${init.method} ${pathname} ${init.body ?? searchParams.get("after") ?? ""}`.trim());
    if (pathname.endsWith("/ack")) {
      for (const seq of (JSON.parse(init.body ?? "") as { seqs: number[] }).seqs) acked.add(seq);
      return new Response(null, { status: 204 });
    }
    const after = Number(searchParams.get("after") ?? 0);
    const page = events.filter(({ seq }) => seq > after && !acked.has(seq));
    return Response.json({ events: page, next: page.at(-1)?.seq ?? after });
  };
  const setDown = (to: boolean) => {
    down = to;
  };
  return { options: { url: "http://nerve.test", token: "t", fetch }, calls, acked, setDown };
}

const item = (seq: number, type: string, data: unknown = {}): InboxItem =>
  ({
    seq,
    channel: "my",
    event: { specversion: "1.0", id: `e${seq}`, source: "/agents/a", time: "2026-11-20T12:00:00Z", type, data },
  }) as InboxItem;

test("[SENSE1] a reading gives what is new, and acknowledges exactly what the stored state says was given before", async () => {
  const events = [item(3, "a.b"), item(5, "a.c")];
  const server = createMailboxServer(events);
  const sense = createInboxSense(server.options);
  const first = await sense.compute();
  expect(first.events.map(({ id }) => id)).toEqual(["e3", "e5"]);
  expect(server.acked.size).toBe(0);
  events.push(item(9, "a.d"));
  const second = await sense.compute(JSON.parse(JSON.stringify(first.state)));
  expect(second.events.map(({ id }) => id)).toEqual(["e9"]);
  expect([...server.acked]).toEqual([3, 5]);
  expect(second.state).toMatchObject({ cursor: 9, pending: [9] });
});

test("[SENSE1] a daemon that lost the state of its last reading is given the same again", async () => {
  const server = createMailboxServer([item(3, "a.b")]);
  const sense = createInboxSense(server.options);
  await sense.compute();
  expect((await sense.compute({ cursor: "?", pending: "?" })).events.map(({ id }) => id)).toEqual(["e3"]);
});

test("[SENSE2] a server that is away is an error that may be retried, and the state of before stands", async () => {
  const server = createMailboxServer([item(3, "a.b")]);
  const sense = createInboxSense(server.options);
  const { state } = await sense.compute();
  server.setDown(true);
  const error = await sense.compute(state).catch((thrown: unknown) => thrown as ClientError);
  expect(error).toMatchObject({ code: "network", retryable: true });
  server.setDown(false);
  await sense.compute(state);
  expect([...server.acked]).toEqual([3]);
});

test("[SENSE3] what does not fit is dropped with a note that names the field, acknowledged and counted across readings", async () => {
  const events = [item(1, "a.b", { sha: 1 }), item(2, "a.b", { sha: "x" }), item(3, "c.d")];
  const server = createMailboxServer(events);
  const notes: string[] = [];
  const accepts = {
    "a.b": (data: unknown) => {
      if (typeof (data as { sha: unknown }).sha !== "string") throw new Error("data.sha: not a string");
    },
  };
  const sense = createInboxSense({ ...server.options, accepts, onNote: ({ message }) => notes.push(message) });
  const first = await sense.compute();
  expect(first.events.map(({ id }) => id)).toEqual(["e2"]);
  expect(notes).toEqual([expect.stringContaining("data.sha"), expect.stringContaining("not among those accepted")]);
  events.push(item(4, "a.b", {}));
  expect((await sense.compute(first.state)).state.dropped).toEqual({ "a.b": 2, "*": 1 });
  expect([...server.acked]).toEqual([1, 2, 3]);
});

test("[SENSE4] capacity counts the roles that were claimed, not the named ones", async () => {
  const rolesHeld = [
    { thread: "t1", workflow: "w", role: "a", type: "open" },
    { thread: "t1", workflow: "w", role: "b", type: "named" },
  ];
  const fetch = async () => Response.json({ rolesHeld, turns: [] });
  const reading = await createCapacitySense({ url: "http://nerve.test", token: "t", fetch, slots: 2 }).compute();
  expect(reading).toMatchObject({ free: 1, held: 1, state: { free: 1, held: 1 } });
});

test("[SENSE5] claims and answers have ids that follow from what they answer", () => {
  const turn = { turn: "t.1.0:4", thread: "t", lease: { generation: 2, expires: null } };
  expect(answerTurn(turn as never, { ok: true })).toMatchObject({
    id: "respond:t.1.0:4:2",
    data: { turn: "t.1.0:4", lease: 2, output: { ok: true } },
  });
  expect(claimOffer({ offer: "t:0:1", thread: "t" } as never)).toEqual(claimOffer({ offer: "t:0:1", thread: "t" } as never));
});
