/** Export over OTLP/HTTP to a collector of our own, which takes only fields and forms that the protocol has. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import type { Trace } from "../../../../src/durable/trace/build-trace.ts";
import { createTraceExporter, exportLimits } from "../../../../src/durable/trace/trace-exporter.ts";

/**
 * What we send of trace.proto, common.proto and resource.proto (opentelemetry-proto 1), in the JSON that OTLP/HTTP prescribes: names in
 * lowerCamelCase, ids in hex and not all zero, 64-bit integers as decimal strings, enums as integers. Collectors skip fields that they
 * do not know, so a misspelt one would be lost in silence: here none is taken.
 */
const nanoseconds = z.string().regex(/^\d{19}$/);
const spanId = z.string().regex(/^(?!0+$)[0-9a-f]{16}$/);
const attribute = z.strictObject({
  key: z.string().min(1),
  value: z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
    z.strictObject({ doubleValue: z.number() }),
    z.strictObject({ boolValue: z.boolean() }),
  ]),
});
const span = z.strictObject({
  traceId: z.string().regex(/^(?!0+$)[0-9a-f]{32}$/),
  spanId,
  parentSpanId: spanId.optional(),
  name: z.string().min(1),
  kind: z.int().min(0).max(5),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: z.array(attribute),
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }),
});
const exportRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.strictObject({ scope: z.strictObject({ name: z.string() }), spans: z.array(span) })),
    }),
  ),
});

/** Throws unless the request is one that a collector takes whole. */
function readSpans(body: string): z.infer<typeof span>[] {
  const { resourceSpans } = exportRequest.parse(JSON.parse(body));
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  for (const { startTimeUnixNano, endTimeUnixNano } of spans)
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
  return spans;
}

async function startCollector(answer: (nth: number) => number = () => 200) {
  const requests: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push({ request, body });
      response.writeHead(answer(requests.length), { "content-type": "application/json", "retry-after": "3" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function makeTrace(thread: string): Trace {
  const number = Number(thread.slice(1));
  const id = (of: number) => (number * 16 + of).toString(16).padStart(16, "0");
  const at = Date.parse("2026-11-20T12:00:00Z");
  const span = { name: "x", start: at, end: at + 5, status: "ok" as const, attributes: { agent: "bob", number, share: 0.5, late: false } };
  return {
    thread,
    traceId: (number + 1).toString(16).padStart(32, "0"),
    traceparent: "",
    spans: [
      { ...span, spanId: id(1), parentId: null, kind: "thread" },
      { ...span, spanId: id(2), parentId: id(1), kind: "turn", status: "error" },
      { ...span, spanId: id(3), parentId: id(1), kind: "work", end: null, status: "open" },
    ],
  };
}

/** An exporter whose time is moved by hand. */
function setUp(url: string, more: { headers?: string } = {}) {
  const timers: { milliseconds: number; work: () => void }[] = [];
  const warned: object[] = [];
  const exporter = createTraceExporter({
    url,
    ...more,
    read: async (thread) => (thread === "t404" ? undefined : makeTrace(thread)),
    fetch: (to, init) => fetch(to, init),
    later: (milliseconds, work) => void timers.push({ milliseconds, work }),
    warn: (entry) => void warned.push(entry),
  });
  /** Runs the next timer, once there is one, and gives its pause. */
  const ring = async (): Promise<number> => {
    const timer = await vi.waitFor(() => {
      const next = timers.shift();
      if (!next) throw new Error("no timer is set");
      return next;
    }, 5_000);
    timer.work();
    return timer.milliseconds;
  };
  return { exporter, ring, timers, warned };
}

test("[TRACE5] threads that end together go in one request that the protocol's schema takes; what has not ended is left out", async () => {
  const { url, requests } = await startCollector();
  const { exporter, ring } = setUp(url, { headers: "Authorization=Bearer%20x, x-scope = a=b" });
  for (const thread of ["t1", "t2", "t404", "t1"]) exporter.add(thread);
  await ring();
  await vi.waitFor(() => expect(exporter.count().waiting).toBe(0));
  expect(requests).toHaveLength(1);
  const [{ request, body } = { request: undefined, body: "" }] = requests;
  expect(request).toMatchObject({ method: "POST", url: "/v1/traces" });
  expect(request?.headers).toMatchObject({ "content-type": "application/json", authorization: "Bearer x", "x-scope": "a=b" });
  const spans = readSpans(body);
  expect(spans).toHaveLength(4);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  for (const { parentSpanId } of spans) if (parentSpanId !== undefined) expect(ids).toContain(parentSpanId);
});

test("[TRACE6] a collector that is busy gets the same again after what it asks, and growing pauses; then the queue goes on", async () => {
  const { url, requests } = await startCollector((nth) => (nth <= 3 ? 503 : 200));
  const { exporter, ring } = setUp(url);
  exporter.add("t1");
  const pauses = [];
  for (let tries = 0; tries < 4; tries++) pauses.push(await ring());
  await vi.waitFor(() => expect(exporter.count()).toEqual({ waiting: 0, dropped: 0 }));
  expect(pauses).toEqual([exportLimits.gather, 3_000, 3_000, 4_000]);
  expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  exporter.add("t2");
  await ring();
  await vi.waitFor(() => expect(requests).toHaveLength(5));
});

test("[TRACE6] what a collector refuses for good is dropped and logged, and so is a batch that nobody takes", async () => {
  const refusing = await startCollector(() => 400);
  const one = setUp(refusing.url);
  one.exporter.add("t1");
  await one.ring();
  await vi.waitFor(() => expect(one.exporter.count()).toEqual({ waiting: 0, dropped: 1 }));
  expect(one.warned).toMatchObject([{ dropped: 1, why: "the collector answered 400" }]);

  const away = setUp("http://127.0.0.1:1");
  away.exporter.add("t1");
  for (let tries = 0; tries < exportLimits.tries; tries++) await away.ring();
  await vi.waitFor(() => expect(away.exporter.count()).toEqual({ waiting: 0, dropped: 1 }));
});

test("[TRACE7] the queue is bounded: beyond it the oldest goes, and batches are no larger than they may be", async () => {
  const { url, requests } = await startCollector();
  const { exporter, ring } = setUp(url);
  for (let count = 0; count < exportLimits.waiting + 5; count++) exporter.add(`t${count + 1_000}`);
  expect(exporter.count()).toEqual({ waiting: exportLimits.waiting, dropped: 5 });
  await ring();
  await vi.waitFor(() => expect(exporter.count().waiting).toBe(exportLimits.waiting - exportLimits.batch));
  expect(new Set(readSpans(requests[0]?.body ?? "").map(({ traceId }) => traceId)).size).toBe(exportLimits.batch);
});
