/** Ids of traces and spans, made of what they name: a step that is taken again says the same. */
import type { CloudEvent } from "../../contract/event.ts";
import { formatTraceparent, parseTraceparent, type TraceContext } from "../../contract/trace-context.ts";

/** Odd numbers, of which each makes 32 bits of its own of a text. */
const spanFactors = [0x9e3779b1, 0x85ebca77];
const traceFactors = [...spanFactors, 0xc2b2ae3d, 0x27d4eb2f];

/**
 * An id that is the same where the text is, and no secret: a turn makes a few of them.
 * @param factors one for each eight digits
 */
function hash(text: string, factors: readonly number[]): string {
  let digits = "";
  for (const factor of factors) digits += finish(absorb(~factor, text, factor));
  return digits;
}

/** Two digits each. */
const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The state of a hash once it has read on through a text. */
function absorb(state: number, text: string, factor: number): number {
  let read = state;
  for (let at = 0; at < text.length; at++) {
    read = Math.imul(read ^ text.charCodeAt(at), factor);
    read ^= read >>> 15;
  }
  return read;
}

/** Eight digits. */
function finish(state: number): string {
  // Every bit of the state changes about half of the result.
  let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  word ^= word >>> 16;
  return `${hexBytes[word >>> 24]}${hexBytes[(word >>> 16) & 0xff]}${hexBytes[(word >>> 8) & 0xff]}${hexBytes[word & 0xff]}`;
}

/** The span of an event that a thread publishes; an event that answers it is its child. */
export function makeSpanId(text: string): string {
  return hash(`span ${text}`, spanFactors);
}

/** The trace that an event begins. */
export function beginTrace(source: string, id: string): TraceContext {
  const name = `${source} ${id}`;
  return { traceId: hash(`trace ${name}`, traceFactors), spanId: makeSpanId(name), flags: "01" };
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
  if (event.traceparent === undefined && event.tracestate === undefined) return event;
  const { traceparent, tracestate: _, ...rest } = event;
  const given = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  return given ? { ...event, traceparent: formatTraceparent(given) } : (rest as CloudEvent);
}

/**
 * What a thread says, in the trace of the event that began it: with a span of its own.
 * @param initiating the thread's first event
 */
export function stampTrace(event: CloudEvent, initiating: CloudEvent): CloudEvent {
  return createTraceStamp(initiating)(event);
}

/** The same for all that a thread says: what its events share is read and hashed once. */
export function createTraceStamp(initiating: CloudEvent): (event: CloudEvent) => CloudEvent {
  const { traceId, flags } = readTrace(initiating);
  const { traceparent, tracestate } = initiating;
  const carried = typeof tracestate === "string" && traceparent !== undefined ? { tracestate } : undefined;
  /** Whose events the states below begin the spans of. */
  let source: string | undefined;
  let states: number[] = [];

  function makeSpan(event: CloudEvent): string {
    if (event.source !== source) {
      source = event.source;
      states = spanFactors.map((factor) => absorb(~factor, `span ${event.source} `, factor));
    }
    let digits = "";
    for (let at = 0; at < states.length; at++) digits += finish(absorb(states[at] as number, event.id, spanFactors[at] as number));
    return digits;
  }

  return (event) => {
    if (event.traceparent !== undefined) return event;
    const stamped: CloudEvent = { ...event, traceparent: formatTraceparent({ traceId, spanId: makeSpan(event), flags }) };
    return carried ? { ...stamped, ...carried } : stamped;
  };
}
