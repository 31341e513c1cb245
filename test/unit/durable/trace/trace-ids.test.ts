import { describe, expect, test } from "vitest";
import type { CloudEvent } from "../../../../src/contract/event.ts";
import { parseTraceparent } from "../../../../src/contract/trace-context.ts";
import { continueTrace, dropBadTrace, makeSpanId, stampTrace } from "../../../../src/durable/trace/trace-ids.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const given = `00-${trace}-00f067aa0ba902b7-01`;

function event(more: Partial<CloudEvent> = {}): CloudEvent {
  return { specversion: "1.0", id: "e1", source: "/agents/a", type: "a.b", time: "2026-11-20T12:00:00Z", ...more };
}

describe("a traceparent", () => {
  test("[TRACE1] is read as W3C has it", () => {
    expect(parseTraceparent(given)).toEqual({ traceId: trace, spanId: "00f067aa0ba902b7", flags: "01" });
    // A later version may say more.
    expect(parseTraceparent(`01-${trace}-00f067aa0ba902b7-01-more`)).toMatchObject({ traceId: trace });
  });

  test.each([
    "",
    "garbage",
    `00-${trace}-00f067aa0ba902b7`,
    `00-${trace}-00f067aa0ba902b7-01-more`,
    `ff-${trace}-00f067aa0ba902b7-01`,
    `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.slice(1)}-00f067aa0ba902b7-01`,
  ])("[TRACE1] %j is none: it is dropped with its state, and a trace begins", (traceparent) => {
    const continued = continueTrace(event({ traceparent, tracestate: "v=1" }));
    expect(parseTraceparent(continued.traceparent ?? "")).toBeDefined();
    expect(continued.traceparent).not.toContain(trace);
    expect(continued).not.toHaveProperty("tracestate");
    expect(dropBadTrace(event({ traceparent }))).not.toHaveProperty("traceparent");
  });
});

test("[TRACE2] an event that has a trace keeps it, and one without begins the same one whenever it is sent", () => {
  expect(continueTrace(event({ traceparent: given, tracestate: "v=1" }))).toMatchObject({ traceparent: given, tracestate: "v=1" });
  const begun = continueTrace(event()).traceparent;
  expect(continueTrace(event()).traceparent).toBe(begun);
  expect(continueTrace(event({ id: "e2" })).traceparent).not.toBe(begun);
  expect(continueTrace(event({ source: "/agents/b" })).traceparent).not.toBe(begun);
});

test("[TRACE2] what a thread says is of its first event's trace, each with a span of its own, the same when said again", () => {
  const first = event({ traceparent: given, tracestate: "v=1" });
  const said = ["1", "2", "1"].map((id) => stampTrace(event({ id, source: "/threads/t" }), first));
  const spans = said.map(({ traceparent = "" }) => parseTraceparent(traceparent));
  expect(spans.map((span) => span?.traceId)).toEqual([trace, trace, trace]);
  expect(spans[0]?.spanId).toBe(spans[2]?.spanId);
  expect(new Set(["00f067aa0ba902b7", spans[0]?.spanId, spans[1]?.spanId]).size).toBe(3);
  expect(said[0]?.tracestate).toBe("v=1");
});

test("[TRACE8] ids of many texts that differ in a letter are all different, in each of their halves almost all", () => {
  const ids = Array.from({ length: 20_000 }, (_, round) => makeSpanId(`/threads/t1 t1.1.${round}.turn.assigned.0`));
  expect(new Set(ids).size).toBe(ids.length);
  for (const half of [ids.map((id) => id.slice(0, 8)), ids.map((id) => id.slice(8))]) expect(new Set(half).size).toBeGreaterThan(19_990);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});
