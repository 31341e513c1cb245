/** Ids of traces and spans, made of what they name: a step that is taken again says the same. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CloudEvent } from "../../contract/event.ts";
import { formatTraceparent, parseTraceparent, type TraceContext } from "../../contract/trace-context.ts";

function hash(text: string, bytes: number): string {
  return bytesToHex(sha256(utf8ToBytes(text)).subarray(0, bytes));
}

/** The span of an event that a thread publishes; an event that answers it is its child. */
export function makeSpanId(text: string): string {
  return hash(`span ${text}`, 8);
}

/** The trace that an event begins. */
export function beginTrace(source: string, id: string): TraceContext {
  const name = `${source} ${id}`;
  return { traceId: hash(`trace ${name}`, 16), spanId: makeSpanId(name), flags: "01" };
}

/** The trace of an event: its own, or, where it has none that is valid, the one that it begins. */
export function readTrace({ source, id, traceparent }: Pick<CloudEvent, "source" | "id" | "traceparent">): TraceContext {
  return (traceparent === undefined ? undefined : parseTraceparent(traceparent)) ?? beginTrace(source, id);
}

/** A posted event with its trace: continued where it is valid, else begun. */
export function continueTrace(event: CloudEvent): CloudEvent {
  const kept = dropBadTrace(event);
  return kept.traceparent === undefined ? { ...kept, traceparent: formatTraceparent(beginTrace(event.source, event.id)) } : kept;
}

/** W3C asks to drop an invalid `traceparent`, and its `tracestate`, rather than to refuse the request. */
export function dropBadTrace(event: CloudEvent): CloudEvent {
  const { traceparent, tracestate: _, ...rest } = event;
  const given = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  return given ? { ...event, traceparent: formatTraceparent(given) } : (rest as CloudEvent);
}

/**
 * What a thread says, in the trace of the event that began it: with a span of its own.
 * @param initiating the thread's first event
 */
export function stampTrace(event: CloudEvent, initiating: CloudEvent): CloudEvent {
  if (event.traceparent !== undefined) return event;
  const { traceId, flags } = readTrace(initiating);
  const { tracestate } = initiating;
  return {
    ...event,
    traceparent: formatTraceparent({ traceId, spanId: makeSpanId(`${event.source} ${event.id}`), flags }),
    ...(typeof tracestate === "string" && initiating.traceparent !== undefined && { tracestate }),
  };
}
