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
  for (const factor of factors) {
    const word = hashWord(text, factor);
    for (let shift = 24; shift >= 0; shift -= 8) digits += hexBytes[(word >>> shift) & 0xff];
  }
  return digits;
}

/** Two digits each. */
const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hashWord(text: string, factor: number): number {
  let state = ~factor;
  for (let at = 0; at < text.length; at++) {
    state = Math.imul(state ^ text.charCodeAt(at), factor);
    state ^= state >>> 15;
  }
  // Every bit of the state changes about half of the result.
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
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
  if (event.traceparent !== undefined) return event;
  const { traceId, flags } = readTrace(initiating);
  const { tracestate } = initiating;
  return {
    ...event,
    traceparent: formatTraceparent({ traceId, spanId: makeSpanId(`${event.source} ${event.id}`), flags }),
    ...(typeof tracestate === "string" && initiating.traceparent !== undefined && { tracestate }),
  };
}
