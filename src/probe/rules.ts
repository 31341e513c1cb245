/**
 * The contract as rules that a server is tried against, from outside. Data beside code: a rule is its number, its promise
 * and the shortest try that can fail. Numbers are never given again.
 */
import { WebSocket } from "ws";
import { subprotocol } from "../contract/channels.ts";
import { limits } from "../contract/limits.ts";
import { call, timeout, wireNames } from "./probe-wire.ts";
import { accepted, Broken, makeEvent, type Rule, refused, same, type Trial } from "./rule.ts";

/** Opens, tells how it was refused: the close code of a socket, the status of an answer. */
async function openWithout({ wire, agent }: Trial, token: string): Promise<number> {
  if (wire !== "socket") return (await call({ url: agent.url, token }, "GET", wire === "sse" ? "v1/inbox/stream" : "v1/inbox")).status;
  const address = `${agent.url.replace(/^http/, "ws").replace(/\/$/, "")}/v1/connect`;
  const socket = new WebSocket(address, [subprotocol], { headers: { authorization: `Bearer ${token}` } });
  return new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("close", (code) => resolve(code));
    socket.on("error", () => {});
    setTimeout(() => reject(new Error("the socket was neither closed nor refused")), timeout).unref();
  });
}

/** Every rule, in the order of the report. */
export const rules: readonly Rule[] = [
  {
    id: "T1",
    promise: "a token that is nobody's is refused: 401, or close code 4401",
    async try(on) {
      const code = await openWithout(on, `${on.agent.id}.${"A".repeat(43)}`);
      if (code !== 401 && code !== 4401) throw new Broken("401 or 4401", String(code));
    },
  },
  {
    id: "T2",
    promise: "an event is accepted, with its id, `threads` and `notes`",
    async try(on) {
      const id = on.id();
      const reply = await (await on.open()).send(makeEvent(id));
      accepted(reply);
      same(
        "id, threads and notes",
        [reply.body["id"], Array.isArray(reply.body["threads"]), Array.isArray(reply.body["notes"])],
        [id, true, true],
      );
    },
  },
  {
    id: "T3",
    promise: "an id sent twice with another body is id_conflict",
    async try(on) {
      const ear = await on.open();
      const id = on.id();
      accepted(await ear.send(makeEvent(id)));
      refused(await ear.send(makeEvent(id, { data: "another" })), "id_conflict");
    },
  },
  {
    id: "T4",
    promise: "an id sent twice with the same body gets the same answer",
    async try(on) {
      const ear = await on.open();
      const event = makeEvent(on.id());
      const first = await ear.send(event);
      accepted(first);
      same("the answer", (await ear.send(event)).body, first.body);
    },
  },
  {
    id: "T5",
    promise: "the id of a refused event is free",
    async try(on) {
      const ear = await on.open();
      const id = on.id();
      refused(await ear.send(makeEvent(id, { type: "xstate.init" })), "unknown_kind");
      accepted(await ear.send(makeEvent(id)));
    },
  },
  ...[
    { id: "T6", what: "xstate.* is nobody's kind", more: { type: "xstate.done.actor.task" }, code: "unknown_kind" },
    { id: "T7", what: "the orchestrator's kinds are not an agent's", more: { type: "nerve.thread.completed" }, code: "unknown_kind" },
    { id: "T8", what: "another's source is refused", more: { source: "/agents/somebody.else" }, code: "source_mismatch" },
    { id: "T9", what: "a kind that is no kind is malformed", more: { type: "Not A Kind" }, code: "malformed" },
    { id: "T10", what: "an attribute that is an object is malformed", more: { extension: { an: "object" } }, code: "malformed" },
    {
      id: "T11",
      what: "data of a kind of ours that does not fit is malformed",
      more: { type: "nerve.offer.claim", data: { offer: 7 } },
      code: "malformed",
    },
    {
      id: "T12",
      what: "data that nests too deep is malformed",
      more: { data: JSON.parse("[".repeat(200) + "]".repeat(200)) },
      code: "malformed",
    },
    { id: "T13", what: "an event that is too large is too_large", more: { data: "x".repeat(limits.eventBytes) }, code: "too_large" },
  ].map(
    ({ id, what, more, code }): Rule => ({
      id,
      promise: what,
      try: async (on) => refused(await (await on.open()).send(makeEvent(on.id(), more)), code),
    }),
  ),
  {
    id: "T14",
    promise: "attributes that the server does not know pass",
    async try(on) {
      accepted(await (await on.open()).send(makeEvent(on.id(), { probeextension: "kept" })));
    },
  },
  {
    id: "T15",
    promise: "an offer, a turn and a thread that are not there are not_found",
    async try(on) {
      const ear = await on.open();
      refused(await ear.send(makeEvent(on.id(), { type: "nerve.offer.claim", data: { offer: `t${"a".repeat(25)}:0:1` } })), "not_found");
      refused(
        await ear.send(makeEvent(on.id(), { type: "nerve.turn.respond", data: { turn: "no:1", lease: 1, output: {} } })),
        "not_found",
      );
    },
  },
  {
    id: "D1",
    promise: "an event to the agent is given as sent, with source and time, on its channel",
    async try(on) {
      const ear = await on.open();
      const id = await on.give();
      const { seq, channel, event } = await ear.event(id);
      await ear.ack({ seqs: [seq] });
      same("channel, source and data", [channel, event.source, event.data], ["my", `/agents/${on.peer.id}`, { probe: true }]);
      if (Number.isNaN(Date.parse(event.time))) throw new Broken("a time", String(event.time));
    },
  },
  {
    id: "D2",
    promise: "numbers grow, and events of one sender come in its order",
    alone: true,
    async try(on) {
      const ear = await on.open();
      const ids = [await on.give(), await on.give(), await on.give()];
      const items = await Promise.all(ids.map((id) => ear.event(id)));
      await ear.ack({ seqs: items.map(({ seq }) => seq) });
      same(
        "the order",
        ear.items.map(({ event }) => event.id).filter((id) => ids.includes(id)),
        ids,
      );
      const seqs = items.map(({ seq }) => seq);
      same(
        "growing numbers",
        seqs,
        [...new Set(seqs)].toSorted((a, b) => a - b),
      );
    },
  },
  {
    id: "D3",
    promise: "what was not acknowledged is given again, under the same number; what was is not",
    alone: true,
    async try(on) {
      const first = await on.open();
      const [kept, done] = [await on.give(), await on.give()];
      const items = [await first.event(kept), await first.event(done)];
      await first.ack({ seqs: [items[1]?.seq as number] });
      // Answered only after what was sent before it.
      accepted(await first.send(makeEvent(on.id())));
      await first.close();
      const second = await on.open();
      const again = await second.event(kept);
      await second.ack({ seqs: [again.seq] });
      same("the number", again.seq, items[0]?.seq);
      same(
        "events given again",
        second.items.map(({ event }) => event.id).filter((id) => id === done),
        [],
      );
    },
  },
  {
    id: "D4",
    promise: "`{seq, channel}` acknowledges the channel up to the number",
    alone: true,
    async try(on) {
      const ear = await on.open();
      const ids = [await on.give(), await on.give(), await on.give()];
      const items = await Promise.all(ids.map((id) => ear.event(id)));
      await ear.ack({ seq: items[1]?.seq as number, channel: "my" });
      accepted(await ear.send(makeEvent(on.id())));
      await ear.close();
      const next = await on.open();
      const last = await next.event(ids[2] as string);
      await next.ack({ seqs: [last.seq] });
      same(
        "events given again",
        next.items.map(({ event }) => event.id).filter((id) => ids.includes(id)),
        [ids[2]],
      );
    },
  },
  {
    id: "D5",
    promise: "acknowledging again, or numbers that nobody has, does no harm",
    async try(on) {
      const ear = await on.open();
      const { seq } = await ear.event(await on.give());
      for (const seqs of [[seq], [seq], [seq, 0, 999_999_999_999]]) await ear.ack({ seqs });
      const item = await ear.event(await on.give());
      await ear.ack({ seqs: [item.seq] });
      if (item.seq <= seq) throw new Broken(`a number above ${seq}`, String(item.seq));
    },
  },
  {
    id: "R1",
    promise: "who comes back with a number is given what came after it",
    alone: true,
    async try(on) {
      const first = await on.open();
      const ids = [await on.give(), await on.give()];
      const seen = await first.event(ids[0] as string);
      await first.event(ids[1] as string);
      await first.close();
      const second = await on.open(`&after=${seen.seq}`);
      const missed = await second.event(ids[1] as string);
      await second.ack({ seqs: [seen.seq, missed.seq] });
      same(
        "events given",
        second.items.map(({ event }) => event.id).filter((id) => ids.includes(id)),
        [ids[1]],
      );
    },
  },
  {
    id: "R2",
    promise: "an event that one transport gave is given by the next, the same under the same number, and acknowledged there",
    alone: true,
    async try(on) {
      const first = await on.open();
      const id = await on.give();
      const { seq, event } = await first.event(id);
      await first.close();
      const others = wireNames.filter((name) => name !== on.wire);
      for (const wire of others) {
        const ear = await on.open("", wire);
        const again = await ear.event(id);
        same(`what ${wire} gives`, [again.seq, again.event], [seq, event]);
        if (wire === others.at(-1)) await ear.ack({ seqs: [seq] });
        // An answer says that the acknowledgement before it has arrived.
        accepted(await ear.send(makeEvent(on.id())));
        await ear.close();
      }
      const last = await on.open();
      const next = await on.give();
      await last.ack({ seqs: [(await last.event(next)).seq] });
      same(
        "events given again",
        last.items.map((item) => item.event.id).filter((each) => each === id),
        [],
      );
    },
  },
  {
    id: "R3",
    promise: "an event sent on one transport and again on another is one event",
    async try(on) {
      const event = makeEvent(on.id());
      const first = await (await on.open()).send(event);
      accepted(first);
      for (const wire of wireNames.filter((name) => name !== on.wire)) {
        const again = await (await on.open("", wire)).send(event);
        accepted(again);
        same("the answer", [again.body["id"], again.body["threads"]], [first.body["id"], first.body["threads"]]);
      }
    },
  },
  {
    id: "S1",
    promise: "the bare word `ping` is answered `pong`",
    only: "socket",
    async try(on) {
      const ear = await on.open();
      ear.raw("ping");
      await ear.until(() => ear.words.includes("pong"), "`pong` should come");
    },
  },
  {
    id: "S2",
    promise: "a frame that is binary, no JSON, or of no known type is rejected as malformed, and the socket stays open",
    only: "socket",
    async try(on) {
      const ear = await on.open();
      for (const [index, data] of [new Uint8Array([1, 2, 3]), "{", '{"type":"dance"}', '{"type":"ack","seqs":["x"]}'].entries()) {
        ear.raw(data);
        await ear.until(() => ear.words.length > index, "an answer should come");
        const { type, id, error } = JSON.parse(ear.words[index] as string);
        same("the answer", [type, id, error?.code], ["rejected", null, "malformed"]);
      }
      accepted(await ear.send(makeEvent(on.id())));
    },
  },
  {
    id: "S3",
    promise: "events are answered in the order in which they were sent",
    only: "socket",
    async try(on) {
      const ear = await on.open();
      const answered: string[] = [];
      const ids = Array.from({ length: 20 }, () => on.id());
      await Promise.all(ids.map(async (id) => answered.push((await ear.send(makeEvent(id))).body["id"] as string)));
      same("the order", answered, ids);
    },
  },
  {
    id: "S4",
    promise: "of two connections each event is given to one, and to the other when that one drops",
    only: "socket",
    alone: true,
    async try(on) {
      const [older, newer] = [await on.open(), await on.open()];
      const id = await on.give();
      const { seq } = await newer.event(id);
      same("events given to the older", older.items.filter(({ event }) => event.id === id).length, 0);
      await newer.close();
      await older.event(id);
      await older.ack({ seqs: [seq] });
    },
  },
  {
    id: "E1",
    promise: "a ticket opens one stream, once, and a token is no ticket",
    only: "sse",
    async try({ agent }) {
      const { status, body } = await call(agent, "POST", "v1/tickets");
      same("the status of POST /v1/tickets", status, 201);
      const controller = new AbortController();
      const path = (ticket: unknown) => new URL(`v1/inbox/stream?ticket=${ticket}`, agent.url.endsWith("/") ? agent.url : `${agent.url}/`);
      const first = await fetch(path(body["ticket"]), { signal: controller.signal });
      controller.abort();
      same("the first use", first.status, 200);
      same("the second use", (await call({ url: agent.url }, "GET", path(body["ticket"]).href)).status, 401);
      same("a token in its place", (await call({ url: agent.url }, "GET", path(agent.token).href)).status, 401);
    },
  },
  {
    id: "E2",
    promise: "a `Last-Event-ID` that is no number is malformed",
    only: "sse",
    async try({ agent }) {
      const { status, body } = await call(agent, "GET", "v1/inbox/stream", undefined, { "last-event-id": "x" });
      same("status and code", [status, body["code"]], [400, "malformed"]);
    },
  },
  {
    id: "P1",
    promise: "a poll with nothing to give waits as long as it was asked to, then answers none",
    only: "poll",
    alone: true,
    async try({ agent }) {
      const { status, body } = await call(agent, "GET", "v1/inbox?wait=1&after=999999999999");
      same("status and events", [status, body["events"]], [200, []]);
      if (typeof body["next"] !== "number") throw new Broken("a number as next", JSON.stringify(body["next"]));
    },
  },
  {
    id: "P2",
    promise: "a batch is judged event by event, in order",
    only: "poll",
    async try({ agent, id }) {
      const [first, last] = [id(), id()];
      const { status, body } = await call(agent, "POST", "v1/events", [
        makeEvent(first),
        makeEvent(id(), { type: "xstate.x" }),
        makeEvent(last),
      ]);
      const answers = body as never as { id: string; status: string; error?: { code: string } }[];
      same("status", status, 202);
      same(
        "the answers",
        answers.map((each) => [each.status, each.error?.code ?? each.id]),
        [
          ["accepted", first],
          ["rejected", "unknown_kind"],
          ["accepted", last],
        ],
      );
    },
  },
  {
    id: "P3",
    promise: "a body that is no JSON, or no UTF-8, is malformed; one that is too large is too_large",
    only: "poll",
    async try({ agent }) {
      const { status, body } = await call(agent, "POST", "v1/events", "{");
      same("no JSON", [status, body["code"]], [400, "malformed"]);
      const large = await call(agent, "POST", "v1/events", JSON.stringify("x".repeat(limits.bodyBytes)));
      same("too large", [large.status, large.body["code"]], [413, "too_large"]);
    },
  },
];
