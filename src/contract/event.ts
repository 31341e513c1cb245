/**
 * The event that agents and the orchestrator exchange: CloudEvents 1.0 in JSON mode, and the limits on it.
 * Part of the wire: every room may import it, it imports nothing of ours.
 */
import * as z from "zod";
import { exceedsBytes, limits } from "./limits.ts";

/** An id as senders may choose it: 1–128 of `A-Za-z0-9._:-`, but for `.` and `..`, which no URL can name: they are steps of a path. */
export const idPattern = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

export const idHint = "1 to 128 of A-Z a-z 0-9 . _ : -";

/** Such an id. */
export const namedId = z.string().regex(idPattern, idHint);

/** An event kind: dotted segments of `a-z0-9_-`, at most 128 characters. */
export const kindPattern = /^(?=.{1,128}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** RFC 3339 date-time, as CloudEvents asks of `time`. */
export const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Whether there is such a day and time. `Date.parse` takes 30 February as 2 March, and 24:00 as the next day. */
export function isRealTime(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(Date.parse(text)) || Number.isNaN(midnight) || text.slice(11, 13) === "24") return false;
  return new Date(midnight).toISOString().startsWith(day);
}

/** The names of attributes, as CloudEvents has them. */
const attributeName = /^[a-z0-9]+$/;

/** A text of at most so many bytes in UTF-8. */
export function text(most: number): z.ZodString {
  return z
    .string()
    .max(most)
    .refine((value) => !exceedsBytes(value, most), `at most ${most} bytes`);
}

/**
 * Any JSON. Whoever parses an event has read it with `JSON.parse`: looking at each of its members again would cost tens of
 * milliseconds for the largest, in which nobody else on the machine is served.
 */
export const anyJson = z.custom<Json>();

/**
 * What a sender may post. `source` and `time` are stamped by the orchestrator where absent; attributes that are not
 * named here pass through when CloudEvents allows their name and value (string, 32-bit integer, boolean).
 */
export const postedEvent = z
  .object({
    specversion: z.literal("1.0").default("1.0"),
    id: namedId,
    source: z.string().max(256).optional(),
    type: z.string().regex(kindPattern, "dotted segments of a-z 0-9 _ -, at most 128 characters"),
    time: z.string().regex(rfc3339, "an RFC 3339 time").refine(isRealTime, "no such day or time").optional(),
    subject: text(limits.attributeLength).min(1).optional(),
    datacontenttype: z.string().min(1).max(128).optional(),
    dataschema: text(limits.attributeLength).min(1).optional(),
    correlationid: namedId.optional(),
    causationid: namedId.optional(),
    traceparent: z.string().max(256).optional(),
    tracestate: z.string().max(512).optional(),
    to: text(limits.toLength).optional(),
    data: anyJson.optional(),
  })
  .catchall(z.union([text(limits.attributeLength), z.int32(), z.boolean()], "a string, a 32-bit integer or a boolean"))
  .superRefine((event, context) => {
    for (const name of Object.keys(event)) {
      if (attributeName.test(name)) continue;
      const message = name === "data_base64" ? "not taken here: send `data`" : "names of attributes are lower-case letters and digits";
      context.addIssue({ code: "custom", path: [name], message });
    }
  });

/** JSON, as it travels. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An event as a sender posts it. Written out, for an inferred type of attributes that have no name here forbids `data`. */
export interface PostedEvent {
  specversion: "1.0";
  /** The idempotency key. */
  id: string;
  source?: string | undefined;
  type: string;
  time?: string | undefined;
  data?: Json | undefined;
  /** The thread. */
  correlationid?: string | undefined;
  /** The event that caused this one. */
  causationid?: string | undefined;
  traceparent?: string | undefined;
  /** `*`, or a comma-separated list of `agents/x`, `cap:x`, `role:x`, `workflows/x`. */
  to?: string | undefined;
  [attribute: string]: Json | undefined;
}

/** The attributes of what {@link parsePostedEvent} judges by itself. */
const plainNames = new Set(["specversion", "id", "source", "type", "time", "correlationid", "causationid", "traceparent", "to", "data"]);

/** As `postedEvent.safeParse`, which judges what is not plainly right; what comes back shares `data` with what was given. */
export function parsePostedEvent(raw: unknown): z.ZodSafeParseResult<PostedEvent> {
  const event = readPlainEvent(raw);
  return event ? { success: true, data: event } : (postedEvent.safeParse(raw) as z.ZodSafeParseResult<PostedEvent>);
}

/** By the rules of {@link postedEvent}, of the attributes that most events have. @returns undefined: it must be judged by those */
function readPlainEvent(raw: unknown): PostedEvent | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return undefined;
  const given = raw as { [name: string]: unknown };
  for (const name in given) if (!plainNames.has(name) || given[name] === undefined) return undefined;
  const { specversion, id, source, type, time, correlationid, causationid, traceparent, to, data } = given;
  if (specversion !== undefined && specversion !== "1.0") return undefined;
  if (typeof id !== "string" || typeof type !== "string" || !idPattern.test(id) || !kindPattern.test(type)) return undefined;
  const event: PostedEvent = { specversion: "1.0", id } as PostedEvent;
  if (source !== undefined) {
    if (typeof source !== "string" || source.length > 256) return undefined;
    event.source = source;
  }
  event.type = type;
  if (time !== undefined) {
    if (typeof time !== "string" || !rfc3339.test(time) || !isRealTime(time)) return undefined;
    event.time = time;
  }
  if (correlationid !== undefined) {
    if (typeof correlationid !== "string" || !idPattern.test(correlationid)) return undefined;
    event.correlationid = correlationid;
  }
  if (causationid !== undefined) {
    if (typeof causationid !== "string" || !idPattern.test(causationid)) return undefined;
    event.causationid = causationid;
  }
  if (traceparent !== undefined) {
    if (typeof traceparent !== "string" || traceparent.length > 256) return undefined;
    event.traceparent = traceparent;
  }
  if (to !== undefined) {
    if (typeof to !== "string" || to.length > limits.toLength || exceedsBytes(to, limits.toLength)) return undefined;
    event.to = to;
  }
  if (data !== undefined) event.data = data as Json;
  return event;
}

/** An accepted event: `source` and `time` are always there. */
export interface CloudEvent {
  specversion: "1.0";
  id: string;
  /** `/agents/<id>`, `/operators/<name>`, `/hooks/<name>` or `/threads/<id>`, say. */
  source: string;
  type: string;
  /** RFC 3339. */
  time: string;
  data?: Json;
  /** The thread. */
  correlationid?: string;
  /** The event that caused this one. */
  causationid?: string;
  traceparent?: string;
  /** `*`, or a comma-separated list of `agents/x`, `cap:x`, `role:x`, `workflows/x`. */
  to?: string;
  [extension: string]: Json | undefined;
}

/** Any accepted event: what was posted, with what the orchestrator stamps. */
export const cloudEvent = postedEvent.required({ specversion: true, source: true, time: true }) as unknown as z.ZodType<CloudEvent>;
