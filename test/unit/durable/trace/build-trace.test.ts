import { expect, test } from "vitest";
import type { CloudEvent, Json } from "../../../../src/contract/event.ts";
import { parseTraceparent } from "../../../../src/contract/trace-context.ts";
import { buildTrace, type Span, type TraceSource } from "../../../../src/durable/trace/build-trace.ts";
import { encodeOtlp } from "../../../../src/durable/trace/encode-otlp.ts";
import { stampTrace } from "../../../../src/durable/trace/trace-ids.ts";

const thread = "t1";
const begun = Date.parse("2026-11-20T12:00:00Z");
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const first = make("/agents/alice", "e1", "pr.ready", {}, { traceparent });

function make(source: string, id: string, type: string, data: Json, more: Partial<CloudEvent> = {}): CloudEvent {
  return { specversion: "1.0", id, source, type, time: new Date(begun).toISOString(), data, ...more };
}

/** A review: queued, claimed by bob, a turn that took him 600 ms of which 100 were on the way, and the end. */
function tell(until = Number.POSITIVE_INFINITY): TraceSource {
  const said = (at: number, type: string, data: Json, more: Partial<CloudEvent> = {}) => ({
    at: begun + at,
    event: stampTrace(make(`/threads/${thread}`, `${type}.${at}`, type, data, more), first),
  });
  const entries = [
    { at: begun, event: first },
    said(10, "nerve.thread.queued", {}),
    said(500, "nerve.offer.opened", { offer: "o1", role: "reviewer" }),
    { at: begun + 700, event: make("/agents/bob", "c1", "nerve.offer.claim", { offer: "o1" }) },
    said(710, "nerve.claim.accepted", { offer: "o1", role: "reviewer" }, { causationid: "c1" }),
    said(720, "nerve.offer.closed", { offer: "o1", why: "filled" }),
    said(730, "nerve.thread.started", { roles: [] }),
    said(740, "nerve.turn.assigned", { turn: "t1.1:1", role: "reviewer", agent: "bob", round: 1 }),
    {
      at: begun + 1_340,
      event: make(
        "/agents/bob",
        "r1",
        "nerve.turn.respond",
        { turn: "t1.1:1", output: { $status: "approved" } },
        {
          deliveredat: new Date(begun + 840).toISOString(),
        },
      ),
    },
    said(1_340, "nerve.thread.completed", {}),
  ].filter(({ at }) => at - begun <= until);
  const decision = { to: "$END", prompt: null, because: "approved" };
  const messages =
    until < 1_340 ? [] : [{ round: 1, role: "reviewer", agent: "bob", output: {}, at: new Date(begun + 1_340).toISOString(), decision }];
  const status = until < 1_340 ? "running" : "completed";
  return { thread, workflow: "review", status, createdAt: new Date(begun).toISOString(), event: first, entries, messages };
}

const lengths = (spans: Span[]) =>
  Object.fromEntries(spans.map(({ kind, start, end }) => [kind, [start - begun, end === null ? null : end - begun]]));

test("[TRACE3] a thread is told as queue, recruitment, turn, delivery, work and decision, in the trace of its first event", () => {
  const { spans, traceId } = buildTrace(tell());
  expect(traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
  expect(lengths(spans)).toEqual({
    thread: [0, 1_340],
    queue: [0, 500],
    recruitment: [500, 710],
    turn: [740, 1_340],
    delivery: [740, 840],
    work: [840, 1_340],
    decision: [1_340, 1_340],
  });
  const of = (kind: Span["kind"]) => spans.find((span) => span.kind === kind) as Span;
  expect(of("thread").parentId).toBe("00f067aa0ba902b7");
  expect(of("turn").parentId).toBe(of("thread").spanId);
  for (const kind of ["delivery", "work", "decision"] as const) expect(of(kind).parentId).toBe(of("turn").spanId);
  expect(of("turn")).toMatchObject({ status: "ok", attributes: { agent: "bob", outcome: "approved" } });
  expect(of("recruitment")).toMatchObject({ attributes: { agent: "bob", claims: 1, closed: "filled" } });
  // An agent's ids are its own: others may have claimed under the same, before and after the award.
  const told = tell();
  const rival = (agent: string, at: number) => ({
    at: begun + at,
    event: make(`/agents/${agent}`, "c1", "nerve.offer.claim", { offer: "o1" }),
  });
  for (const [place, agent] of [
    [3, "carol"],
    [6, "dora"],
  ] as const)
    told.entries.splice(place, 0, rival(agent, 700));
  expect(buildTrace(told).spans.find(({ kind }) => kind === "recruitment")).toMatchObject({ attributes: { agent: "bob", claims: 3 } });
});

test("[TRACE4] a turn's span is the one that its agent was told, so what the agent traces hangs under it", () => {
  const source = tell();
  const assigned = source.entries.find(({ event }) => event.type === "nerve.turn.assigned")?.event;
  const turn = buildTrace(source).spans.find(({ kind }) => kind === "turn");
  expect(turn?.spanId).toBe(parseTraceparent(assigned?.traceparent ?? "")?.spanId);
});

test.each([0, 10, 500, 700, 710, 740])("[TRACE3] a thread that is only %d ms old has what it has, open at its end", (until) => {
  const { spans } = buildTrace(tell(until));
  expect(spans[0]).toMatchObject({ kind: "thread", end: null, status: "open" });
  for (const { start, end } of spans) expect(end ?? start).toBeGreaterThanOrEqual(start);
});

test("[TRACE3] every span has an id of its own and a parent in the trace, but the first", () => {
  const { spans } = buildTrace(tell());
  const ids = spans.map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { spanId } of spans) expect(spanId).toMatch(/^[0-9a-f]{16}$/);
  for (const { parentId } of spans.slice(1)) expect(ids).toContain(parentId);
});

test("[TRACE3] a turn that is given again after a failure is two spans, and what is open ends with the thread", () => {
  const source = tell(740);
  const again = source.entries.at(-1) as TraceSource["entries"][number];
  source.entries.push(
    { at: begun + 800, event: make("/agents/bob", "f1", "nerve.turn.fail", { turn: "t1.1:1", error: "no disk" }) },
    { at: begun + 900, event: { ...again.event, id: "again", traceparent: traceparent.replace("00f0", "11f0") } },
    { at: begun + 950, event: make(`/threads/${thread}`, "x", "nerve.thread.cancelled", {}) },
  );
  const turns = buildTrace(source).spans.filter(({ kind }) => kind === "turn");
  expect(turns.map(({ end, attributes }) => [(end ?? 0) - begun, attributes.outcome])).toEqual([
    [800, "failed: no disk"],
    [950, undefined],
  ]);
});

test("[USAGE6] turns and the thread say what they took, and OTLP by the names of its conventions", () => {
  const source = tell();
  const entries = source.entries.map((entry) =>
    entry.event.type === "nerve.turn.respond"
      ? {
          ...entry,
          event: {
            ...entry.event,
            data: { ...(entry.event.data as object), usage: { tokens: { input: 900, output: 100, cached: 800 }, cost: 0.25 } } as Json,
          },
        }
      : entry,
  );
  const trace = buildTrace({ ...source, entries, usage: { tokens: 1_500, cost: 0.5 } });
  const of = (kind: Span["kind"]) => trace.spans.find((span) => span.kind === kind)?.attributes;
  expect(of("turn")).toMatchObject({ tokens: 1_000, inputTokens: 900, outputTokens: 100, cachedTokens: 800, cost: 0.25 });
  expect(of("thread")).toMatchObject({ tokens: 1_500, cost: 0.5 });
  const sent = JSON.stringify(encodeOtlp([trace]));
  for (const [key, value] of [
    ["gen_ai.usage.input_tokens", { intValue: "900" }],
    ["gen_ai.usage.output_tokens", { intValue: "100" }],
    ["gen_ai.usage.cache_read.input_tokens", { intValue: "800" }],
    ["nerveflare.tokens", { intValue: "1000" }],
    ["nerveflare.cost", { doubleValue: 0.25 }],
  ])
    expect(sent).toContain(JSON.stringify({ key, value }));
  // What an agent of another server said, and nobody judged, is no number of ours.
  const odd = source.entries.map((entry) =>
    entry.event.type === "nerve.turn.respond"
      ? { ...entry, event: { ...entry.event, data: { ...(entry.event.data as object), usage: { tokens: "many" } } as Json } }
      : entry,
  );
  expect(buildTrace({ ...source, entries: odd }).spans.find(({ kind }) => kind === "turn")?.attributes).not.toHaveProperty("tokens");
});
